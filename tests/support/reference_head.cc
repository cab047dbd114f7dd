#include "tests/support/reference_head.h"

namespace flare::test {
namespace {

// ---- RFC 5234 core rules and the classes of bytes

bool is_alpha(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_one_of(char c, const std::string& set) { return set.find(c) != std::string::npos; }
bool is_tchar(char c) { return is_alpha(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~"); }  // RFC 9110 §5.6.2
bool is_control(char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }
/// More than RFC 3986 allows: what browsers send unescaped. Not '#', which ends a target, nor what breaks out of
/// markup.
bool is_target_byte(char c) { return c > 0x20 && c < 0x7F && !is_one_of(c, "#\"<>"); }

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string stripped(std::string text) {
  while (!text.empty() && is_blank(text.front())) text.erase(0, 1);
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  return text;
}

/// The elements of a comma list without the blanks around them, empty ones too.
std::vector<std::string> elements(const std::string& list) {
  std::vector<std::string> found(1);
  for (const char c : list) {
    if (c == ',') {
      found.emplace_back();
    } else {
      found.back() += c;
    }
  }
  for (std::string& element : found) element = stripped(element);
  return found;
}

bool is_token(const std::string& text) {
  for (const char c : text) {
    if (!is_tchar(c)) return false;
  }
  return !text.empty();
}

/// Digits without leading zeros, "0" for zero; "" for what is no number.
std::string plain_number(std::string text) {
  for (const char c : text) {
    if (!is_digit(c)) return "";
  }
  while (text.size() > 1 && text.front() == '0') text.erase(0, 1);
  return text;
}

/// Both as plain_number gives them.
bool is_at_most(const std::string& number, const std::string& bound) {
  return number.size() != bound.size() ? number.size() < bound.size() : number <= bound;
}

// ---- RFC 3986 §3.2.2

bool is_ipv4(const std::string& text) {
  int octets = 0;
  std::size_t at = 0;
  for (;;) {
    std::string octet;
    while (at < text.size() && is_digit(text[at])) octet += text[at++];
    if (octet.empty() || octet != plain_number(octet) || !is_at_most(octet, "255")) return false;
    ++octets;
    if (at == text.size()) return octets == 4;
    if (text[at++] != '.') return false;
  }
}

/// How many of the eight groups "h16:h16:..." are, with an IPv4 address for the last two where `may_end_in_ipv4`;
/// -1 where it is something else. "" is none.
int count_groups(const std::string& text, bool may_end_in_ipv4) {
  if (text.empty()) return 0;
  int groups = 0;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t colon = text.find(':', begin);
    const std::string group = text.substr(begin, colon == std::string::npos ? colon : colon - begin);
    if (colon == std::string::npos && may_end_in_ipv4 && is_ipv4(group)) return groups + 2;
    if (group.empty() || group.size() > 4) return -1;
    for (const char c : group) {
      if (!is_hex(c)) return -1;
    }
    ++groups;
    if (colon == std::string::npos) return groups;
    begin = colon + 1;
  }
}

bool is_ipv6(const std::string& text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string::npos) return count_groups(text, true) == 8;
  const int before = count_groups(text.substr(0, gap), false);
  const int after = count_groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

bool is_reg_name(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_alpha(text[i]) && !is_digit(text[i]) && !is_one_of(text[i], "-._~!$&'()*+,;=")) {
      return false;
    }
  }
  return !text.empty();  // RFC 9110 §4.2.1
}

// ---- the head

struct Incomplete {};
struct Refused {
  int status;
};

class Reader {
 public:
  Reader(const std::string& input, const ReferenceLimits& limits)
      : text_(input.substr(0, limits.header_bytes)), limits_(limits) {}

  ReferenceHead read() {
    if (peek() == '\r') line_end();  // H-1: one empty line
    request_line();
    while (peek() != '\r') {
      if (head_.fields.size() == limits_.header_count) throw Refused{431};  // H-7
      field_line();
    }
    line_end();
    if (hosts_ == 0 && head_.minor_version != 0) throw Refused{400};          // H-8
    head_.keep_alive = !close_ && (keep_alive_ || head_.minor_version != 0);  // H-17
    head_.size = at_;
    head_.verdict = ReferenceHead::Verdict::kAccepted;
    return head_;
  }

