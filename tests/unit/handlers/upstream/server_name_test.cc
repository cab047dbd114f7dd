#include "flare/handlers/upstream/server_name.h"

#include <gtest/gtest.h>

namespace flare::handlers {
namespace {

TEST(ServerName, IsANameAndAPort) {
  const auto name = ServerName::parse("app.internal:3000");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "app.internal");
  EXPECT_EQ(name->port, 3000);
  EXPECT_TRUE(ServerName::parse("localhost:1"));
  EXPECT_TRUE(ServerName::parse("my_service-1:65535"));
}

TEST(ServerName, NothingElseIsOne) {
  for (const std::string_view text : {"", ":80", "app", "app:", "app:0", "app:65536", "app:x", "127.0.0.1:80", "1:80",
                                      "a b:80", "a/b:80", ".app:80", "a..b:80", "[::1]:80", "user@app:80"})
    EXPECT_FALSE(ServerName::parse(text)) << text;
}

TEST(ServerName, HostOfAnAddress) {
  EXPECT_EQ(host_of("app.internal:3000"), "app.internal");
  EXPECT_EQ(host_of("192.0.2.1:80"), "192.0.2.1");
  EXPECT_EQ(host_of("[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(host_of("unix:/run/app.sock"), "");
}

}  // namespace
}  // namespace flare::handlers
