#include "server/daemon/port_holder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "flare/net/socket.h"
#include "tests/support/temp_folder.h"

namespace flare::server {
namespace {

std::string this_process() { return "pid " + std::to_string(::getpid()) + " (unit_server)"; }

TEST(PortHolder, FindsTheProcessThatListens) {
  for (const net::SocketAddr& where :
       {net::SocketAddr::localhost(0), net::SocketAddr(net::IpAddr::localhost_v6(), 0)}) {
    const auto listening = net::listen_on(where, {});
    ASSERT_TRUE(listening) << describe(listening.error());
    const auto local = net::SocketRef(listening->get()).local_addr();
    ASSERT_TRUE(local);
    EXPECT_EQ(port_holder(*local), this_process());
  }
}

TEST(PortHolder, IsWhoeverListensWhereNobodyElseCanThen) {
  const auto listening = net::listen_on(net::SocketAddr::localhost(0), {});
  ASSERT_TRUE(listening);
  const auto local = *net::SocketRef(listening->get()).local_addr();
  const std::uint16_t port = local.address()->port();
  EXPECT_EQ(port_holder(net::SocketAddr(net::IpAddr::unspecified(), port)), this_process());
  EXPECT_EQ(port_holder(net::SocketAddr(net::IpAddr::unspecified_v6(), port)), this_process());
  EXPECT_NE(port_holder(net::SocketAddr(net::IpAddr::localhost_v6(), port)), this_process());
  EXPECT_NE(port_holder(net::SocketAddr(net::IpAddr::v4({127, 0, 0, 2}), port)), this_process());
}

TEST(PortHolder, FindsTheProcessBehindAUnixSocket) {
  const test::TempFolder folder;
  const net::UnixPath path{(folder / "socket").string()};
  const auto listening = net::listen_on(path, {});
  ASSERT_TRUE(listening) << describe(listening.error());
  EXPECT_EQ(port_holder(path), this_process());
}

TEST(PortHolder, FindsNobodyWhereNobodyListens) {
  net::Endpoint where = net::SocketAddr::localhost(0);
  {
    const auto listening = net::listen_on(where, {});
    ASSERT_TRUE(listening);
    where = *net::SocketRef(listening->get()).local_addr();
  }
  EXPECT_EQ(port_holder(where), "");
  EXPECT_EQ(port_holder(net::UnixPath{"/nowhere/socket"}), "");
}

}  // namespace
}  // namespace flare::server
