#include "flare/http/quality.h"

#include <gtest/gtest.h>

#include <array>

namespace flare::http {
namespace {

TEST(Quality, AWeightIsThousandthsOrTheElementIsMalformed) {
  struct Case {
    std::string_view element;
    std::optional<std::uint16_t> weight;
  };
  constexpr Case kCases[] = {
      {"text/html", 1000},
      {"a;q=1", 1000},
      {"a;q=1.000", 1000},
      {"a;q=0", 0},
      {"a;q=0.", 0},
      {"a;q=0.7", 700},
      {"a;q=0.07", 70},
      {"a;q=0.007", 7},
      {"a; Q=0.25", 250},
      {"a ; b=c ; q=0.5", 500},
      {"a;level=1", 1000},
      {"a;q=", std::nullopt},
      {"a;q=2", std::nullopt},
      {"a;q=1.1", std::nullopt},
      {"a;q=0.0001", std::nullopt},
      {"a;q=-1", std::nullopt},
      {"a;q=.5", std::nullopt},
      {"a;q=0,5", std::nullopt},
      {"a;q=0.x", std::nullopt},
  };
  for (const Case& each : kCases) EXPECT_EQ(weight_of(each.element), each.weight) << each.element;
}

TEST(Quality, TheMostSpecificRangeDecides) {
  constexpr std::array<Field, 2> kFields{Field{"Accept", "text/*;q=0.3, text/html;q=0.7, , */*;q=0.5"},
                                         Field{"ACCEPT", "image/png;q=0.9, image/gif;q=3"}};
  const Fields fields(kFields);
  EXPECT_EQ(accept_weight(fields, "text/html"), 700);
  EXPECT_EQ(accept_weight(fields, "Text/Plain"), 300);
  EXPECT_EQ(accept_weight(fields, "image/png"), 900);
  EXPECT_EQ(accept_weight(fields, "image/gif"), 500);  // its own range is malformed
  EXPECT_EQ(accept_weight(fields, "textual/html"), 500);
  EXPECT_EQ(accept_weight(Fields(std::span(kFields).subspan(1)), "text/html"), 0);
  EXPECT_EQ(accept_weight(Fields(), "text/html"), 1000);
}

TEST(Quality, F18_CodingsAreWeighed) {
  struct Case {
    std::string_view value;
    int gzip, br, identity;
  };
  for (const auto& [value, gzip, br, identity] : std::initializer_list<Case>{
           {"gzip", 1000, 0, 1},
           {"gzip;q=0.5, br", 500, 1000, 1},
           {"x-GZIP", 1000, 0, 1},
           {"", 0, 0, 1},
           {"*", 1000, 1000, 1000},
           {"*;q=0", 0, 0, 0},
           {"gzip, *;q=0", 1000, 0, 0},
           {"identity;q=0", 0, 0, 0},
           {"br;q=0.2, identity;q=0.5", 0, 200, 500},
           {"gzip;q=2, br;q=0.001", 0, 1, 1},  // malformed: counts for nothing
           {"gzip;q=0, *", 0, 1000, 1000},
           {"gzipped", 0, 0, 1},
       }) {
    const Field field{"accept-encoding", value};
    const Fields fields(std::span(&field, 1));
    EXPECT_EQ(CodingWeights(fields).of("gzip"), gzip) << value;
    EXPECT_EQ(CodingWeights(fields).of("br"), br) << value;
    EXPECT_EQ(CodingWeights(fields).of("identity"), identity) << value;
  }
  EXPECT_EQ(CodingWeights(Fields()).of("gzip"), 0);
  EXPECT_EQ(CodingWeights(Fields()).of("identity"), 1000);
  EXPECT_EQ(CodingWeights(Fields()).of("compress"), 0);
}

}  // namespace
}  // namespace flare::http
