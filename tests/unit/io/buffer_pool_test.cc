#include "flare/io/buffer_pool.h"

#include <gtest/gtest.h>

namespace flare::io {
namespace {

TEST(BufferPool, GivesTheBufferThatCameBackLast) {
  BufferPool pool(1024, 4);
  auto first = pool.borrow();
  auto second = pool.borrow();
  EXPECT_NE(first.data(), second.data());
  EXPECT_EQ(first.bytes().size(), 1024U);
  const char* const address = second.data();
  first.reset();
  second.reset();
  EXPECT_FALSE(second);
  EXPECT_EQ(pool.idle(), 2U);
  EXPECT_EQ(pool.borrow().data(), address);
}

TEST(BufferPool, KeepsAFewAndALeaseMoves) {
  BufferPool pool(16, 1);
  {
    auto first = pool.borrow();
    auto moved = std::move(first);
    EXPECT_TRUE(moved);
    first = pool.borrow();
  }
  EXPECT_EQ(pool.idle(), 1U);
}

TEST(BufferPool, NoLeaseHasNoBytes) {
  const BufferPool::Lease none;
  EXPECT_FALSE(none);
  EXPECT_TRUE(none.bytes().empty());
}

}  // namespace
}  // namespace flare::io
