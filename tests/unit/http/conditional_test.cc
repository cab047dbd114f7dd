#include "flare/http/conditional.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace flare::http {

std::ostream& operator<<(std::ostream& out, const Selection& selection) {
  return out << code(selection.status) << " " << selection.offset << "+" << selection.length;
}

namespace {

constexpr std::uint64_t kSize = 1000;
constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr Representation kCurrent{.size = kSize, .mtime = 784111777, .etag = "\"v1\""};

constexpr Selection kWhole{.length = kSize};
constexpr Selection kNotModified{.status = Status::kNotModified};
constexpr Selection kFailed{.status = Status::kPreconditionFailed};
constexpr Selection kUnsatisfiable{.status = Status::kRangeNotSatisfiable};

constexpr Selection part(std::uint64_t offset, std::uint64_t length) {
  return {.status = Status::kPartialContent, .offset = offset, .length = length};
}

struct Case {
  std::vector<Field> fields;
  Selection expected;
};

void expect_all(Method method, const Representation& representation, const std::vector<Case>& cases) {
  for (const auto& [fields, expected] : cases) {
    std::string trace(to_string(method));
    for (const Field& field : fields) trace.append(" | ").append(field.name).append(": ").append(field.value);
    EXPECT_EQ(select_representation(method, Fields(fields), representation), expected) << trace;
  }
}

TEST(Conditional, WithoutConditionsEverythingIsSent) {
  for (const Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kOptions, Method::kOther}) {
    expect_all(method, kCurrent, {{{}, kWhole}, {{{"Accept", "*/*"}, {"Host", "example.com"}}, kWhole}});
  }
}

TEST(Conditional, F10_IfMatchComparesStrongly) {
  const std::vector<Case> cases = {
      {{{"If-Match", "\"v1\""}}, kWhole},
      {{{"if-match", "\"a\", \"v1\""}}, kWhole},
      {{{"If-Match", ",\"a\",, \t\"v1\" ,"}}, kWhole},
      {{{"If-Match", "\"a\""}, {"If-Match", "\"v1\""}}, kWhole},
      {{{"If-Match", "\"a,b\",\"v1\""}}, kWhole},
      {{{"If-Match", "*"}}, kWhole},
      {{{"If-Match", "W/\"v1\""}}, kFailed},
      {{{"If-Match", "\"V1\""}}, kFailed},
      {{{"If-Match", "\"a\", \"b\""}}, kFailed},
      {{{"If-Match", ""}}, kFailed},
      {{{"If-Match", "v1"}}, kFailed},
      {{{"If-Match", "\"v1"}}, kFailed},
      {{{"If-Match", "\"v1\"x"}}, kFailed},
      {{{"If-Match", "*, \"a\""}}, kFailed},
      {{{"If-Match", "\"a\" \"v1\""}}, kFailed},
      {{{"If-Match", "w/\"v1\""}}, kFailed},
      {{{"If-Match", "\"a b\", \"v1\""}}, kFailed},
  };
  for (const Method method : {Method::kGet, Method::kHead, Method::kPut}) expect_all(method, kCurrent, cases);
}

TEST(Conditional, F10_IfUnmodifiedSinceCountsOnlyWithoutIfMatch) {
  expect_all(Method::kGet, kCurrent,
             {
                 {{{"If-Unmodified-Since", kDate}}, kWhole},
                 {{{"If-Unmodified-Since", kAfter}}, kWhole},
                 {{{"If-Unmodified-Since", kBefore}}, kFailed},
                 {{{"If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:36 GMT"}}, kFailed},
                 {{{"If-Unmodified-Since", "yesterday"}}, kWhole},
                 {{{"If-Unmodified-Since", kBefore}, {"If-Unmodified-Since", kBefore}}, kWhole},
                 {{{"If-Match", "\"v1\""}, {"If-Unmodified-Since", kBefore}}, kWhole},
                 {{{"If-Match", "\"v2\""}, {"If-Unmodified-Since", kAfter}}, kFailed},
             });
}

TEST(Conditional, F12_IfNoneMatchComparesWeakly) {
  const std::vector<std::vector<Field>> matching = {
      {{"If-None-Match", "\"v1\""}},
      {{"If-None-Match", "W/\"v1\""}},
      {{"If-None-Match", "\"a\" , W/\"v1\""}},
      {{"If-None-Match", "\"a\""}, {"If-None-Match", "\"v1\""}},
      {{"If-None-Match", "*"}},
  };
  const std::vector<std::vector<Field>> others = {
      {{"If-None-Match", "\"v2\""}}, {{"If-None-Match", "v1"}}, {{"If-None-Match", ""}}, {{"If-None-Match", "\"\""}}};
  for (const auto& fields : matching) {
    expect_all(Method::kGet, kCurrent, {{fields, kNotModified}});
    expect_all(Method::kHead, kCurrent, {{fields, kNotModified}});
    expect_all(Method::kPut, kCurrent, {{fields, kFailed}});
    expect_all(Method::kOther, kCurrent, {{fields, kFailed}});
    expect_all(Method::kOptions, kCurrent, {{fields, kWhole}});
  }
  for (const auto& fields : others) expect_all(Method::kGet, kCurrent, {{fields, kWhole}});
}

