#include "flare/ws/client_handshake.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace flare::ws {
namespace {

constexpr std::array<char, 16> kNonce = {'t', 'h', 'e', ' ', 's', 'a', 'm', 'p',
                                         'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};

std::vector<http::Field> good() {
  return {
      {"Upgrade", "WebSocket"}, {"Connection", "upgrade"}, {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}};
}
std::vector<http::Field> with(std::string_view name, std::string_view value) {
  auto fields = good();
  for (http::Field& field : fields) {
    if (field.name == name) {
      field.value = value;
      return fields;
    }
  }
  fields.push_back({name, value});
  return fields;
}

bool agrees(const std::vector<http::Field>& fields, const ClientOptions& options = {},
            http::Status status = http::Status::kSwitchingProtocols) {
  return ClientHandshake(kNonce, options).check(status, http::Fields(fields)).has_value();
}

TEST(ClientHandshake, AsksAsTheRfcSays) {  // RFC 6455 §4.1
  const ClientOptions options{.subprotocols = {"chat", "superchat"},
                              .origin = "http://example.com",
                              .deflate = DeflateOptions{.memory = 1 << 20}};
  EXPECT_EQ(ClientHandshake(kNonce, options).request_fields().encoded(),
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\nOrigin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
  const http::HeaderMap plain = ClientHandshake(kNonce, ClientOptions{}).request_fields();
  EXPECT_FALSE(plain.contains("Origin"));
  EXPECT_FALSE(plain.contains("Sec-WebSocket-Extensions"));
}

TEST(ClientHandshake, AnswersMustAgree) {
  EXPECT_TRUE(agrees(good()));
  EXPECT_TRUE(agrees(with("Connection", "keep-alive, Upgrade")));
  EXPECT_FALSE(agrees(good(), {}, http::Status::kOk));
  EXPECT_FALSE(agrees(with("Upgrade", "h2c")));
  EXPECT_FALSE(agrees(with("Connection", "keep-alive")));
  EXPECT_FALSE(agrees(with("Connection", "keep-alive,")));
  EXPECT_FALSE(agrees(with("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")));
  for (std::size_t missing = 0; missing < 3; ++missing) {
    auto fields = good();
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(missing));
    EXPECT_FALSE(agrees(fields)) << missing;
  }
}

TEST(ClientHandshake, NothingIsTakenThatWasNotOffered) {
  const ClientOptions options{.subprotocols = {"a", "b"}, .deflate = DeflateOptions{.memory = 1 << 20}};
  EXPECT_TRUE(agrees(with("Sec-WebSocket-Protocol", "b"), options));
  EXPECT_FALSE(agrees(with("Sec-WebSocket-Protocol", "c"), options));
  EXPECT_FALSE(agrees(with("Sec-WebSocket-Protocol", "a, b"), options));
  EXPECT_FALSE(agrees(with("Sec-WebSocket-Protocol", "a")));
  EXPECT_TRUE(agrees(with("Sec-WebSocket-Extensions", "permessage-deflate"), options));
  EXPECT_FALSE(agrees(with("Sec-WebSocket-Extensions", "permessage-deflate")));
  EXPECT_FALSE(agrees(with("Sec-WebSocket-Extensions", "x-other"), options));
  const auto fields = with("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover");
  const auto agreement =
      ClientHandshake(kNonce, options).check(http::Status::kSwitchingProtocols, http::Fields(fields));
  EXPECT_TRUE(agreement->deflate->server_no_context_takeover);
  EXPECT_EQ(agreement->subprotocol, "");
}

}  // namespace
}  // namespace flare::ws
