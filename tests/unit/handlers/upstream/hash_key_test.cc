#include "flare/handlers/upstream/hash_key.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/parsed_request.h"

namespace flare::handlers {
namespace {

using test::ParsedRequest;

std::uint64_t hash(std::string_view key, std::string_view target, std::string_view fields = {},
                   std::string_view client = "192.0.2.1") {
  ParsedRequest request("GET", target, fields);
  request->set_client(net::IpAddr::parse(client));
  return HashKey::parse(key)->hash(*request);
}

TEST(HashKey, ReadsWhatItWrites) {
  for (const std::string text : {"uri", "path", "client_ip", "header:X-User", "cookie:id"})
    EXPECT_EQ(HashKey::parse(text)->to_string(), text);
  for (const std::string_view text : {"", "url", "header:", "header:a b", "cookie", "cookie:a=b"})
    EXPECT_FALSE(HashKey::parse(text)) << text;
}

TEST(HashKey, LikeGoesToLike) {
  EXPECT_EQ(hash("uri", "/a?b"), hash("uri", "/a?b"));
  EXPECT_NE(hash("uri", "/a?b"), hash("uri", "/a?c"));
  EXPECT_EQ(hash("path", "/a?b"), hash("path", "/a?c"));
  EXPECT_EQ(hash("path", "/%61"), hash("path", "/a"));
  EXPECT_EQ(hash("client_ip", "/a"), hash("client_ip", "/b"));
  EXPECT_NE(hash("client_ip", "/a"), hash("client_ip", "/a", {}, "192.0.2.2"));
  EXPECT_EQ(hash("header:X-User", "/a", "x-user: 1\r\n"), hash("header:X-User", "/b", "X-User: 1\r\n", "192.0.2.2"));
  EXPECT_EQ(hash("cookie:id", "/a", "Cookie: x=1; id=7\r\n"), hash("cookie:id", "/b", "Cookie: id=7\r\n", "192.0.2.2"));
}

TEST(HashKey, WhoHasNoneGoesByItsAddress) {
  for (const std::string_view key : {"header:X-User", "cookie:id"}) {
    EXPECT_EQ(hash(key, "/a"), hash("client_ip", "/b"));
    EXPECT_NE(hash(key, "/a"), hash(key, "/a", {}, "192.0.2.2"));
  }
}

}  // namespace
}  // namespace flare::handlers
