#include "flare/ws/handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace flare::ws {
namespace {

using FieldLines = std::vector<std::pair<std::string, std::string>>;

const FieldLines kGood = {{"Host", "www.example.com"},
                          {"Upgrade", "websocket"},
                          {"Connection", "keep-alive, Upgrade"},
                          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                          {"Sec-WebSocket-Version", "13"}};

FieldLines with(const std::string& name, const std::string& value) {
  FieldLines lines = kGood;
  for (auto& line : lines) {
    if (line.first == name) {
      line.second = value;
      return lines;
    }
  }
  lines.emplace_back(name, value);
  return lines;
}
FieldLines without(const std::string& name) {
  FieldLines lines = kGood;
  std::erase_if(lines, [&name](const auto& line) { return line.first == name; });
  return lines;
}
FieldLines more(const std::string& name, const std::string& value, FieldLines lines = kGood) {
  lines.emplace_back(name, value);
  return lines;
}

std::expected<Upgrade, Reason> accept(const FieldLines& lines, const UpgradeOptions& options = {},
                                      const std::string& request_line = "GET /chat HTTP/1.1") {
  static const http::Limits limits;
  std::string head = request_line + "\r\n";
  for (const auto& [name, value] : lines) head += name + ": " + value + "\r\n";
  head += "\r\n";
  http::Request request;
  const auto parsed = request.parse(head, limits);
  if (!parsed || *parsed != head.size()) {
    ADD_FAILURE() << head;
    return std::unexpected(Reason::kNone);
  }
  return accept_upgrade(request, options);
}
/// kNone: accepted.
Reason refusal(const FieldLines& lines, const UpgradeOptions& options = {},
               const std::string& request_line = "GET /chat HTTP/1.1") {
  const auto upgrade = accept(lines, options, request_line);
  return upgrade ? Reason::kNone : upgrade.error();
}

TEST(Handshake, ExampleOfTheRfc) {  // RFC 6455 §1.3
  const auto upgrade = accept(kGood);
  ASSERT_TRUE(upgrade);
  EXPECT_EQ(upgrade->accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const http::Response answer = switching_protocols(*upgrade);
  EXPECT_EQ(answer.status, http::Status::kSwitchingProtocols);
  EXPECT_EQ(answer.headers.encoded(), "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
}

TEST(Handshake, RefusesWhatIsNone) {  // W-1
  EXPECT_EQ(refusal(with("Upgrade", "h2c, WebSocket")), Reason::kNone);
  EXPECT_EQ(refusal(with("Connection", "upgrade")), Reason::kNone);
  EXPECT_EQ(refusal(kGood, {}, "POST /chat HTTP/1.1"), Reason::kWsBadHandshake);
  EXPECT_EQ(refusal(kGood, {}, "GET /chat HTTP/1.0"), Reason::kWsBadHandshake);
  EXPECT_EQ(refusal(with("Connection", "keep-alive")), Reason::kWsBadHandshake);
  EXPECT_EQ(refusal(without("Connection")), Reason::kWsBadHandshake);
  EXPECT_EQ(refusal(without("Sec-WebSocket-Key")), Reason::kWsBadHandshake);
  EXPECT_EQ(refusal(more("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")), Reason::kWsBadHandshake);
  EXPECT_EQ(refusal(more("Content-Length", "5")), Reason::kWsBadHandshake) << "content could be taken for frames";
  for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j", "Zm9v"})
    EXPECT_EQ(refusal(with("Sec-WebSocket-Key", key)), Reason::kWsBadHandshake) << key;
}

TEST(Handshake, PlainRequestsAreToldToUpgrade) {  // W-2
  EXPECT_EQ(refusal(without("Upgrade")), Reason::kWsUpgradeRequired);
  EXPECT_EQ(refusal(with("Upgrade", "h2c")), Reason::kWsUpgradeRequired);
  const http::Response response = refuse_upgrade(Reason::kWsUpgradeRequired);
  EXPECT_EQ(response.status, http::Status::kUpgradeRequired);
  EXPECT_EQ(response.headers.get("Upgrade"), "websocket");
}

TEST(Handshake, OtherVersionsAreToldWhichOneThereIs) {  // W-1
  for (const char* version : {"8", "14", "013", "13, 8", ""})
    EXPECT_EQ(refusal(with("Sec-WebSocket-Version", version)), Reason::kWsVersion) << version;
  EXPECT_EQ(refusal(without("Sec-WebSocket-Version")), Reason::kWsBadHandshake);
  const http::Response response = refuse_upgrade(Reason::kWsVersion);
  EXPECT_EQ(response.status, http::Status::kUpgradeRequired);
  EXPECT_EQ(response.headers.get("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(refuse_upgrade(Reason::kWsBadHandshake).status, http::Status::kBadRequest);
  EXPECT_FALSE(refuse_upgrade(Reason::kWsBadHandshake).headers.contains("Upgrade"));
}

TEST(Handshake, PagesOfOtherOriginsAreRefused) {  // W-3
  const UpgradeOptions listed{.origins = {"https://www.example.com", "https://app.example.net:8443"}};
  const UpgradeOptions required{.origins = {"*"}, .origin_required = true};
  struct Case {
    const char* origin;
    bool same_host;
    bool in_list;
  };
  for (const auto& [origin, same_host, in_list] :
       {Case{"https://www.example.com", true, true}, Case{"http://WWW.example.com", true, false},
        Case{"https://app.example.net:8443", false, true}, Case{"https://app.example.net", false, false},
        Case{"https://www.example.com.example.net", false, false}, Case{"null", false, false}, Case{"", false, false},
        Case{"www.example.com", false, false}}) {
    EXPECT_EQ(refusal(more("Origin", origin)), same_host ? Reason::kNone : Reason::kWsOrigin) << origin;
    EXPECT_EQ(refusal(more("Origin", origin), listed), in_list ? Reason::kNone : Reason::kWsOrigin) << origin;
    EXPECT_EQ(refusal(more("Origin", origin), required), Reason::kNone);
  }
  EXPECT_EQ(refusal(kGood, listed), Reason::kNone) << "no browser";
  EXPECT_EQ(refusal(kGood, required), Reason::kWsOrigin);
  EXPECT_EQ(refusal(more("Origin", "https://www.example.com", more("Origin", "https://app.example.net")), listed),
            Reason::kWsOrigin);
  EXPECT_EQ(refuse_upgrade(Reason::kWsOrigin).status, http::Status::kForbidden);
}

TEST(Handshake, TheClientsFirstKnownSubprotocolIsChosen) {  // W-4
  const UpgradeOptions options{.subprotocols = {"chat.v1", "chat.v2"}};
  EXPECT_EQ(accept(more("Sec-WebSocket-Protocol", "x, chat.v2, chat.v1"), options)->subprotocol, "chat.v2");
  EXPECT_EQ(
      accept(more("Sec-WebSocket-Protocol", "chat.v1", more("Sec-WebSocket-Protocol", "x")), options)->subprotocol,
      "chat.v1");
  const auto none = accept(more("Sec-WebSocket-Protocol", "x, Chat.v2"), options);
  ASSERT_TRUE(none) << "none in common is no error";
  EXPECT_EQ(none->subprotocol, "");
  EXPECT_FALSE(switching_protocols(*none).headers.contains("Sec-WebSocket-Protocol"));
  EXPECT_EQ(switching_protocols(*accept(more("Sec-WebSocket-Protocol", "chat.v1"), options))
                .headers.get("Sec-WebSocket-Protocol"),
            "chat.v1");
  EXPECT_EQ(refusal(more("Sec-WebSocket-Protocol", "a b"), options), Reason::kWsBadHandshake);
}

TEST(Handshake, CompressionIsAgreedOnWhereItIsWanted) {  // W-14
  const UpgradeOptions options{.deflate = DeflateOptions{.memory = 0}};
  const FieldLines offer = more("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
  EXPECT_FALSE(accept(offer)->deflate);
  const auto upgrade = accept(more("Sec-WebSocket-Extensions", "x-other", offer), options);
  ASSERT_TRUE(upgrade && upgrade->deflate);
  EXPECT_TRUE(upgrade->deflate->client_no_context_takeover);
  EXPECT_EQ(switching_protocols(*upgrade).headers.get("Sec-WebSocket-Extensions"),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(refusal(more("Sec-WebSocket-Extensions", "a b")), Reason::kWsBadHandshake);
}

}  // namespace
}  // namespace flare::ws
