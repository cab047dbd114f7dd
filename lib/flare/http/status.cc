#include "flare/http/status.h"

#include <array>

namespace flare::http {
namespace {

struct Phrase {
  int code;
  std::string_view text;
};

// RFC 9110 §15 and the IANA registry of status codes.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

constexpr int kFirst = 100;
constexpr int kCount = 500;
constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::size_t kBeforePhrase = kVersion.size() + 4;

struct Line {
  std::array<char, 47> text{};
  std::uint8_t length = 0;

  constexpr void append(std::string_view more) {
    for (char c : more) text[length++] = c;
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text.data(), length}; }
};

constexpr std::array<Line, kCount> kLines = [] {
  std::array<std::string_view, kCount> phrases{};
  for (const Phrase& phrase : kPhrases) phrases[static_cast<std::size_t>(phrase.code - kFirst)] = phrase.text;
  std::array<Line, kCount> lines{};
  for (std::size_t i = 0; i < kCount; ++i) {
    const int code = kFirst + static_cast<int>(i);
    const char digits[] = {static_cast<char>('0' + code / 100), static_cast<char>('0' + code / 10 % 10),
                           static_cast<char>('0' + code % 10), ' '};  // the space stays without a phrase, RFC 9112 §4
    lines[i].append(kVersion);
    lines[i].append({digits, sizeof digits});
    lines[i].append(phrases[i]);
    lines[i].append("\r\n");
  }
  return lines;
}();

}  // namespace

std::string_view status_line(Status status) noexcept {
  const int at = code(status) - kFirst;
  const bool valid = at >= 0 && at < kCount;
  return kLines[static_cast<std::size_t>(valid ? at : code(Status::kInternalServerError) - kFirst)].view();
}

std::string_view reason_phrase(Status status) noexcept {
  std::string_view line = status_line(status);
  line.remove_prefix(kBeforePhrase);
  line.remove_suffix(2);
  return line;
}

Status status_for(Reason reason) noexcept {
  switch (reason) {
    case Reason::kNone:
    case Reason::kBadRequestLine:
    case Reason::kBadLineEnding:
    case Reason::kBadMethod:
    case Reason::kBadTarget:
    case Reason::kBadVersion:
    case Reason::kBadHeaderName:
    case Reason::kBadHeaderValue:
    case Reason::kObsFold:
    case Reason::kBadHost:
    case Reason::kMissingHost:
    case Reason::kDuplicateHost:
    case Reason::kBadEscape:
    case Reason::kBadUtf8:
    case Reason::kDotSegment:
    case Reason::kBadContentLength:
    case Reason::kDuplicateContentLength:
    case Reason::kBadTransferEncoding:
    case Reason::kLengthAndCoding:
    case Reason::kBadChunk:
    case Reason::kChunkExtensionBytes:
    case Reason::kBadTrailer:
    case Reason::kProxyHeaderMissing:  // these end connections before there is a request to answer
    case Reason::kBadProxyHeader:
    case Reason::kProxyHeaderBytes:
    case Reason::kProxyHeaderTimeout:
    case Reason::kProxyNotAllowed:
    case Reason::kTlsMalformed:
    case Reason::kTlsNothingShared:
    case Reason::kTlsNoProtocol:
    case Reason::kUnknownServerName:
    case Reason::kClientCertificate:
    case Reason::kTlsPeerAlert:
    case Reason::kTlsTimeout:
    case Reason::kTlsClosed:
    case Reason::kHandshakeRate:
    case Reason::kPlainHttpOnTls:
    case Reason::kTlsOnPlainPort:
    case Reason::kKeepaliveRequests:
    case Reason::kClientClosed:
    case Reason::kCompressStreams:  // such answers are sent as they are
    case Reason::kWsBadHandshake:
    case Reason::kWsMasking:  // these end sessions, which have had their 101
    case Reason::kWsBadFrame:
    case Reason::kWsBadClose:
    case Reason::kWsUtf8:
    case Reason::kWsDeflate:
    case Reason::kWsMessageBytes:
    case Reason::kWsFragments:
    case Reason::kWsPingTimeout:
    case Reason::kWsCloseTimeout:
    case Reason::kWsSlow:
    case Reason::kWsReadOnly:
    case Reason::kCount_: return Status::kBadRequest;
    case Reason::kAuthRequired:
    case Reason::kAuthFailed:
    case Reason::kHubToken: return Status::kUnauthorized;
    case Reason::kAccessDenied:
    case Reason::kAuthRefused:
    case Reason::kFileDenied:
    case Reason::kWsOrigin: return Status::kForbidden;
    case Reason::kEncodedSlash:
    case Reason::kNoRoute:
    case Reason::kOutsideRoot:
    case Reason::kHiddenFile:
    case Reason::kNotRegularFile:
    case Reason::kFileMissing: return Status::kNotFound;
    case Reason::kConnectRefused:
    case Reason::kTraceRefused:
    case Reason::kMethodNotAllowed: return Status::kMethodNotAllowed;
    case Reason::kNotAcceptable: return Status::kNotAcceptable;
    case Reason::kHeaderTimeout:
    case Reason::kBodyIdle:
    case Reason::kWriteIdle:
    case Reason::kMinRate:
    case Reason::kKeepaliveIdle: return Status::kRequestTimeout;
    case Reason::kBodyBytes: return Status::kContentTooLarge;
    case Reason::kUriBytes: return Status::kUriTooLong;
    case Reason::kExpectationFailed: return Status::kExpectationFailed;
    case Reason::kHostUnknown:
    case Reason::kSchemeMismatch:
    case Reason::kWrongServerName: return Status::kMisdirectedRequest;
    case Reason::kHeaderBytes:
    case Reason::kHeaderCount: return Status::kRequestHeaderFieldsTooLarge;
    case Reason::kWsUpgradeRequired:
    case Reason::kWsVersion: return Status::kUpgradeRequired;
    case Reason::kPerIp:
    case Reason::kRateLimited: return Status::kTooManyRequests;
    case Reason::kHandlerFailed:
    case Reason::kContentFailed:
    case Reason::kFileTruncated: return Status::kInternalServerError;
    case Reason::kMethodTooLong:
    case Reason::kUnknownTransferCoding: return Status::kNotImplemented;
    case Reason::kResourceExhausted:
    case Reason::kConnections:
    case Reason::kHubTopics:
    case Reason::kHubSubscribers:
    case Reason::kDraining: return Status::kServiceUnavailable;
    case Reason::kCertificateExpired:
    case Reason::kCertificateHostname:
    case Reason::kCertificateUntrusted:
    case Reason::kAuthAnswer:
    case Reason::kBadStatusLine:
    case Reason::kUpstreamClosed:
    case Reason::kNameNotFound:  // P-9
    case Reason::kDnsFailed:
    case Reason::kDnsTimeout:
    case Reason::kUpstreamConnect:
    case Reason::kUpstreamUnresolved:
    case Reason::kUpstreamStatus:
    case Reason::kLoop: return Status::kBadGateway;
    case Reason::kAuthBusy:
    case Reason::kNoUpstream:
    case Reason::kUpstreamBusy:
    case Reason::kUpstreamQueueTimeout:
    case Reason::kUpstreamBreaker: return Status::kServiceUnavailable;
    case Reason::kUpstreamConnectTimeout:
    case Reason::kUpstreamFirstByte:
    case Reason::kUpstreamIdle: return Status::kGatewayTimeout;
    case Reason::kVersionNotSupported: return Status::kHttpVersionNotSupported;
  }
  return Status::kBadRequest;
}

}  // namespace flare::http
