#include "flare/io/page_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "flare/net/unique_fd.h"
#include "support/temp_folder.h"

namespace flare::io {
namespace {

TEST(PageCache, WhatWasReadIsResident) {
  constexpr std::uint64_t kSize = 1'000'000;
  test::TempFolder folder;
  folder.write("file", std::string(kSize, 'x'));
  const net::UniqueFd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  ::fsync(file.get());
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);  // whereupon it may be on the disk only
  make_resident(file.get(), 0, kSize);
  EXPECT_TRUE(is_resident(file.get(), 0, kSize));
  EXPECT_TRUE(is_resident(file.get(), kSize - 1, 1));
}

TEST(PageCache, WhatHasNoPagesIsNeverResident) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const net::UniqueFd out(ends[0]);
  const net::UniqueFd in(ends[1]);
  EXPECT_FALSE(is_resident(out.get(), 0, 1));
  EXPECT_FALSE(is_resident(-1, 0, 1));
  make_resident(-1, 0, 100);  // says nothing, ends
}

TEST(PageCache, BehindTheEndThereIsNothingToWaitFor) {
  test::TempFolder folder;
  folder.write("short", "abc");
  const net::UniqueFd file(::open((folder / "short").c_str(), O_RDONLY | O_CLOEXEC));
  make_resident(file.get(), 0, 1'000'000);
  EXPECT_TRUE(is_resident(file.get(), 0, 1'000'000));
}

}  // namespace
}  // namespace flare::io
