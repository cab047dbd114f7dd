// HTTP dates: whatever is accepted survives being written and read again; every second can be written.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "flare/http/date.h"

namespace {

using namespace flare::http;

void check_round_trip(std::time_t when) {
  constexpr std::time_t kFirst = -62167219200;
  constexpr std::time_t kLast = 253402300799;
  std::array<char, kHttpDateSize> text{};
  if (format_http_date(when, text.data()) != text.data() + text.size()) std::abort();
  const auto parsed = parse_http_date({text.data(), text.size()});
  const std::time_t expected = when < kFirst ? kFirst : when > kLast ? kLast : when;
  if (parsed != expected) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto when = parse_http_date({reinterpret_cast<const char*>(data), size})) check_round_trip(*when);
  std::int64_t when = 0;
  if (size > 0) std::memcpy(&when, data, size < sizeof when ? size : sizeof when);
  check_round_trip(when);
  check_round_trip(when % 253402300800);
  return 0;
}
