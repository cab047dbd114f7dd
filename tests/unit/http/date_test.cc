#include "flare/http/date.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace flare::http {
namespace {

std::string format(std::time_t when) {
  std::array<char, kHttpDateSize + 1> text{};
  text.back() = '#';
  EXPECT_EQ(format_http_date(when, text.data()), text.data() + kHttpDateSize);
  EXPECT_EQ(text.back(), '#') << "nothing is written behind the date";
  return {text.data(), kHttpDateSize};
}

struct Known {
  std::time_t when;
  std::string_view text;
};

constexpr Known kKnown[] = {
    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},  // the example of RFC 9110 §5.6.7
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
    {1709208000, "Thu, 29 Feb 2024 12:00:00 GMT"},
    {2147483647, "Tue, 19 Jan 2038 03:14:07 GMT"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    {4107542399, "Sun, 28 Feb 2100 23:59:59 GMT"},
    {-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
};

TEST(HttpDate, WritesAndReadsKnownMoments) {
  for (const auto& [when, text] : kKnown) {
    EXPECT_EQ(format(when), text);
    EXPECT_EQ(parse_http_date(text), when) << text;
  }
}

TEST(HttpDate, StaysInsideTheYearsItCanWrite) {
  EXPECT_EQ(format(std::numeric_limits<std::time_t>::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format(std::numeric_limits<std::time_t>::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(HttpDate, RoundTripsEveryDayOfFourCenturies) {
  constexpr std::time_t kDay = 86400;
  std::string before;
  for (std::time_t day = 0; day < 146097; ++day) {
    const std::time_t when = day * kDay + (day * 7919) % kDay;
    const std::string text = format(when);
    ASSERT_EQ(parse_http_date(text), when) << text;
    ASSERT_NE(text, before);
    before = text;
  }
}

TEST(HttpDate, AgreesWithTheCLibrary) {
  for (std::time_t when = -5'000'000'000; when < 20'000'000'000; when += 86'399'999) {
    std::tm tm{};
    std::array<char, 64> text{};
    ASSERT_NE(::gmtime_r(&when, &tm), nullptr);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    EXPECT_EQ(format(when), text.data());
  }
}

TEST(HttpDate, ReadsTheObsoleteForms) {
  struct Case {
    std::string_view text, meaning;
  };
  for (const auto& [text, meaning] : {
           Case{"Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"},
           Case{"Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT"},
           Case{"Wed Nov 16 08:49:37 1994", "Wed, 16 Nov 1994 08:49:37 GMT"},
           Case{"Thursday, 01-Jan-70 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"},
           Case{"Tuesday, 31-Dec-69 23:59:59 GMT", "Tue, 31 Dec 2069 23:59:59 GMT"},
           Case{"Saturday, 01-Jan-00 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"},
           Case{"Sat, 31 Dec 2016 23:59:60 GMT", "Sun, 01 Jan 2017 00:00:00 GMT"},  // a leap second
           Case{"Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"},  // the day's name carries nothing
       }) {
    EXPECT_EQ(parse_http_date(text), parse_http_date(meaning)) << text;
    EXPECT_TRUE(parse_http_date(text)) << text;
  }
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const std::string_view text : {
           "",
           " ",
           "0",
           "784111777",
           "Sun",
           "Sun,",
           "Sun ",
           "Sun, 06 Nov 1994 08:49:37 GMT ",
           " Sun, 06 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 08:49:37",
           "Sun, 06 Nov 1994 08:49:37 gmt",
           "Sun, 06 Nov 1994 08:49:37 UTC",
           "Sun, 06 Nov 1994 08:49:37 +0000",
           "Sun, 6 Nov 1994 08:49:37 GMT",
           "sun, 06 Nov 1994 08:49:37 GMT",
           "Sun, 06 nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 94 08:49:37 GMT",
           "Sun, 06 Nov 1994 24:00:00 GMT",
           "Sun, 06 Nov 1994 08:60:37 GMT",
           "Sun, 06 Nov 1994 08:49:61 GMT",
           "Sun, 00 Nov 1994 08:49:37 GMT",
           "Sun, 31 Nov 1994 08:49:37 GMT",
           "Sun, 29 Feb 2023 08:49:37 GMT",
           "Sun, 29 Feb 1900 08:49:37 GMT",
           "Sun, -6 Nov 1994 08:49:37 GMT",
           "Sun,  6 Nov 1994 08:49:37 GMT",
           "Sun, 06  Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994  8:49:37 GMT",
           "Sunday, 06 Nov 1994 08:49:37 GMT",
           "Sun, 06-Nov-94 08:49:37 GMT",
           "Sunday, 06-Nov-1994 08:49:37 GMT",
           "Sunday,06-Nov-94 08:49:37 GMT",
           "Sundae, 06-Nov-94 08:49:37 GMT",
           "Sun Nov 6 08:49:37 1994",
           "Sun Nov  6 08:49:37 1994 GMT",
           "Sun Nov  0 08:49:37 1994",
           "Sun Nov 06 08:49:37 94",
       }) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
  for (std::size_t cut = 0; cut < kHttpDateSize; ++cut) {
    EXPECT_FALSE(parse_http_date(kKnown[0].text.substr(0, cut)));
  }
}

}  // namespace
}  // namespace flare::http