TEST(Conditional, F12_IfModifiedSinceCountsOnlyWithoutIfNoneMatch) {
  expect_all(Method::kGet, kCurrent,
             {
                 {{{"If-Modified-Since", kDate}}, kNotModified},
                 {{{"If-Modified-Since", kAfter}}, kNotModified},
                 {{{"If-Modified-Since", kBefore}}, kWhole},
                 {{{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}, kNotModified},
                 {{{"If-Modified-Since", "0"}}, kWhole},
                 {{{"If-Modified-Since", kDate}, {"If-Modified-Since", kDate}}, kWhole},
                 {{{"If-None-Match", "\"v2\""}, {"If-Modified-Since", kDate}}, kWhole},
                 {{{"If-None-Match", "\"v1\""}, {"If-Modified-Since", kBefore}}, kNotModified},
             });
  expect_all(Method::kHead, kCurrent, {{{{"If-Modified-Since", kDate}}, kNotModified}});
  expect_all(Method::kPost, kCurrent, {{{{"If-Modified-Since", kDate}}, kWhole}});
}

TEST(Conditional, F10_EarlierConditionsDecideFirst) {
  expect_all(Method::kGet, kCurrent,
             {
                 {{{"If-None-Match", "\"v1\""}, {"If-Match", "\"v2\""}}, kFailed},
                 {{{"If-Match", "\"v1\""}, {"If-None-Match", "\"v1\""}}, kNotModified},
                 {{{"If-Unmodified-Since", kBefore}, {"If-None-Match", "\"v1\""}}, kFailed},
                 {{{"Range", "bytes=0-9"}, {"If-None-Match", "\"v1\""}}, kNotModified},
                 {{{"Range", "bytes=0-9"}, {"If-Match", "\"v2\""}}, kFailed},
                 {{{"Range", "bytes=5000-"}, {"If-Modified-Since", kDate}}, kNotModified},
                 {{{"Range", "bytes=0-9"}, {"If-Match", "\"v1\""}}, part(0, 10)},
                 {{{"Range", "bytes=0-9"}, {"If-None-Match", "\"v2\""}}, part(0, 10)},
             });
}

TEST(Conditional, MethodsThatSelectNothingIgnoreConditions) {
  for (const Method method : {Method::kOptions, Method::kTrace, Method::kConnect}) {
    expect_all(method, kCurrent,
               {{{{"If-Match", "\"v2\""}}, kWhole}, {{{"If-None-Match", "*"}, {"Range", "bytes=0-0"}}, kWhole}});
  }
}

TEST(Conditional, ARepresentationWithoutEtagMatchesOnlyTheStar) {
  Representation untagged = kCurrent;
  untagged.etag = "";
  expect_all(Method::kGet, untagged,
             {
                 {{{"If-Match", "\"v1\""}}, kFailed},
                 {{{"If-Match", "\"\""}}, kFailed},
                 {{{"If-Match", "*"}}, kWhole},
                 {{{"If-None-Match", "\"\""}}, kWhole},
                 {{{"If-None-Match", "*"}}, kNotModified},
                 {{{"Range", "bytes=0-0"}, {"If-Range", "\"\""}}, kWhole},
             });
}

TEST(Conditional, AWeakEtagNeverMatchesStrongly) {
  Representation weak = kCurrent;
  weak.etag = "W/\"v1\"";
  expect_all(Method::kGet, weak,
             {
                 {{{"If-Match", "W/\"v1\""}}, kFailed},
                 {{{"If-Match", "\"v1\""}}, kFailed},
                 {{{"If-None-Match", "\"v1\""}}, kNotModified},
                 {{{"Range", "bytes=0-0"}, {"If-Range", "W/\"v1\""}}, kWhole},
                 {{{"Range", "bytes=0-0"}, {"If-Range", "\"v1\""}}, kWhole},
             });
}

std::vector<Case> range_cases(std::vector<std::pair<std::string_view, Selection>> table) {
  std::vector<Case> cases;
  for (const auto& [range, expected] : table) cases.push_back({{{"Range", range}}, expected});
  return cases;
}

TEST(Conditional, F13_ASingleRangeIsPartialContent) {
  expect_all(Method::kGet, kCurrent,
             range_cases({
                 {"bytes=0-0", part(0, 1)},
                 {"bytes=0-499", part(0, 500)},
                 {"bytes=500-", part(500, 500)},
                 {"bytes=999-", part(999, 1)},
                 {"bytes=0-", part(0, kSize)},
                 {"bytes=999-999", part(999, 1)},
                 {"bytes=0-999", part(0, kSize)},
                 {"bytes=0-1000", part(0, kSize)},
                 {"bytes=990-99999999999999999999999999", part(990, 10)},
                 {"bytes=5-18446744073709551615", part(5, 995)},
                 {"bytes=-1", part(999, 1)},
                 {"bytes=-1000", part(0, kSize)},
                 {"bytes=-1001", part(0, kSize)},
                 {"bytes=-99999999999999999999999999", part(0, kSize)},
                 {"BYTES=1-2", part(1, 2)},
                 {"bytes=001-0002", part(1, 2)},
                 {"bytes= 1-2 ,,", part(1, 2)},
             }));
}

TEST(Conditional, F15_AnUnsatisfiableRangeIs416) {
  expect_all(Method::kGet, kCurrent,
             range_cases({
                 {"bytes=1000-", kUnsatisfiable},
                 {"bytes=1000-1001", kUnsatisfiable},
                 {"bytes=-0", kUnsatisfiable},
                 {"bytes=99999999999999999999999999-", kUnsatisfiable},
                 {"bytes=18446744073709551615-18446744073709551615", kUnsatisfiable},
             }));
}

TEST(Conditional, F15_AMalformedOrUnknownRangeIsIgnored) {
  std::vector<std::pair<std::string_view, Selection>> table;
  for (const std::string_view range : {"",
                                       "bytes",
                                       "bytes=",
                                       "bytes=,",
                                       "bytes=-",
                                       "bytes=5",
                                       "bytes=a-b",
                                       "bytes=1-a",
                                       "bytes=a-1",
                                       "bytes=--1",
                                       "bytes=-1-",
                                       "bytes=1--2",
                                       "bytes=2-1",
                                       "bytes=+1-2",
                                       "bytes=1 -2",
                                       "bytes=1- 2",
                                       "bytes =1-2",
                                       "items=0-1",
                                       "none=0-1",
                                       "0-1",
                                       "=0-1",
                                       "bytes:0-1",
                                       "bytes=0x1-2",
                                       "bytes=1-2;3",
                                       "bytes==1-2",
                                       "bytes=99999999999999999999999999-1"}) {
    table.emplace_back(range, kWhole);
  }
  expect_all(Method::kGet, kCurrent, range_cases(table));
}

/// "0+2 5+2": the parts; "ignored", "unsatisfiable".
std::string ranges_of(std::string_view range, std::uint64_t size = kSize) {
  const ByteRanges ranges(range, size);
  if (ranges.kind() == ByteRanges::Kind::kIgnored) return "ignored";
  if (ranges.kind() == ByteRanges::Kind::kUnsatisfiable) return "unsatisfiable";
  std::string text;
  for (const ByteRange& part : ranges.parts()) {
    text.append(text.empty() ? "" : " ")
        .append(std::to_string(part.offset))
        .append("+")
        .append(std::to_string(part.length));
  }
  return text;
}

std::string many_ranges(int count) {
  std::string range = "bytes=";
  for (int i = 0; i < count; ++i) range += std::to_string(i * 10) + "-" + std::to_string(i * 10 + 1) + ",";
  return range;
}

TEST(Conditional, F14_SeveralRanges) {
  struct Case {
    std::string_view range, parts;
  };
  for (const auto& [range, parts] : std::initializer_list<Case>{
           {"bytes=0-1,5-6", "0+2 5+2"},
           {"bytes=5-6, 0-1", "5+2 0+2"},  // in the order that was asked for
           {"bytes=0-1, -1", "0+2 999+1"},
           {"bytes=0-1,2-3", "0+4"},   // they touch
           {"bytes=0-5,3-9", "0+10"},  // two overlap
           {"bytes=3-9,0-5", "0+10"},
           {"bytes=0-1,8-9,2-7", "0+10"},  // the last one joins the others
           {"bytes=0-9,0-9", "0+10"},
           {"bytes=0-5,3-9,20-21", "0+10 20+2"},
           {"bytes=0-5,3-9,4-12", "ignored"},  // more than two overlap, RFC 9110 Â§14.2
           {"bytes=0-1,5000-", "0+2"},         // what cannot be satisfied adds nothing
           {"bytes=5000-,6000-", "unsatisfiable"},
           {"bytes=-0,5000-", "unsatisfiable"},
           {"bytes=0-1,5-4", "ignored"},  // one is malformed: all are
           {"bytes=0-1,x", "ignored"},
           {"bytes=0-1,,5-6,", "0+2 5+2"},
           {"bytes=,", "ignored"},
           {"lines=0-1,5-6", "ignored"},
       }) {
    EXPECT_EQ(ranges_of(range), parts) << range;
  }
  EXPECT_EQ(ranges_of("bytes=0-0,-1", 0), "ignored");
  EXPECT_NE(ranges_of(many_ranges(16)), "ignored");
  EXPECT_EQ(ranges_of(many_ranges(17)), "ignored");  // RFC 9110 Â§17.15
}

TEST(Conditional, F14_SeveralRangesAreOneSelectionWhereOneIsLeft) {
  const Selection several{.status = Status::kPartialContent, .several = true};
  expect_all(
      Method::kGet, kCurrent,
      range_cases({{"bytes=0-1,5-6", several}, {"bytes=0-1,2-3", part(0, 4)}, {"bytes=5000-,6000-", kUnsatisfiable}}));
  expect_all(Method::kGet, kCurrent, {{{{"Range", "bytes=0-1"}, {"Range", "bytes=5-6"}}, kWhole}});
  EXPECT_EQ(content_range({.offset = 5, .length = 2}, 1000), "bytes 5-6/1000");
}

TEST(Conditional, F13_OnlyGetHasRanges) {
  for (const Method method : {Method::kHead, Method::kPost, Method::kPut, Method::kOther}) {
    expect_all(method, kCurrent, range_cases({{"bytes=0-0", kWhole}, {"bytes=5000-", kWhole}}));
  }
}

TEST(Conditional, F21_AnEmptyFileHasNoParts) {
  const Representation empty{.size = 0, .etag = "\"v1\""};
  const Selection nothing{};
  expect_all(Method::kGet, empty,
             range_cases({{"bytes=-5", nothing},
                          {"bytes=-0", kUnsatisfiable},
                          {"bytes=0-", kUnsatisfiable},
                          {"bytes=0-0", kUnsatisfiable},
                          {"bytes=1-0", nothing}}));
}

TEST(Conditional, F21_OffsetsHave64Bits) {
  const Representation huge{.size = UINT64_MAX, .etag = "\"v1\""};
  expect_all(Method::kGet, huge,
             range_cases({{"bytes=4294967296-4294967297", part(4294967296, 2)},
                          {"bytes=-1", part(UINT64_MAX - 1, 1)},
                          {"bytes=0-", part(0, UINT64_MAX)},
                          {"bytes=18446744073709551615-", kUnsatisfiable}}));
}

TEST(Conditional, F16_IfRangeNeedsAStrongEtagOrTheExactDate) {
  const auto with_if_range = [](std::string_view value) {
    return std::vector<Field>{{"Range", "bytes=0-9"}, {"If-Range", value}};
  };
  expect_all(Method::kGet, kCurrent,
             {
                 {with_if_range("\"v1\""), part(0, 10)},
                 {with_if_range("\"v2\""), kWhole},
                 {with_if_range("W/\"v1\""), kWhole},
                 {with_if_range("\"v1\", \"v2\""), kWhole},
                 {with_if_range("*"), kWhole},
                 {with_if_range(""), kWhole},
                 {with_if_range("v1"), kWhole},
                 {with_if_range(kDate), part(0, 10)},
                 {with_if_range("Sun Nov  6 08:49:37 1994"), part(0, 10)},
                 {with_if_range(kBefore), kWhole},
                 {with_if_range(kAfter), kWhole},
                 {{{"Range", "bytes=0-9"}, {"If-Range", "\"v1\""}, {"If-Range", "\"v1\""}}, kWhole},
                 {{{"If-Range", "\"v2\""}}, kWhole},
                 {{{"Range", "bytes=5000-"}, {"If-Range", "\"v2\""}}, kWhole},
                 {{{"Range", "bytes=5000-"}, {"If-Range", "\"v1\""}}, kUnsatisfiable},
             });
  Representation fresh = kCurrent;
  fresh.date_is_strong = false;
  expect_all(Method::kGet, fresh, {{with_if_range(kDate), kWhole}, {with_if_range("\"v1\""), part(0, 10)}});
}

TEST(MakeEtag, F9_TellsSizeAndNanosecondsApart) {
  EXPECT_EQ(make_etag(13, 0x17a3b2c4d5e6f708), "\"d-17a3b2c4d5e6f708\"");
  EXPECT_EQ(make_etag(0, 0), "\"0-0\"");
  EXPECT_EQ(make_etag(UINT64_MAX, -1), "\"ffffffffffffffff-ffffffffffffffff\"");
  EXPECT_NE(make_etag(1, 1), make_etag(1, 2));
  EXPECT_NE(make_etag(0x11, 1), make_etag(1, 0x11));
}

}  // namespace
}  // namespace flare::http
