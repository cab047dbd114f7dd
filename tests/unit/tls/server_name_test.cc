#include "flare/tls/server_name.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace flare::tls {
namespace {

using namespace std::string_literals;

std::optional<std::string> parse(std::string_view extension) {
  return parse_server_name({reinterpret_cast<const unsigned char*>(extension.data()), extension.size()});
}

std::string two(std::size_t number) { return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)}; }
std::string entry(std::string_view name, char type = 0) {
  return std::string(1, type) + two(name.size()) + std::string(name);
}
/// The content of an extension that names `name`.
std::string extension(std::string_view name) { return two(name.size() + 3) + entry(name); }

TEST(ServerName, IsLowerCaseWithoutTheTrailingDot) {
  EXPECT_EQ(parse(extension("www.example.com")), "www.example.com");
  EXPECT_EQ(parse(extension("WWW.Example.COM.")), "www.example.com");
  EXPECT_EQ(parse(extension("localhost")), "localhost");
  EXPECT_EQ(parse(extension("a_b-c.1.example")), "a_b-c.1.example");
  EXPECT_EQ(parse(extension("x")), "x");
}

TEST(ServerName, OfTheGreatestLength) {
  const std::string longest = std::string(249, 'a') + ".com";
  EXPECT_EQ(parse(extension(longest)), longest);
  EXPECT_EQ(parse(extension(longest + ".")), longest);
  EXPECT_EQ(parse(extension("a" + longest)), std::nullopt);
}

TEST(ServerName, IsNoAddress) {  // RFC 6066 §3
  for (const char* address : {"192.0.2.1", "192.0.2.1.", "2001:db8::1", "[2001:db8::1]", "::1"})
    EXPECT_EQ(parse(extension(address)), std::nullopt) << address;
}

TEST(ServerName, IsNothingThatDnsCouldNotHold) {
  for (const std::string& name :
       {""s, "."s, ".."s, ".example.com"s, "example..com"s, "example.com.."s, "exa mple.com"s, "example.com\0"s,
        "\0example.com"s, "*.example.com"s, "example.com:443"s, "ex\xC3\xA4mple.com"s, "example.com\n"s, "a/b"s})
    EXPECT_EQ(parse(extension(name)), std::nullopt) << testing::PrintToString(name);
}

TEST(ServerName, OfAMalformedExtensionIsNone) {
  const std::string good = extension("example.com");
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(parse(std::string_view(good).substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(parse(good + "x"), std::nullopt);
  EXPECT_EQ(parse(good + std::string(1, '\0')), std::nullopt);
  struct Case {
    const char* what;
    std::string bytes;
  };
  const std::vector<Case> cases = {
      {"the list is one byte shorter than it says", two(15) + entry("example.com")},
      {"the list is one byte longer than it says", two(13) + entry("example.com")},
      {"the name is longer than the list", two(14) + "\0"s + two(12) + "example.com"},
      {"the name is shorter than the list", two(14) + "\0"s + two(10) + "example.com"},
      {"the name says 65535 bytes", two(14) + "\0"s + two(65535) + "example.com"},
      {"a type that is no host name", two(14) + entry("example.com", 1)},
      {"two names", two(28) + entry("example.com") + entry("example.net")},
      {"a list of nothing", two(0)},
      {"a name of nothing", two(3) + entry("")},
  };
  for (const Case& each : cases) EXPECT_EQ(parse(each.bytes), std::nullopt) << each.what;
}

}  // namespace
}  // namespace flare::tls
