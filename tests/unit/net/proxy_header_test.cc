#include "flare/net/proxy_header.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "flare/base/crc32c.h"

namespace flare::net {
namespace {

using std::string_literals::operator""s;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kV4 = "\xC0\x00\x02\x07\xC6\x33\x64\x01\x9C\x40\x00\x50"s;  // 192.0.2.7:40000 to 198.51.100.1:80
const std::string kV6 = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x07\x20\x01\x0D\xB8"s + std::string(11, '\0') +
                        "\x01\x9C\x40\x01\xBB"s;  // [2001:db8::7]:40000 to [2001:db8::1]:443

std::string be16(std::size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 255)}; }
std::string tlv(char type, const std::string& value) { return std::string(1, type) + be16(value.size()) + value; }
std::string v2(int command, int family, const std::string& block) {
  return kSignature + static_cast<char>(command) + static_cast<char>(family) + be16(block.size()) + block;
}
/// A version 2 header whose last TLV is its checksum.
std::string with_checksum(const std::string& block) {
  std::string header = v2(0x21, 0x11, block + tlv(3, std::string(4, '\0')));
  const std::uint32_t sum = crc32c(header);
  for (std::size_t i = 0; i < 4; ++i) header[header.size() - 4 + i] = static_cast<char>(sum >> (24 - 8 * i));
  return header;
}

std::string outcome(std::string_view input) {
  const auto header = parse_proxy_header(input);
  if (!header) return std::string(to_string(header.error()));
  if (header->size == 0) return "incomplete";
  return std::to_string(header->size) + " " + (header->source ? header->source->to_string() : "-") + " " +
         (header->destination ? header->destination->to_string() : "-");
}

struct Case {
  std::string input;
  std::string outcome;
};

/// Every prefix is incomplete or says the same; what follows plays no part.
void expect(const std::vector<Case>& cases) {
  for (const auto& [input, expected] : cases) {
    EXPECT_EQ(outcome(input), expected) << testing::PrintToString(input);
    for (std::size_t size = 0; size < input.size(); ++size) {
      const std::string exact(input, 0, size);
      const std::string of_prefix = outcome(exact);
      EXPECT_TRUE(of_prefix == "incomplete" || of_prefix == expected) << size << ' ' << testing::PrintToString(input);
    }
    if (expected != "incomplete") {
      EXPECT_EQ(outcome(input + "GET / HTTP/1.1\r\n\r\n"), expected) << testing::PrintToString(input);
    }
  }
}

