#include "flare/handlers/beneath.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "support/temp_folder.h"

namespace flare::handlers {
namespace {

namespace fs = std::filesystem;

class Beneath : public testing::TestWithParam<BeneathMethod> {
 protected:
  Beneath() {
    folder_.write("outside.txt", "outside");
    folder_.write("root/a.txt", "a");
    folder_.write("root/dir/b.txt", "b");
    fs::create_symlink(folder_ / "outside.txt", folder_ / "root/absolute");
    fs::create_symlink("../outside.txt", folder_ / "root/relative");
    fs::create_symlink("a.txt", folder_ / "root/inside");
    fs::create_directory_symlink("dir", folder_ / "root/linked");
    fs::create_directory_symlink("/proc/self", folder_ / "root/proc");
    EXPECT_EQ(::mkfifo((folder_ / "root/fifo").c_str(), 0600), 0);
    root_.reset(::open((folder_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  /// 0, or the errno.
  int open_errno(const std::string& path) {
    const auto file = open_beneath(root_.get(), path, GetParam());
    return file ? 0 : file.error().sys_errno;
  }

  test::TempFolder folder_;
  net::UniqueFd root_;
};

TEST_P(Beneath, OpensWhatIsBelow) {
  for (const char* path : {"", ".", "a.txt", "dir", "dir/b.txt", "dir/."}) EXPECT_EQ(open_errno(path), 0) << path;
  const auto file = open_beneath(root_.get(), "dir/b.txt", GetParam());
  ASSERT_TRUE(file);
  char byte = 0;
  EXPECT_EQ(::read(file->get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'b');
  EXPECT_NE(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(file->get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(Beneath, NeverFollowsASymbolicLink) {
  for (const char* path :
       {"absolute", "relative", "inside", "linked", "linked/b.txt", "proc", "proc/root", "proc/cwd/x"}) {
    EXPECT_EQ(open_errno(path), ELOOP) << path;
  }
}

TEST_P(Beneath, NeverLeavesTheRoot) {
  for (const char* path : {"..", "../outside.txt", "/etc/passwd", "/"}) EXPECT_EQ(open_errno(path), EXDEV) << path;
}

TEST_P(Beneath, SaysWhyThereIsNothing) {
  EXPECT_EQ(open_errno("missing"), ENOENT);
  EXPECT_EQ(open_errno("missing/a.txt"), ENOENT);
  EXPECT_EQ(open_errno("a.txt/b"), ENOTDIR);
  EXPECT_EQ(open_errno(std::string(300, 'x')), ENAMETOOLONG);
  EXPECT_EQ(open_errno(std::string("a.txt\0", 6)), ENOENT);
}

TEST_P(Beneath, AFifoDoesNotBlock) { EXPECT_EQ(open_errno("fifo"), 0); }

TEST_P(Beneath, FollowsLinksThatStayInsideWhereAsked) {
  fs::create_symlink("dir/../a.txt", folder_ / "root/around");
  fs::create_symlink("../a.txt", folder_ / "root/dir/up");
  fs::create_symlink("around", folder_ / "root/chain");
  fs::create_symlink("loop", folder_ / "root/loop");
  fs::create_symlink("dir/", folder_ / "root/slashed");
  fs::create_symlink("nowhere", folder_ / "root/dangling");
  fs::create_symlink("linked/up/x", folder_ / "root/through-a-file");
  for (const Symlinks symlinks : {Symlinks::kInsideRoot, Symlinks::kSameOwner}) {
    const auto open_errno_of = [&](const std::string& path) {
      const auto file = open_beneath(root_.get(), path, GetParam(), symlinks);
      return file ? 0 : file.error().sys_errno;
    };
    for (const char* path : {"a.txt", "inside", "linked", "linked/b.txt", "around", "dir/up", "linked/up", "chain",
                             "slashed", "slashed/b.txt", ""}) {
      EXPECT_EQ(open_errno_of(path), 0) << path;
    }
    for (const char* path : {"absolute", "relative", "..", "linked/../..", "/etc/passwd", "proc/root"})
      EXPECT_EQ(open_errno_of(path), EXDEV) << path;
    EXPECT_EQ(open_errno_of("loop"), ELOOP);
    EXPECT_EQ(open_errno_of("dangling"), ENOENT);
    EXPECT_EQ(open_errno_of("through-a-file"), ENOTDIR);
    EXPECT_EQ(open_errno_of("a.txt/"), ENOTDIR);
  }
}

TEST_P(Beneath, FollowsALinkOnlyToWhatItsOwnerOwns) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  constexpr uid_t kNobody = 65534;
  const auto open_errno_of = [&](const std::string& path) {
    const auto file = open_beneath(root_.get(), path, GetParam(), Symlinks::kSameOwner);
    return file ? 0 : file.error().sys_errno;
  };
  ASSERT_EQ(::lchown((folder_ / "root/inside").c_str(), kNobody, kNobody), 0);
  ASSERT_EQ(::lchown((folder_ / "root/linked").c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(open_errno_of("inside"), ELOOP);
  EXPECT_EQ(open_errno_of("linked"), ELOOP);
  EXPECT_EQ(open_errno_of("linked/b.txt"), ELOOP) << "on the way too";
  ASSERT_EQ(::lchown((folder_ / "root/a.txt").c_str(), kNobody, kNobody), 0);
  ASSERT_EQ(::lchown((folder_ / "root/dir").c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(open_errno_of("inside"), 0);
  EXPECT_EQ(open_errno_of("linked/b.txt"), 0) << "the link's own end counts, not what lies below it";
}

TEST_P(Beneath, WithoutPatienceItSaysSoInsteadOfWaiting) {
  const auto open_errno_of = [&](const std::string& path, Symlinks symlinks) {
    // The kernel takes it for waiting that a rename elsewhere makes it look twice, or that following a link made in
    // this very tick of its clock has to update the time of access: patient lookups come in between.
    for (int tries = 0;; ++tries) {
      const auto file = open_beneath(root_.get(), path, GetParam(), symlinks, Patience::kNever);
      if (file || file.error().sys_errno != EAGAIN || tries == 10'000) return file ? 0 : file.error().sys_errno;
      static_cast<void>(open_beneath(root_.get(), path, GetParam(), symlinks, Patience::kWait));
    }
  };
  const int walked = GetParam() == BeneathMethod::kWalk ? EAGAIN : 0;
  ASSERT_EQ(open_errno("a.txt"), 0);  // whereupon the kernel knows it
  EXPECT_EQ(open_errno_of("a.txt", Symlinks::kNever), walked);
  EXPECT_EQ(open_errno_of("inside", Symlinks::kInsideRoot), walked);
  EXPECT_EQ(open_errno_of("inside", Symlinks::kSameOwner), EAGAIN);
}

INSTANTIATE_TEST_SUITE_P(Method, Beneath, testing::Values(BeneathMethod::kOpenat2, BeneathMethod::kWalk),
                         [](const auto& info) { return info.param == BeneathMethod::kWalk ? "Walk" : "Openat2"; });

}  // namespace
}  // namespace flare::handlers