 private:
  char peek() const {
    if (at_ == text_.size()) throw Incomplete{};
    return text_[at_];
  }

  /// The byte here does not belong here. A CR is judged with its successor: a line ending is two bytes.
  [[noreturn]] void refuse() const {
    if (peek() == '\r' && at_ + 1 == text_.size()) throw Incomplete{};
    throw Refused{400};
  }

  void expect(char c) {
    if (peek() != c) refuse();
    ++at_;
  }

  /// H-2: CRLF, and nothing else.
  void line_end() {
    if (peek() != '\r') refuse();
    if (at_ + 1 == text_.size()) throw Incomplete{};
    if (text_[at_ + 1] != '\n') throw Refused{400};
    at_ += 2;
  }

  // RFC 9112 §3: method SP request-target SP HTTP-version
  void request_line() {
    method();
    target();
    version();
  }

  void method() {
    for (; at_ < text_.size() && is_tchar(text_[at_]); ++at_) head_.method += text_[at_];
    if (head_.method.size() > 32) throw Refused{501};  // H-4
    if (head_.method.empty()) refuse();
    expect(' ');
  }

  void target() {
    for (; at_ < text_.size() && is_target_byte(text_[at_]); ++at_) head_.target += text_[at_];
    if (head_.target.size() > limits_.uri_bytes) throw Refused{414};  // H-7
    expect(' ');
    if (head_.target.empty()) throw Refused{400};
    if (head_.method == "CONNECT" || head_.method == "TRACE") throw Refused{405};  // H-5
    if (head_.target.front() == '/') return path_and_query(head_.target);
    if (head_.target != "*") return absolute_form();
    if (head_.method != "OPTIONS") throw Refused{400};  // H-10
    head_.form = ReferenceHead::Form::kAsterisk;
    head_.path = "*";
  }

  void path_and_query(const std::string& text) {
    const std::size_t question = text.find('?');
    head_.has_query = question != std::string::npos;
    head_.path = text.substr(0, question);
    if (head_.has_query) head_.query = text.substr(question + 1);
    if (head_.path.empty()) head_.path = "/";  // RFC 9110 §4.2.3
  }

  /// H-9: "http" [ "s" ] "://" authority path-abempty [ "?" query ]
  void absolute_form() {
    const std::size_t colon = head_.target.find(':');
    const std::string scheme = lower(head_.target.substr(0, colon));
    if (colon == std::string::npos || (scheme != "http" && scheme != "https")) throw Refused{400};
    if (head_.target.substr(colon + 1, 2) != "//") throw Refused{400};
    std::string rest = head_.target.substr(colon + 3);
    while (!rest.empty() && rest.front() != '/' && rest.front() != '?') {
      head_.authority += rest.front();
      rest.erase(0, 1);
    }
    if (!is_reference_authority(head_.authority)) throw Refused{400};
    head_.form = ReferenceHead::Form::kAbsolute;
    head_.https = scheme == "https";
    path_and_query(rest);
  }

  /// H-3. The digits are judged when the line has ended.
  void version() {
    for (const char c : std::string("HTTP/")) expect(c);
    const char major = digit();
    expect('.');
    const char minor = digit();
    line_end();
    if (major == '0') throw Refused{400};
    if (major != '1') throw Refused{505};
    head_.minor_version = minor == '0' ? 0 : 1;
  }

  char digit() {
    if (!is_digit(peek())) refuse();
    return text_[at_++];
  }

  // RFC 9112 §5: field-name ":" OWS field-value OWS
  void field_line() {
    std::string name;
    for (; at_ < text_.size() && is_tchar(text_[at_]); ++at_) name += text_[at_];
    if (name.empty()) refuse();  // obs-fold (RFC 9112 §5.2) begins with a blank: no token either
    expect(':');
    std::string value;
    for (; at_ < text_.size() && (!is_control(text_[at_]) || text_[at_] == '\t'); ++at_) value += text_[at_];
    line_end();
    value = stripped(value);
    head_.fields.emplace_back(name, value);
    meaning(lower(name), value);
  }

