#include "flare/http/date.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kFirstSecond = -62167219200;  // 0000-01-01 00:00:00
constexpr std::int64_t kLastSecond = 253402300799;   // 9999-12-31 23:59:59
constexpr std::int64_t kDaysPerEra = 146097;         // 400 years of the Gregorian calendar
constexpr std::int64_t kEpochFromEra = 719468;       // days from 0000-03-01 to 1970-01-01

struct Civil {
  std::int64_t year;
  int month;  ///< 1 to 12
  int day;    ///< 1 to 31
};

// Years are counted from March, so that a leap day is the last of its year.
constexpr std::int64_t days_from_civil(Civil date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kEpochFromEra;
}

constexpr Civil civil_from_days(std::int64_t days) noexcept {
  days += kEpochFromEra;
  const std::int64_t era = (days >= 0 ? days : days - kDaysPerEra + 1) / kDaysPerEra;
  const std::int64_t day_of_era = days - era * kDaysPerEra;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0), .month = month, .day = day};
}

static_assert(days_from_civil({1970, 1, 1}) == 0 && civil_from_days(0).year == 1970);
static_assert(days_from_civil({0, 1, 1}) * kSecondsPerDay == kFirstSecond);
static_assert((days_from_civil({9999, 12, 31}) + 1) * kSecondsPerDay - 1 == kLastSecond);

int days_in_month(std::int64_t year, int month) noexcept {
  constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kLengths[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_two(char* out, std::int64_t value) noexcept {
  *out++ = static_cast<char>('0' + value / 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

/// Takes a date apart from left to right; ok() stays false from the first byte that does not fit.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  /// Nothing left, and everything fitted.
  [[nodiscard]] bool done() const noexcept { return ok_ && rest_.empty(); }

  void literal(std::string_view expected) noexcept {
    ok_ = ok_ && rest_.starts_with(expected);
    if (ok_) rest_.remove_prefix(expected.size());
  }
  int digits(std::size_t count) noexcept {
    int value = 0;
    ok_ = ok_ && rest_.size() >= count;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      ok_ = ascii::is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return value;
  }
  /// asctime's day: a space stands for a leading zero.
  int padded_day() noexcept {
    if (!rest_.starts_with(' ')) return digits(2);
    literal(" ");
    return digits(1);
  }
  /// The index of the name that stands here, cut to `length` bytes (0: all of it).
  std::size_t name(std::span<const std::string_view> names, std::size_t length) noexcept {
    for (std::size_t i = 0; ok_ && i < names.size(); ++i) {
      const std::string_view wanted = length == 0 ? names[i] : names[i].substr(0, length);
      if (!rest_.starts_with(wanted)) continue;
      rest_.remove_prefix(wanted.size());
      return i;
    }
    ok_ = false;
    return 0;
  }
  int month() noexcept { return static_cast<int>(name(kMonths, 0)) + 1; }
  int seconds_of_day() noexcept {
    const int hours = digits(2);
    literal(":");
    const int minutes = digits(2);
    literal(":");
    const int seconds = digits(2);
    ok_ = ok_ && hours < 24 && minutes < 60 && seconds <= 60;  // 60: a leap second
    return (hours * 60 + minutes) * 60 + seconds;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<std::time_t> to_time(Civil date, int seconds) noexcept {
  if (date.day < 1 || date.day > days_in_month(date.year, date.month)) return std::nullopt;
  return days_from_civil(date) * kSecondsPerDay + seconds;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::time_t> parse_imf_fixdate(Scanner in) noexcept {
  in.name(kDays, 3);
  in.literal(", ");
  Civil date{};
  date.day = in.digits(2);
  in.literal(" ");
  date.month = in.month();
  in.literal(" ");
  date.year = in.digits(4);
  in.literal(" ");
  const int seconds = in.seconds_of_day();
  in.literal(" GMT");
  return in.done() ? to_time(date, seconds) : std::nullopt;
}

/// "Sunday, 06-Nov-94 08:49:37 GMT".
std::optional<std::time_t> parse_rfc850(Scanner in) noexcept {
  in.name(kDays, 0);
  in.literal(", ");
  Civil date{};
  date.day = in.digits(2);
  in.literal("-");
  date.month = in.month();
  in.literal("-");
  const int year = in.digits(2);
  date.year = year + (year >= 70 ? 1900 : 2000);
  in.literal(" ");
  const int seconds = in.seconds_of_day();
  in.literal(" GMT");
  return in.done() ? to_time(date, seconds) : std::nullopt;
}

/// "Sun Nov  6 08:49:37 1994".
std::optional<std::time_t> parse_asctime(Scanner in) noexcept {
  in.name(kDays, 3);
  in.literal(" ");
  Civil date{};
  date.month = in.month();
  in.literal(" ");
  date.day = in.padded_day();
  in.literal(" ");
  const int seconds = in.seconds_of_day();
  in.literal(" ");
  date.year = in.digits(4);
  return in.done() ? to_time(date, seconds) : std::nullopt;
}

}  // namespace

char* format_http_date(std::time_t when, char* out) noexcept {
  const std::int64_t seconds = std::clamp<std::int64_t>(when, kFirstSecond, kLastSecond) - kFirstSecond;
  const std::int64_t days = seconds / kSecondsPerDay;  // since 0000-01-01, a Saturday
  const std::int64_t clock = seconds % kSecondsPerDay;
  const Civil date = civil_from_days(days + kFirstSecond / kSecondsPerDay);
  out = put(out, kDays[static_cast<std::size_t>((days + 6) % 7)].substr(0, 3));
  out = put_two(put(out, ", "), date.day);
  out = put(put(out, " "), kMonths[static_cast<std::size_t>(date.month - 1)]);
  out = put_two(put_two(put(out, " "), date.year / 100), date.year % 100);
  out = put_two(put(out, " "), clock / 3600);
  out = put_two(put(out, ":"), clock / 60 % 60);
  out = put_two(put(out, ":"), clock % 60);
  return put(out, " GMT");
}

std::optional<std::time_t> parse_http_date(std::string_view text) noexcept {
  if (text.size() > 3 && text[3] == ',') return parse_imf_fixdate(Scanner(text));
  if (text.size() > 3 && text[3] == ' ') return parse_asctime(Scanner(text));
  return parse_rfc850(Scanner(text));
}

}  // namespace flare::http
