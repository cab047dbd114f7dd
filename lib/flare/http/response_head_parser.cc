#include "flare/http/response_head_parser.h"

#include <algorithm>

#include "flare/http/field_line.h"

namespace flare::http {
namespace {

using detail::Stage;

/// Sees every field line in order, then the end of the head; both give the reason to refuse it.
class ResponseSemantics {
 public:
  ResponseSemantics(ResponseHead& head, Method method) noexcept : head_(head), to_head_(method == Method::kHead) {}

  /// Precondition: the name is a token, the value is trimmed.
  Reason see(const Field& field) noexcept {
    const std::string_view name = field.name;
    switch (name.size()) {
      case 10: return ascii::iequals(name, "connection") ? see_connection(field.value) : Reason::kNone;
      case 14: return ascii::iequals(name, "content-length") ? see_content_length(field.value) : Reason::kNone;
      case 17: return ascii::iequals(name, "transfer-encoding") ? see_transfer_encoding(field.value) : Reason::kNone;
      default: return Reason::kNone;
    }
  }

  Reason finish() noexcept {
    const bool declared = chunked_ || head_.content_length.value_or(0) != 0;
    head_.keep_alive = !close_ && (head_.minor_version != 0 || keep_alive_);                       // RFC 9112 §9.3
    if (code(head_.status) < 200) return declared ? Reason::kBadTransferEncoding : Reason::kNone;  // RFC 9110 §8.6
    if (to_head_ || has_no_body(head_.status)) {
      // A 204 that declares content may send it: nothing is asked on that connection again.
      if (head_.status == Status::kNoContent && declared) head_.keep_alive = false;
    } else if (chunked_) {
      head_.framing = BodyFraming::kChunked;
    } else if (head_.content_length) {
      head_.framing = BodyFraming::kLength;
    } else {
      head_.framing = BodyFraming::kUntilClose;
      head_.keep_alive = false;
    }
    return Reason::kNone;
  }

 private:
  Reason see_connection(std::string_view value) noexcept {
    for_each_element(value, [this](std::string_view option) {
      if (ascii::iequals(option, "close")) close_ = true;
      if (ascii::iequals(option, "keep-alive")) keep_alive_ = true;
    });
    return Reason::kNone;
  }
  Reason see_content_length(std::string_view value) noexcept {
    if (chunked_) return Reason::kLengthAndCoding;  // RFC 9112 §6.3
    const auto length = parse_content_length(value);
    if (!length) return Reason::kBadContentLength;
    if (head_.content_length && head_.content_length != length) return Reason::kDuplicateContentLength;
    head_.content_length = length;
    return Reason::kNone;
  }
  Reason see_transfer_encoding(std::string_view value) noexcept {
    if (head_.content_length) return Reason::kLengthAndCoding;                      // RFC 9112 §6.3
    if (chunked_ || head_.minor_version == 0) return Reason::kBadTransferEncoding;  // RFC 9112 §6.1
    chunked_ = true;
    return check_transfer_codings(value);
  }

  ResponseHead& head_;
  bool to_head_;
  bool chunked_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
};

/// RFC 9112 §4: "HTTP/1.1 200 OK", the second space also where there is no phrase.
template <class Scan>
Stage parse_status_line(const char* p, const char* end, ResponseHead& head) noexcept {
  constexpr std::string_view kShape = "HTTP/d.d ddd ";  // RFC 9112 §2.3: case-sensitive
  constexpr std::string_view kUsual = "HTTP/1.1 200 ";
  const bool is_usual = std::string_view(p, end).starts_with(kUsual);
  for (std::size_t i = 0; i < kShape.size() && !is_usual; ++i) {
    if (p + i == end) return Stage::incomplete();
    const bool fits = kShape[i] == 'd' ? ascii::is_digit(p[i]) : p[i] == kShape[i];
    if (!fits) return detail::refuse_byte(p + i, end, Reason::kBadStatusLine);
  }
  if (p[5] != '1') return Stage::refused(p[5] == '0' ? Reason::kBadStatusLine : Reason::kVersionNotSupported);
  head.minor_version = p[7] == '0' ? 0 : 1;
  const int number = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
  if (number < 100 || number > 599) return Stage::refused(Reason::kBadStatusLine);  // RFC 9110 §15
  head.status = static_cast<Status>(number);
  const char* const phrase = p + kShape.size();
  const char* const stop = Scan::template skip<detail::ByteSet::kFieldValue>(phrase, end);
  head.reason_phrase = {phrase, stop};
  return detail::expect_line_end(stop, end, Reason::kBadStatusLine);
}

/// All field lines and the empty line after them; `see` gives the reason to refuse one.
template <class Scan, class See>
Stage parse_fields(const char* p, const char* end, std::size_t most, std::vector<Field>& fields, See&& see) {
  for (;;) {
    if (p == end) return Stage::incomplete();
    if (*p == '\r') return detail::expect_line_end(p, end, Reason::kBadLineEnding);
    if (fields.size() == most) return Stage::refused(Reason::kHeaderCount);
    Field field;
    const Stage line = detail::parse_field_line<Scan>(p, end, field);
    if (line.next == nullptr) return line;
    fields.push_back(field);
    if (const Reason reason = see(field); reason != Reason::kNone) return Stage::refused(reason);
    p = line.next;
  }
}

template <class Scan>
Stage parse_head(const char* p, const char* end, Method method, const ResponseHeadLimits& limits, ResponseHead& head) {
  ResponseSemantics semantics(head, method);
  const Stage line = parse_status_line<Scan>(p, end, head);
  if (line.next == nullptr) return line;
  const Stage done = parse_fields<Scan>(line.next, end, limits.header_count, head.fields,
                                        [&](const Field& field) { return semantics.see(field); });
  if (done.next == nullptr) return done;
  const Reason reason = semantics.finish();
  return reason == Reason::kNone ? done : Stage::refused(reason);
}

}  // namespace

std::expected<std::size_t, Reason> parse_response_head(std::string_view input, Method method,
                                                       const ResponseHeadLimits& limits, ResponseHead& head) {
  head.fields.clear();
  static_cast<ResponseHeadLine&>(head) = {};
  // What lies beyond the limit is never looked at: running into that end is the limit hit.
  const std::string_view seen = input.substr(0, limits.header_bytes);
  const char* const begin = seen.data();
  const char* const end = begin + seen.size();
  const Stage stage = seen.size() >= detail::SseScan::kMinInput
                          ? parse_head<detail::SseScan>(begin, end, method, limits, head)
                          : parse_head<detail::ScalarScan>(begin, end, method, limits, head);
  if (stage.next != nullptr) [[likely]]
    return static_cast<std::size_t>(stage.next - begin);
  if (stage.reason != Reason::kNone) return std::unexpected(stage.reason);
  if (input.size() > limits.header_bytes) return std::unexpected(Reason::kHeaderBytes);
  return 0;
}

std::expected<void, Reason> parse_trailers(std::string_view section, std::vector<Field>& fields) {
  fields.clear();
  const Stage stage = parse_fields<detail::ScalarScan>(section.data(), section.data() + section.size(), section.size(),
                                                       fields, [](const Field&) { return Reason::kNone; });
  if (stage.next != nullptr) return {};
  return std::unexpected(stage.reason == Reason::kNone ? Reason::kBadTrailer : stage.reason);
}

}  // namespace flare::http
