#include "flare/http/content_coding.h"

#include <gtest/gtest.h>

namespace flare::http {
namespace {

TEST(ContentCoding, NamesAreThoseOfTheRegistry) {
  EXPECT_EQ(to_string(ContentCoding::kZstd), "zstd");
  EXPECT_EQ(to_string(ContentCoding::kBrotli), "br");
  EXPECT_EQ(to_string(ContentCoding::kGzip), "gzip");
  for (const ContentCoding coding : kContentCodings) EXPECT_EQ(parse_content_coding(to_string(coding)), coding);
  EXPECT_EQ(parse_content_coding("identity"), std::nullopt);
  EXPECT_EQ(parse_content_coding(""), std::nullopt);
}

}  // namespace
}  // namespace flare::http
