#include <gtest/gtest.h>
#include <sys/socket.h>

#include <set>

#include "flare/net/socket.h"
#include "tests/support/temp_folder.h"

namespace flare::net {
namespace {

Endpoint local(const UniqueFd& fd) {
  auto where = SocketRef(fd.get()).local_addr();
  return where ? *where : Endpoint(SocketAddr());
}

TEST(ListenGroup, EveryMemberListensOnThePortTheFirstWasGiven) {
  for (const SocketAddr& where : {SocketAddr::localhost(0), SocketAddr(IpAddr::localhost_v6(), 0)}) {
    const auto group = listen_group(where, {}, 3);
    ASSERT_TRUE(group) << describe(group.error());
    ASSERT_EQ(group->size(), 3U);
    std::set<int> descriptors;
    for (const UniqueFd& fd : *group) {
      EXPECT_EQ(local(fd), local(group->front()));
      descriptors.insert(fd.get());
    }
    EXPECT_NE(local(group->front()).address()->port(), 0);
    EXPECT_EQ(descriptors.size(), 3U);
  }
}

TEST(ListenGroup, CanBeExtended) {
  auto group = listen_group(SocketAddr::localhost(0), {}, 1);
  ASSERT_TRUE(group);
  const auto more = extend_group(local(group->front()), {}, group->front(), 2);
  ASSERT_TRUE(more) << describe(more.error());
  ASSERT_EQ(more->size(), 2U);
  EXPECT_EQ(local(more->back()), local(group->front()));
}

TEST(ListenGroup, RefusesAnAddressThatIsTaken) {
  const auto plain = listen_on(SocketAddr::localhost(0), {});
  ASSERT_TRUE(plain);
  const auto group = listen_group(local(*plain), {}, 2);
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().kind, ErrorKind::kAddressInUse);
}

TEST(ListenGroup, RefusesToJoinAGroupThatSharesItsPort) {
  const auto theirs = listen_group(SocketAddr::localhost(0), {}, 2);
  ASSERT_TRUE(theirs);
  const Endpoint where = local(theirs->front());
  EXPECT_TRUE(listen_on(where, {.reuse_port = true})) << "the kernel alone would let us in";
  const auto ours = listen_group(where, {}, 2);
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().kind, ErrorKind::kAddressInUse);
}

TEST(ListenGroup, AUnixSocketIsSharedByDuplicates) {
  const test::TempFolder folder;
  const UnixPath path{(folder / "socket").string()};
  const auto group = listen_group(path, {}, 3);
  ASSERT_TRUE(group) << describe(group.error());
  ASSERT_EQ(group->size(), 3U);
  for (const UniqueFd& fd : *group) EXPECT_EQ(local(fd), Endpoint(path));
  const auto again = listen_group(path, {}, 1);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kAddressInUse);
}

}  // namespace
}  // namespace flare::net
