#include "flare/http/status.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace flare::http {
namespace {

TEST(Status, EveryCodeHasAWellFormedStatusLineInStaticStorage) {
  for (int i = 100; i <= 599; ++i) {
    const Status status{static_cast<std::uint16_t>(i)};
    const std::string expected = "HTTP/1.1 " + std::to_string(i) + " " + std::string(reason_phrase(status)) + "\r\n";
    EXPECT_EQ(status_line(status), expected);
    EXPECT_EQ(status_line(status).data(), status_line(status).data());
  }
}

TEST(Status, KnowsThePhrasesOfTheRegistryAndInventsNone) {
  struct Case {
    int code;
    std::string_view phrase;
  };
  for (const auto& [code, phrase] :
       {Case{100, "Continue"}, Case{200, "OK"}, Case{203, "Non-Authoritative Information"}, Case{304, "Not Modified"},
        Case{404, "Not Found"}, Case{413, "Content Too Large"}, Case{414, "URI Too Long"}, Case{418, ""},
        Case{421, "Misdirected Request"}, Case{422, "Unprocessable Content"},
        Case{431, "Request Header Fields Too Large"}, Case{511, "Network Authentication Required"}, Case{306, ""},
        Case{299, ""}, Case{599, ""}}) {
    EXPECT_EQ(reason_phrase(Status{static_cast<std::uint16_t>(code)}), phrase) << code;
  }
  EXPECT_EQ(status_line(Status{299}), "HTTP/1.1 299 \r\n") << "RFC 9112 §4 keeps the space";
}

TEST(Status, AValueThatIsNoCodeNeverReachesThePeer) {
  for (const int value : {0, 99, 600, 65535}) {
    EXPECT_EQ(status_line(Status{static_cast<std::uint16_t>(value)}), "HTTP/1.1 500 Internal Server Error\r\n");
  }
}

TEST(Status, OnlyInformationalNoContentAndNotModifiedHaveNoBody) {
  for (int i = 100; i <= 599; ++i) {
    EXPECT_EQ(has_no_body(Status{static_cast<std::uint16_t>(i)}), i < 200 || i == 204 || i == 304) << i;
  }
}

TEST(Status, StatusForAnswersEachReasonAsItsRowSays) {
  const std::map<Reason, int> exact = {
      {Reason::kUriBytes, 414},
      {Reason::kHeaderBytes, 431},
      {Reason::kHeaderCount, 431},
      {Reason::kMethodTooLong, 501},
      {Reason::kUnknownTransferCoding, 501},
      {Reason::kVersionNotSupported, 505},
      {Reason::kBodyBytes, 413},
      {Reason::kHeaderTimeout, 408},
      {Reason::kBodyIdle, 408},
      {Reason::kHostUnknown, 421},
      {Reason::kSchemeMismatch, 421},
      {Reason::kWrongServerName, 421},
      {Reason::kCertificateExpired, 502},
      {Reason::kCertificateHostname, 502},
      {Reason::kCertificateUntrusted, 502},
      {Reason::kBadStatusLine, 502},
      {Reason::kUpstreamClosed, 502},
      {Reason::kUpstreamFirstByte, 504},
      {Reason::kUpstreamIdle, 504},
      {Reason::kNameNotFound, 502},
      {Reason::kDnsFailed, 502},
      {Reason::kDnsTimeout, 502},
      {Reason::kUpstreamConnect, 502},
      {Reason::kUpstreamConnectTimeout, 504},
      {Reason::kUpstreamUnresolved, 502},
      {Reason::kNoUpstream, 503},
      {Reason::kUpstreamBusy, 503},
      {Reason::kUpstreamQueueTimeout, 503},
      {Reason::kUpstreamBreaker, 503},
      {Reason::kUpstreamStatus, 502},
      {Reason::kLoop, 502},
      {Reason::kTraceRefused, 405},
      {Reason::kConnectRefused, 405},
      {Reason::kMethodNotAllowed, 405},
      {Reason::kNotAcceptable, 406},
      {Reason::kExpectationFailed, 417},
      {Reason::kNoRoute, 404},
      {Reason::kOutsideRoot, 404},
      {Reason::kHiddenFile, 404},
      {Reason::kNotRegularFile, 404},
      {Reason::kFileMissing, 404},
      {Reason::kEncodedSlash, 404},
      {Reason::kFileDenied, 403},
      {Reason::kAccessDenied, 403},
      {Reason::kAuthRequired, 401},
      {Reason::kAuthFailed, 401},
      {Reason::kAuthBusy, 503},
      {Reason::kAuthRefused, 403},
      {Reason::kAuthAnswer, 502},
      {Reason::kHandlerFailed, 500},
      {Reason::kContentFailed, 500},
      {Reason::kFileTruncated, 500},
      {Reason::kConnections, 503},
      {Reason::kPerIp, 429},
      {Reason::kMinRate, 408},
      {Reason::kResourceExhausted, 503},
      {Reason::kRateLimited, 429},
      {Reason::kDraining, 503},
      {Reason::kWriteIdle, 408},
      {Reason::kWsUpgradeRequired, 426},
      {Reason::kWsVersion, 426},
      {Reason::kWsOrigin, 403},
      {Reason::kHubToken, 401},
      {Reason::kHubTopics, 503},
      {Reason::kHubSubscribers, 503},
      {Reason::kKeepaliveIdle, 408},
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::kCount_); ++i) {
    const auto reason = static_cast<Reason>(i);
    const auto found = exact.find(reason);
    EXPECT_EQ(code(status_for(reason)), found == exact.end() ? 400 : found->second) << to_string(reason);
  }
}

}  // namespace
}  // namespace flare::http