TEST(ProxyHeader, Version1) {
  expect({
      {"PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n", "44 192.0.2.7:40000 198.51.100.1:80"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "56 255.255.255.255:65535 255.255.255.255:65535"},
      {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "32 0.0.0.0:0 0.0.0.0:0"},
      {"PROXY TCP6 2001:db8::7 2001:DB8::1 40000 443\r\n", "46 [2001:db8::7]:40000 [2001:db8::1]:443"},
      {"PROXY UNKNOWN\r\n", "15 - -"},
      {"PROXY UNKNOWN \r\n", "16 - -"},
      {"PROXY UNKNOWN ffff::1 what ever 1\r\n", "35 - -"},
      {"PROXY UNKNOWN " + std::string(91, 'f') + "\r\n", "107 - -"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r", "incomplete"},
      {"PROXY", "incomplete"},
      {"", "incomplete"},
  });
}

TEST(ProxyHeader, Version1IsAsStrictAsItsGrammar) {
  std::vector<Case> cases;
  for (const char* line : {"PROXY TCP4 192.0.2.7 198.51.100.1 40000",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 40000 80 ",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 40000 80 1",
                           "PROXY  TCP4 192.0.2.7 198.51.100.1 40000 80",
                           "PROXY TCP4  192.0.2.7 198.51.100.1 40000 80",
                           "PROXY TCP4 192.0.2.7  198.51.100.1 40000 80",
                           "PROXY TCP4\t192.0.2.7 198.51.100.1 40000 80",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 040000 80",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 65536 80",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 -1 80",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 +1 80",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 00 80",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 0x1 80",
                           "PROXY TCP4 192.0.2.07 198.51.100.1 40000 80",
                           "PROXY TCP4 192.0.2 198.51.100.1 40000 80",
                           "PROXY TCP4 192.0.2.256 198.51.100.1 40000 80",
                           "PROXY TCP4 2001:db8::7 2001:db8::1 40000 80",
                           "PROXY TCP6 192.0.2.7 198.51.100.1 40000 80",
                           "PROXY TCP6 2001:db8::7 198.51.100.1 40000 80",
                           "PROXY TCP6 [2001:db8::7] [2001:db8::1] 40000 80",
                           "PROXY TCP6 fe80::1%eth0 2001:db8::1 40000 80",
                           "PROXY TCP6 2001:db8::7 2001:db8::1::1 40000 80",
                           "PROXY tcp4 192.0.2.7 198.51.100.1 40000 80",
                           "PROXY UDP4 192.0.2.7 198.51.100.1 40000 80",
                           "PROXY TCP5 192.0.2.7 198.51.100.1 40000 80",
                           "PROXY unknown",
                           "PROXY UNKNOWNS",
                           "PROXY ",
                           "PROXY TCP4",
                           "PROXY UNKNOWN \x01",
                           "PROXY UNKNOWN \n",
                           "PROXY UNKNOWN\rx",
                           "PROXY TCP4 192.0.2.7 198.51.100.1 1 80\nX"}) {
    cases.push_back({std::string(line) + "\r\n", "bad_proxy_header"});
  }
  cases.push_back({"PROXY TCP4 192.0.2.7 198.51.100.1 1\0 80\r\n"s, "bad_proxy_header"});
  cases.push_back({"PROXY UNKNOWN " + std::string(92, 'f') + "\r\n", "proxy_header_bytes"});
  cases.push_back({"PROXY " + std::string(101, ' '), "proxy_header_bytes"});
  cases.push_back({"PROXY " + std::string(100, ' '), "incomplete"});
  expect(cases);
}

TEST(ProxyHeader, SomethingElseIsSeenAtTheFirstByteThatDiffers) {
  for (const char* input : {"G", "GET / HTTP/1.1\r\n", "P ", "POST", "PROXX", "PROXY\r\n", "PROXYX", "proxy TCP4 ",
                            " PROXY TCP4 ", "\r\nGET", "\r\n\r\n\r", "\n", "\x16\x03\x01"}) {
    EXPECT_EQ(outcome(input), "proxy_header_missing") << testing::PrintToString(input);
  }
  EXPECT_EQ(outcome("\r\n\r\n\0\r\nQUIT\r"s), "proxy_header_missing");
  EXPECT_EQ(outcome("\r\n\r\n\0\r\nQUIX"s), "proxy_header_missing");
}

TEST(ProxyHeader, Version2) {
  expect({
      {v2(0x21, 0x11, kV4), "28 192.0.2.7:40000 198.51.100.1:80"},
      {v2(0x21, 0x21, kV6), "52 [2001:db8::7]:40000 [2001:db8::1]:443"},
      {v2(0x21, 0x31, std::string(216, 'u')), "232 - -"},
      {v2(0x21, 0x32, std::string(216, 'u')), "232 - -"},
      {v2(0x21, 0x12, kV4), "28 - -"},
      {v2(0x21, 0x22, kV6), "52 - -"},
      {v2(0x21, 0x00, ""), "16 - -"},
      {v2(0x21, 0x00, "not looked at"), "29 - -"},
      {v2(0x20, 0x00, ""), "16 - -"},
      {v2(0x20, 0x11, kV4), "28 - -"},
      {v2(0x20, 0xFF, "not looked at"), "29 - -"},
      {v2(0x21, 0x11, kV4 + tlv(0x04, "") + tlv(0x20, "\x01\0\0\0\0"s) + tlv('\xE0', "own")),
       "45 192.0.2.7:40000 198.51.100.1:80"},
      {v2(0x21, 0x11, kV4 + tlv(0x04, std::string(4096 - 12 - 3, '\0'))), "4112 192.0.2.7:40000 198.51.100.1:80"},
      {with_checksum(kV4), "35 192.0.2.7:40000 198.51.100.1:80"},
      {with_checksum(kV4 + tlv(0x01, "h2")), "40 192.0.2.7:40000 198.51.100.1:80"},
  });
}

TEST(ProxyHeader, Version2IsRefusedWhereItIsNotWhatItSays) {
  std::string wrong_sum = with_checksum(kV4);
  wrong_sum[20] ^= 1;
  std::vector<Case> cases = {
      {v2(0x11, 0x11, kV4), "bad_proxy_header"},  // version 1
      {v2(0x31, 0x11, kV4), "bad_proxy_header"},
      {v2(0x22, 0x11, kV4), "bad_proxy_header"},  // commands that do not exist
      {v2(0x2F, 0x11, kV4), "bad_proxy_header"},
      {v2(0x21, 0x13, kV4), "bad_proxy_header"},  // families and transports that do not exist, or not together
      {v2(0x21, 0x41, kV4), "bad_proxy_header"},
      {v2(0x21, 0x10, kV4), "bad_proxy_header"},
      {v2(0x21, 0x01, kV4), "bad_proxy_header"},
      {v2(0x21, 0x30, std::string(216, 'u')), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4.substr(1)), "bad_proxy_header"},  // shorter than its addresses
      {v2(0x21, 0x11, ""), "bad_proxy_header"},
      {v2(0x21, 0x21, kV6.substr(1)), "bad_proxy_header"},
      {v2(0x21, 0x31, std::string(215, 'u')), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4 + "x"), "bad_proxy_header"},  // TLVs that do not fill it
      {v2(0x21, 0x11, kV4 + "\x04\0"s), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4 + "\x04\0\x02x"s), "bad_proxy_header"},
      {v2(0x21, 0x31, std::string(216, 'u') + "x"), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4 + tlv(0x01, "h2") + tlv(0x01, "h2")), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4 + tlv(0x02, "a") + tlv(0x02, "b")), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4 + tlv(0x03, "abc")), "bad_proxy_header"},
      {v2(0x21, 0x11, kV4 + tlv(0x03, "abcde")), "bad_proxy_header"},
      {wrong_sum, "bad_proxy_header"},
      {kSignature + "\x21\x11\x10\x01"s, "proxy_header_bytes"},
      {kSignature + "\x20\x11\xFF\xFF"s, "proxy_header_bytes"},
  };
  expect(cases);
}

TEST(ProxyHeader, AlpnAndAuthorityAreViewsOfTheInput) {
  const std::string input =
      v2(0x21, 0x21, kV6 + tlv(0x05, "id") + tlv(0x02, "www.example.com") + tlv(0x01, "http/1.1"));
  const auto header = parse_proxy_header(input);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->authority, "www.example.com");
  EXPECT_EQ(header->alpn, "http/1.1");
  EXPECT_GT(header->alpn.data(), input.data());
  EXPECT_LT(header->alpn.data(), input.data() + input.size());
}

}  // namespace
}  // namespace flare::net