  void meaning(const std::string& name, const std::string& value) {
    if (name == "host") host(value);
    if (name == "content-length") content_length(value);
    if (name == "transfer-encoding") transfer_encoding(value);
    if (name == "connection") connection(value);
    if (name == "expect") expectation(value);
  }

  /// H-8: one, valid.
  void host(const std::string& value) {
    if (++hosts_ > 1) throw Refused{400};
    if (!is_reference_authority(value)) throw Refused{400};
    if (head_.form != ReferenceHead::Form::kAbsolute) head_.authority = value;  // RFC 9112 §3.2.2
  }

  /// H-11: once, without a coding, digits up to 2^63-1.
  void content_length(const std::string& value) {
    if (head_.framing != ReferenceHead::Framing::kNone) throw Refused{400};
    const std::string number = plain_number(value);
    if (number.empty() || !is_at_most(number, "9223372036854775807")) throw Refused{400};
    head_.framing = ReferenceHead::Framing::kLength;
    for (const char c : number) head_.content_length = head_.content_length * 10 + static_cast<unsigned>(c - '0');
  }

  /// H-12: exactly "chunked", once, in HTTP/1.1, without a length. Other codings are unknown (501) where they are
  /// written plainly, as tokens, and leave the framing to chunked or say nothing of it; chunked that is not last must
  /// be a 400 (RFC 9112 §6.3).
  void transfer_encoding(const std::string& value) {
    if (head_.framing != ReferenceHead::Framing::kNone || head_.minor_version == 0) throw Refused{400};
    const std::vector<std::string> codings = elements(lower(value));
    for (std::size_t i = 0; i < codings.size(); ++i) {
      if (!is_token(codings[i])) throw Refused{400};
      if (codings[i] == "chunked" && i + 1 != codings.size()) throw Refused{400};
    }
    if (codings.size() != 1 || codings[0] != "chunked") throw Refused{501};
    head_.framing = ReferenceHead::Framing::kChunked;
  }

  /// RFC 9110 §7.6.1: a list of options.
  void connection(const std::string& value) {
    for (const std::string& option : elements(lower(value))) {
      if (option == "close") close_ = true;
      if (option == "keep-alive") keep_alive_ = true;
    }
  }

  /// H-15, RFC 9110 §10.1.1: a list, of which 100-continue is the only member that is known; not for HTTP/1.0.
  void expectation(const std::string& value) {
    if (head_.minor_version == 0) return;
    for (const std::string& member : elements(lower(value))) {
      if (member.empty()) continue;  // RFC 9110 §5.6.1.2
      if (member != "100-continue") throw Refused{417};
      head_.expect_continue = true;
    }
  }

  std::string text_;
  ReferenceLimits limits_;
  std::size_t at_ = 0;
  ReferenceHead head_;
  int hosts_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
};

}  // namespace

bool is_reference_authority(const std::string& text) {
  std::string host = text;
  std::string port;
  const std::size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  if (colon != std::string::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (!port.empty()) {
    const std::string number = plain_number(port);
    if (number.empty() || !is_at_most(number, "65535")) return false;
  }
  if (!host.starts_with('[')) return is_reg_name(host);
  return host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2));
}

ReferenceHead read_reference_head(const std::string& input, const ReferenceLimits& limits) {
  try {
    return Reader(input, limits).read();
  } catch (const Refused& refused) {
    ReferenceHead head;
    head.verdict = ReferenceHead::Verdict::kRefused;
    head.status = refused.status;
    return head;
  } catch (const Incomplete&) {
    ReferenceHead head;
    if (input.size() > limits.header_bytes) {  // H-7: what is too long will not end in time
      head.verdict = ReferenceHead::Verdict::kRefused;
      head.status = 431;
    }
    return head;
  }
}

}  // namespace flare::test
