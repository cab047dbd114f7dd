#include "flare/net/socket_addr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <vector>

#include "flare/base/exception.h"

namespace flare::net {
namespace {

using namespace std::string_view_literals;

TEST(SocketAddr, ParsesWhatItWrites) {
  for (const std::string_view text :
       {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[::]:0", "[2001:db8::1]:443"}) {
    const auto addr = SocketAddr::try_parse(text);
    ASSERT_TRUE(addr) << text;
    EXPECT_EQ(addr->to_string(), text);
  }
  EXPECT_EQ(SocketAddr::parse("127.0.0.1:80"), SocketAddr::localhost(80));
  EXPECT_EQ(SocketAddr::parse("0.0.0.0:80"), SocketAddr::unspecified(80));
  EXPECT_EQ(SocketAddr::parse("[::1]:9").ip(), IpAddr::localhost_v6());
  EXPECT_EQ(SocketAddr::parse("[::1]:9").port(), 9);
}

const std::vector<std::string_view> kNoSocketAddr = {"",
                                                     ":",
                                                     "127.0.0.1",
                                                     "127.0.0.1:",
                                                     "::1",
                                                     "::1:80",
                                                     "[::1]",
                                                     "[::1]:",
                                                     "[::1]80",
                                                     "[127.0.0.1]:80",
                                                     "[]:80",
                                                     "[:80",
                                                     "]:80",
                                                     "::1]:80",
                                                     "[::1:80",
                                                     "[[::1]]:80",
                                                     "127.0.0.1:65536",
                                                     "127.0.0.1:080",
                                                     "127.0.0.1:00",
                                                     "127.0.0.1:+80",
                                                     "127.0.0.1:-1",
                                                     "127.0.0.1: 80",
                                                     "127.0.0.1:80 ",
                                                     "127.0.0.1:80\n",
                                                     "127.0.0.1:80\0"sv,
                                                     "127.0.0.1\0:80"sv,
                                                     "127.0.0.1\r\n:80",
                                                     "user@127.0.0.1:80",
                                                     "127.0.0.1@evil:80",
                                                     "[fe80::1%eth0]:80",
                                                     "[fe80::1%25eth0]:80",
                                                     "localhost:80",
                                                     "*:80",
                                                     "127.0.0.1:http",
                                                     "127.0.0.1:184467440737095516160",
                                                     " 127.0.0.1:80"};

TEST(SocketAddr, RefusesEverythingThatIsNotExactlyAnAddressWithPort) {
  for (const std::string_view text : kNoSocketAddr) {
    EXPECT_FALSE(SocketAddr::try_parse(text)) << testing::PrintToString(text);
    EXPECT_THROW((void)SocketAddr::parse(text), AddressParseError);
  }
}

TEST(SocketAddr, SurvivesTheKernelsForm) {
  for (const std::string_view text : {"192.0.2.1:65535", "[2001:db8::1]:443"}) {
    const SocketAddr addr = SocketAddr::parse(text);
    sockaddr_storage native;
    const socklen_t length = addr.to_native(native);
    EXPECT_EQ(native.ss_family, addr.ip().is_v6() ? AF_INET6 : AF_INET);
    EXPECT_LE(length, sizeof native);
    EXPECT_EQ(SocketAddr::from_native(native), addr);
  }
  sockaddr_storage other{};
  other.ss_family = AF_UNIX;
  EXPECT_FALSE(SocketAddr::from_native(other));
}

TEST(Endpoint, ParsesAddressesPortsAndUnixPaths) {
  struct Case {
    std::string_view in, out;
    int family;
  };
  for (const auto& [in, out, family] : {
           Case{"127.0.0.1:80", "127.0.0.1:80", AF_INET},
           Case{"[::1]:80", "[::1]:80", AF_INET6},
           Case{":80", "[::]:80", AF_INET6},
           Case{":0", "[::]:0", AF_INET6},
           Case{"unix:/run/x.sock", "unix:/run/x.sock", AF_UNIX},
           Case{"unix:relative @:%.sock", "unix:relative @:%.sock", AF_UNIX},
       }) {
    const Endpoint endpoint = Endpoint::parse(in);
    EXPECT_EQ(endpoint.to_string(), out);
    EXPECT_EQ(endpoint.family(), family);
    EXPECT_EQ(endpoint.address() != nullptr, family != AF_UNIX);
    EXPECT_EQ(endpoint.unix_path() != nullptr, family == AF_UNIX);
    EXPECT_EQ(Endpoint::parse(out), endpoint);
  }
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const std::string_view text : kNoSocketAddr) {
    EXPECT_THROW((void)Endpoint::parse(text), AddressParseError) << testing::PrintToString(text);
  }
  const std::string too_long = "unix:/" + std::string(107, 'x');
  for (const std::string_view text : {":65536"sv, ":http"sv, "::80"sv, "unix:"sv, "unix:/a\0b"sv, "unix:\0a"sv,
                                      "unix:/a\nb"sv, "UNIX:/a"sv, "/run/x.sock"sv, std::string_view(too_long)}) {
    EXPECT_THROW((void)Endpoint::parse(text), AddressParseError) << testing::PrintToString(text);
  }
}

TEST(Endpoint, AUnixPathMayFillTheKernelsField) {
  const std::string longest = "/" + std::string(106, 'x');
  const Endpoint endpoint = Endpoint::parse("unix:" + longest);
  sockaddr_storage native;
  EXPECT_EQ(endpoint.to_native(native), sizeof(sockaddr_un));
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un*>(&native)->sun_path, longest.c_str());
}

TEST(Endpoint, APathThatNoSocketCanHaveHasNoKernelForm) {
  sockaddr_storage native;
  for (const std::string& path : {std::string(), std::string(108, 'x'), std::string("\0abstract", 9)}) {
    EXPECT_EQ(Endpoint(UnixPath{path}).to_native(native), 0U);
  }
}

}  // namespace
}  // namespace flare::net
