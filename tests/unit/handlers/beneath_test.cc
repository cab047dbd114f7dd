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

INSTANTIATE_TEST_SUITE_P(Method, Beneath, testing::Values(BeneathMethod::kOpenat2, BeneathMethod::kWalk),
                         [](const auto& info) { return info.param == BeneathMethod::kWalk ? "Walk" : "Openat2"; });

}  // namespace
}  // namespace flare::handlers
