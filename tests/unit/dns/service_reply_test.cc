#include "flare/dns/service_reply.h"

#include <gtest/gtest.h>

#include <string>

namespace flare::dns {
namespace {

using namespace std::string_literals;

std::optional<std::vector<Service>> parse(const std::string& message) {
  return parse_service_reply({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
}
/// One answer, an SRV record of the root with that data.
std::string reply(const std::string& data, char size) {
  return "\0\0\x84\0\0\0\0\1\0\0\0\0"s + "\0\0\x21\0\1\0\0\0\x3C\0"s + size + data;
}

TEST(ServiceReply, ReadsARecordAndRefusesEveryPartOfIt) {
  const std::string whole = reply("\0\1\0\2\0\x50\1a\0"s, 9);
  const auto services = parse(whole);
  ASSERT_TRUE(services);
  ASSERT_EQ(services->size(), 1U);
  EXPECT_EQ(services->front().target, "a");
  EXPECT_EQ(services->front().ttl, std::chrono::seconds(60));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size))) << size;
}

TEST(ServiceReply, RefusesNamesThatDoNotFit) {
  EXPECT_FALSE(parse(reply("\0\1\0\2\0\x50\1a\0"s, 8))) << "longer than its data";
  EXPECT_FALSE(parse(reply("\0\1\0\2\0\x50\1a\0x"s, 10))) << "shorter";
  EXPECT_FALSE(parse(reply("\0\1\0\2\0\x50\xC0\x1D"s, 8))) << "a pointer to itself";
  EXPECT_FALSE(parse(reply("\0\1\0\2\0\x50\xC0\xFF"s, 8))) << "a pointer forward";
  EXPECT_FALSE(parse(reply("\0\1\0\2\0\x50\x40x\0"s, 9))) << "a label of no kind";
}

TEST(ServiceReply, SkipsOtherRecords) {
  const std::string message = "\0\0\x84\0\0\0\0\1\0\0\0\0"s + "\0\0\1\0\1\0\0\0\x3C\0\4\1\2\3\4"s;
  const auto services = parse(message);
  ASSERT_TRUE(services);
  EXPECT_TRUE(services->empty());
}

}  // namespace
}  // namespace flare::dns
