#include "flare/io/pieces.h"

#include <gtest/gtest.h>

#include <string>

namespace flare::io {
namespace {

std::string left(const Pieces& pieces) {
  std::string all;
  for (const iovec& each : pieces.vectors()) all.append(static_cast<const char*>(each.iov_base), each.iov_len);
  return all;
}

TEST(Pieces, LeaveFromTheFrontAtEveryCut) {
  const std::string whole = "headchunkpiece";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    Pieces pieces{"head", "", "chunk", "piece"};
    EXPECT_EQ(pieces.vectors().size(), 3U);
    pieces.consume(cut);
    EXPECT_EQ(left(pieces), whole.substr(cut));
    EXPECT_EQ(pieces.empty(), cut == whole.size());
    for (const iovec& each : pieces.vectors()) EXPECT_NE(each.iov_len, 0U);
  }
}

TEST(Pieces, NothingIsEmpty) {
  EXPECT_TRUE(Pieces("").empty());
  EXPECT_TRUE(Pieces("", "").empty());
}

}  // namespace
}  // namespace flare::io
