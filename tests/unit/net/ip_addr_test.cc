#include "flare/net/ip_addr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "flare/base/exception.h"

namespace flare::net {
namespace {

TEST(IpAddr, NamedAddressesAreWhatTheirNamesSay) {
  EXPECT_EQ(IpAddr(), IpAddr::unspecified());
  EXPECT_EQ(IpAddr::localhost().to_string(), "127.0.0.1");
  EXPECT_EQ(IpAddr::localhost_v6().to_string(), "::1");
  EXPECT_EQ(IpAddr::unspecified().to_string(), "0.0.0.0");
  EXPECT_EQ(IpAddr::unspecified_v6().to_string(), "::");
  EXPECT_TRUE(IpAddr::localhost().is_v4());
  EXPECT_FALSE(IpAddr::localhost().is_v6());
  EXPECT_TRUE(IpAddr::localhost_v6().is_v6());
  EXPECT_FALSE(IpAddr::localhost_v6().is_v4());
}

TEST(IpAddr, ParsesAndWritesCanonicalText) {
  struct Case {
    std::string_view in, out;
  };
  for (const auto& [in, out] : {
           Case{"0.0.0.0", "0.0.0.0"},
           Case{"255.255.255.255", "255.255.255.255"},
           Case{"192.0.2.1", "192.0.2.1"},
           Case{"::", "::"},
           Case{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},           // RFC 5952 §4.2.1, §4.3
           Case{"2001:0db8::0001", "2001:db8::1"},                // §4.1
           Case{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // §4.2.2: one group is not compressed
           Case{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // §4.2.3: the longest run
           Case{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // §4.2.3: the first of equal runs
           Case{"::ffff:c000:201", "::ffff:192.0.2.1"},           // §5
           Case{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
           Case{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
       }) {
    const auto addr = IpAddr::try_parse(in);
    ASSERT_TRUE(addr) << in;
    EXPECT_EQ(addr->to_string(), out);
    EXPECT_EQ(IpAddr::parse(out), *addr);
  }
}

TEST(IpAddr, RefusesEverythingThatIsNotExactlyAnAddress) {
  using namespace std::string_view_literals;
  const std::vector<std::string_view> texts = {"",
                                               " ",
                                               "localhost",
                                               "1",
                                               "1.2.3",
                                               "1.2.3.4.5",
                                               "1.2.3.",
                                               ".1.2.3",
                                               "1..2.3",
                                               "256.0.0.1",
                                               "01.2.3.4",
                                               "1.2.3.04",
                                               "0x7f.0.0.1",
                                               "1.2.3.4 ",
                                               " 1.2.3.4",
                                               "+1.2.3.4",
                                               "-1.2.3.4",
                                               "1.2.3.4\n",
                                               "1.2.3.4\r\n",
                                               "1.2.3.4\0"sv,
                                               "\0001.2.3.4"sv,
                                               "1.2.3.4\0.evil.example.com"sv,
                                               "1.2.3.4@evil",
                                               "user@1.2.3.4",
                                               "1.2.3.4%25",
                                               "[::1]",
                                               "[::1",
                                               "::1]",
                                               "fe80::1%eth0",
                                               "::1\r\nX: y",
                                               ":::",
                                               ":",
                                               "1::2::3",
                                               "1:2:3:4:5:6:7",
                                               "1:2:3:4:5:6:7:8:9",
                                               "12345::",
                                               "g::",
                                               ":1:2:3:4:5:6:7",
                                               "::1:",
                                               "::1.2.3",
                                               "::1.2.3.256",
                                               "1.2.3.4::",
                                               "::ffff:1.2.3.4:80",
                                               "127.0.0.1/8",
                                               "\xEF\xBC\x91.2.3.4",
                                               "0000:0000:0000:0000:0000:ffff:192.168.100.2280",
                                               "00000:0000:0000:0000:0000:ffff:192.168.100.228000"};
  for (const std::string_view text : texts) {
    EXPECT_FALSE(IpAddr::try_parse(text)) << testing::PrintToString(text);
    EXPECT_THROW((void)IpAddr::parse(text), AddressParseError);
  }
}

TEST(IpAddr, TheParseErrorQuotesTheTextHarmlessly) {
  try {
    (void)IpAddr::parse("1.2.3.4\r\nForged: yes");
    FAIL();
  } catch (const AddressParseError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(R"("1.2.3.4\x0d\x0aForged: yes")"));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
  }
}

struct Kinds {
  bool loopback = false, unspecified = false, is_private = false, multicast = false;
};

TEST(IpAddr, KnowsItsKindUpToTheEdgesOfEachRange) {
  struct Case {
    std::string_view text;
    Kinds kinds;
  };
  for (const auto& [text, kinds] : {
           Case{"126.255.255.255", {}},
           Case{"127.0.0.0", {.loopback = true}},
           Case{"127.255.255.255", {.loopback = true}},
           Case{"128.0.0.0", {}},
           Case{"::1", {.loopback = true}},
           Case{"::2", {}},
           Case{"::ffff:127.0.0.1", {.loopback = true}},
           Case{"0.0.0.0", {.unspecified = true}},
           Case{"0.0.0.1", {}},
           Case{"::", {.unspecified = true}},
           Case{"::ffff:0.0.0.0", {.unspecified = true}},
           Case{"9.255.255.255", {}},
           Case{"10.0.0.0", {.is_private = true}},
           Case{"10.255.255.255", {.is_private = true}},
           Case{"11.0.0.0", {}},
           Case{"172.15.255.255", {}},
           Case{"172.16.0.0", {.is_private = true}},
           Case{"172.31.255.255", {.is_private = true}},
           Case{"172.32.0.0", {}},
           Case{"192.167.255.255", {}},
           Case{"192.168.0.0", {.is_private = true}},
           Case{"192.169.0.0", {}},
           Case{"169.254.0.1", {.is_private = true}},
           Case{"169.253.255.255", {}},
           Case{"::ffff:192.168.1.1", {.is_private = true}},
           Case{"fbff::", {}},
           Case{"fc00::", {.is_private = true}},
           Case{"fdff:ffff::", {.is_private = true}},
           Case{"fe00::", {}},
           Case{"fe80::", {.is_private = true}},
           Case{"febf::1", {.is_private = true}},
           Case{"fec0::", {}},
           Case{"223.255.255.255", {}},
           Case{"224.0.0.0", {.multicast = true}},
           Case{"239.255.255.255", {.multicast = true}},
           Case{"240.0.0.0", {}},
           Case{"ff00::", {.multicast = true}},
           Case{"feff::", {}},
       }) {
    const IpAddr addr = IpAddr::parse(text);
    EXPECT_EQ(addr.is_loopback(), kinds.loopback) << text;
    EXPECT_EQ(addr.is_unspecified(), kinds.unspecified) << text;
    EXPECT_EQ(addr.is_private(), kinds.is_private) << text;
    EXPECT_EQ(addr.is_multicast(), kinds.multicast) << text;
  }
}

TEST(IpAddr, UnmapsOnlyMappedAddresses) {
  EXPECT_EQ(IpAddr::parse("::ffff:192.0.2.7").unmapped(), IpAddr::parse("192.0.2.7"));
  for (const std::string_view text : {"::192.0.2.7", "64:ff9b::192.0.2.7", "192.0.2.7", "::1"}) {
    EXPECT_EQ(IpAddr::parse(text).unmapped(), IpAddr::parse(text)) << text;
  }
}

TEST(IpAddr, ComparesByFamilyThenBytes) {
  EXPECT_NE(IpAddr::unspecified(), IpAddr::unspecified_v6());
  EXPECT_LT(IpAddr::parse("255.255.255.255"), IpAddr::parse("::"));
  EXPECT_LT(IpAddr::parse("10.0.0.9"), IpAddr::parse("10.0.1.0"));
  EXPECT_LT(IpAddr::parse("2001:db8::"), IpAddr::parse("2001:db8::1"));
}

TEST(IpAddr, BytesAreInNetworkOrder) {
  EXPECT_EQ(IpAddr::parse("1.2.3.4").bytes(), "\x01\x02\x03\x04");
  EXPECT_EQ(IpAddr::localhost_v6().bytes(), std::string(15, '\0') + '\x01');
}

}  // namespace
}  // namespace flare::net
