#include "server/config/read_congestion.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace flare::server::config {
namespace {

// What else the kernel says is in tests/config/fl0504-congestion.toml-test; rights are root's there.
TEST(ReadCongestion, SaysWhatAllowsAnAlgorithm) {
  const CongestionRefusal refusal = describe_congestion_refusal("\"cubic\"", EPERM);
  EXPECT_EQ(refusal.message, "this process may not use the congestion control \"cubic\"");
  EXPECT_NE(refusal.help.find("/proc/sys/net/ipv4/tcp_allowed_congestion_control"), std::string::npos);
  EXPECT_NE(refusal.help.find("CAP_NET_ADMIN"), std::string::npos);
}

TEST(ReadCongestion, SaysWhatTheKernelHas) {
  const CongestionRefusal refusal = describe_congestion_refusal("\"cubic\"", ENOENT);
  EXPECT_EQ(refusal.message, "this kernel has no congestion control \"cubic\"");
  EXPECT_NE(refusal.help.find("/proc/sys/net/ipv4/tcp_available_congestion_control"), std::string::npos);
}

}  // namespace
}  // namespace flare::server::config
