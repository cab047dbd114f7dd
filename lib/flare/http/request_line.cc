#include "flare/http/request_line.h"

#include <algorithm>

#include "flare/http/path.h"

namespace flare::http::detail {
namespace {

/// `rest` is the target after its authority, `slash` one that an empty path may be shown as.
void split_path(std::string_view rest, std::string_view slash, RequestHead& head) noexcept {
  const std::size_t question = rest.find('?');
  head.path = rest.substr(0, question);
  if (head.path.empty()) head.path = slash;  // RFC 9110 §4.2.3
  head.has_query = question != std::string_view::npos;
  if (head.has_query) head.query = rest.substr(question + 1);
}

bool remove_scheme(std::string_view& target, std::string_view scheme) noexcept {
  if (!ascii::iequals(target.substr(0, scheme.size()), scheme)) return false;
  target.remove_prefix(scheme.size());
  return true;
}

/// H-9: RFC 9112 §3.2.2.
Reason split_absolute(RequestHead& head) noexcept {
  std::string_view rest = head.target;
  if (remove_scheme(rest, "https://")) {
    head.secure_scheme = true;
  } else if (!remove_scheme(rest, "http://")) {
    return Reason::kBadTarget;
  }
  head.form = TargetForm::kAbsolute;
  const std::size_t size = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, size);
  if (authority.empty() || !is_valid_authority(authority)) return Reason::kBadTarget;  // RFC 9110 §4.2.1, §4.2.4
  head.authority = authority;
  split_path(rest.substr(size), {authority.data() - 1, 1}, head);  // of "://": every view lies in the input
  return Reason::kNone;
}

}  // namespace

Reason split_other_target(RequestHead& head) noexcept {
  const std::string_view target = head.target;
  if (target != "*") return split_absolute(head);
  if (head.method != Method::kOptions) return Reason::kBadTarget;  // H-10
  head.form = TargetForm::kAsterisk;
  head.path = target;
  return Reason::kNone;
}

Stage refuse_target(const char* p, const char* stop, const char* end) noexcept {
  if (stop == end) return Stage::incomplete();
  if (*stop == '\r') return refuse_byte(stop, end, stop == p ? Reason::kBadRequestLine : Reason::kBadVersion);
  if (*stop != ' ') return refuse_byte(stop, end, Reason::kBadTarget);
  return Stage::refused(Reason::kBadRequestLine);  // two spaces: RFC 9112 §3
}

Stage parse_version(const char* p, const char* end, RequestHead& head) noexcept {
  constexpr std::string_view kShape = "HTTP/d.d";  // RFC 9112 §2.3: case-sensitive, one digit each
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (p + i == end) return Stage::incomplete();
    const bool fits = kShape[i] == 'd' ? ascii::is_digit(p[i]) : p[i] == kShape[i];
    if (!fits) return refuse_byte(p + i, end, Reason::kBadVersion);
  }
  const Stage line_end = expect_line_end(p + kShape.size(), end, Reason::kBadVersion);
  if (line_end.next == nullptr) return line_end;
  if (p[5] == '0') return Stage::refused(Reason::kBadVersion);  // H-3
  if (p[5] != '1') return Stage::refused(Reason::kVersionNotSupported);
  head.minor_version = p[7] == '0' ? 0 : 1;
  return line_end;
}

}  // namespace flare::http::detail
