#include "flare/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace flare {
namespace {

// RFC 3720 §B.4, and the check value of the CRC catalogues.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, GoesOnFromWhereItStopped) { EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xE3069283U); }

}  // namespace
}  // namespace flare
