#include "flare/net/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace flare::net {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }
int open_something() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFd, ClosesWhatItOwns) {
  const int fd = open_something();
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(owner);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
  EXPECT_FALSE(UniqueFd());
}

TEST(UniqueFd, MovingLeavesTheSourceEmpty) {
  UniqueFd source(open_something());
  const int fd = source.get();
  UniqueFd target(std::move(source));
  EXPECT_FALSE(source);  // NOLINT(bugprone-use-after-move): the contract under test
  EXPECT_EQ(target.get(), fd);
  const int replaced = open_something();
  UniqueFd other(replaced);
  other = std::move(target);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAway) {
  int fd = -1;
  {
    UniqueFd owner(open_something());
    fd = owner.release();
    EXPECT_FALSE(owner);
  }
  EXPECT_TRUE(is_open(fd));
  UniqueFd(fd).reset();
  EXPECT_FALSE(is_open(fd));
}

}  // namespace
}  // namespace flare::net
