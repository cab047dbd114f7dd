#include "tests/support/compare_heads.h"

#include <algorithm>
#include <concepts>

#include "flare/http/method.h"
#include "flare/http/request_head_parser.h"
#include "flare/http/status.h"
#include "tests/support/reference_head.h"

namespace flare::test {
namespace {

using Outcome = std::expected<std::size_t, Reason>;

std::string to_text(std::string_view text) { return "\"" + std::string(text) + "\""; }
template <std::integral T>
std::string to_text(T number) {
  return std::to_string(number);
}

class Differences {
 public:
  template <class T, class U>
  void see(std::string_view what, const T& ours, const U& theirs) {
    if (ours == theirs) return;
    text_ += std::string(what) + ": " + to_text(ours) + ", the reference says " + to_text(theirs) + "\n";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// As one number: a status, or bytes taken from 1000 on, or 0 for incomplete.
std::size_t verdict_of(const Outcome& outcome) {
  if (!outcome) return static_cast<std::size_t>(http::status_for(outcome.error()));
  return *outcome == 0 ? 0 : 1000 + *outcome;
}
std::size_t verdict_of(const ReferenceHead& head) {
  if (head.verdict == ReferenceHead::Verdict::kRefused) return static_cast<std::size_t>(head.status);
  return head.verdict == ReferenceHead::Verdict::kIncomplete ? 0 : 1000 + head.size;
}

void compare(const http::RequestHead& head, const ReferenceHead& reference, Differences& differences) {
  differences.see("method token", head.method_token, reference.method);
  const std::string_view known = http::to_string(head.method);
  differences.see("known method", known.empty() ? head.method_token : known, reference.method);
  differences.see("unknown method", known.empty(), http::parse_method(reference.method) == http::Method::kOther);
  differences.see("target", head.target, reference.target);
  differences.see("form", static_cast<int>(head.form), static_cast<int>(reference.form));
  differences.see("https", head.secure_scheme, reference.https);
  differences.see("authority", head.authority, reference.authority);
  differences.see("path", head.path, reference.path);
  differences.see("has a query", head.has_query, reference.has_query);
  differences.see("query", head.query, reference.query);
  differences.see("minor version", int{head.minor_version}, reference.minor_version);
  differences.see("framing", static_cast<int>(head.framing), static_cast<int>(reference.framing));
  differences.see("content length", head.content_length, reference.content_length);
  differences.see("keep-alive", head.keep_alive, reference.keep_alive);
  differences.see("expects", head.expect_continue, reference.expect_continue);
  differences.see("number of fields", head.fields.size(), reference.fields.size());
  for (std::size_t i = 0; i < std::min(head.fields.size(), reference.fields.size()); ++i) {
    differences.see("field name", head.fields[i].name, reference.fields[i].first);
    differences.see("field value", head.fields[i].value, reference.fields[i].second);
  }
}

template <class Scan>
std::string compare_scan(std::string_view input, const http::Limits& limits, const ReferenceHead& reference) {
  if (std::min<std::size_t>(input.size(), limits.header_bytes) < Scan::kMinInput) return "";
  http::RequestHead head;
  const Outcome outcome = http::detail::parse_head<Scan>(input, limits, head);
  Differences differences;
  differences.see("verdict", verdict_of(outcome), verdict_of(reference));
  if (differences.text().empty() && outcome && *outcome != 0) compare(head, reference, differences);
  return differences.text();
}

}  // namespace

std::string compare_heads(std::string_view input, const http::Limits& limits) {
  static_assert(static_cast<int>(http::TargetForm::kAsterisk) == static_cast<int>(ReferenceHead::Form::kAsterisk));
  static_assert(static_cast<int>(http::Framing::kChunked) == static_cast<int>(ReferenceHead::Framing::kChunked));
  const ReferenceHead reference = read_reference_head(
      std::string(input),
      {.header_bytes = limits.header_bytes, .header_count = limits.header_count, .uri_bytes = limits.uri_bytes});
  std::string differences = compare_scan<http::detail::ScalarScan>(input, limits, reference);
  if (differences.empty()) differences = compare_scan<http::detail::SseScan>(input, limits, reference);
  return differences;
}

}  // namespace flare::test
