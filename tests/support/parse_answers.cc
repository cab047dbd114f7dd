#include <algorithm>
#include <cctype>

#include "tests/support/connection_harness.h"

namespace flare::test {
namespace {

bool has_no_content(std::string_view status_line) {
  return status_line.starts_with("HTTP/1.1 1") || status_line.starts_with("HTTP/1.1 204") ||
         status_line.starts_with("HTTP/1.1 304");
}

/// Content-Length of a head; SIZE_MAX where it is missing or no number.
std::size_t content_length(const std::string& fields) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = fields.find(kName);
  if (at == std::string::npos || std::isdigit(static_cast<unsigned char>(fields[at + kName.size()])) == 0)
    return SIZE_MAX;
  return std::stoul(fields.substr(at + kName.size()));
}

/// Takes a chunked body without extensions and trailers off `bytes`; false where it is anything else.
bool take_chunks(std::string_view& bytes, std::string& body) {
  for (;;) {
    const std::size_t line = bytes.find("\r\n");
    if (line == 0 || line == std::string_view::npos) return false;
    const std::size_t size = std::stoul(std::string(bytes.substr(0, line)), nullptr, 16);
    bytes.remove_prefix(line + 2);
    if (bytes.size() < size + 2 || bytes.substr(size, 2) != "\r\n") return false;
    body.append(bytes.substr(0, size));
    bytes.remove_prefix(size + 2);
    if (size == 0) return true;
  }
}

}  // namespace

std::vector<Answer> parse_answers(std::string_view bytes, const std::vector<bool>& heads) {
  std::vector<Answer> answers;
  while (!bytes.empty()) {
    Answer answer;
    const auto malformed = [&](const char* what) {
      answer.status_line = std::string("malformed: ") + what;
      answers.push_back(answer);
      return answers;
    };
    const std::size_t line_end = bytes.find("\r\n");
    const std::size_t head_end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 ") || head_end == std::string_view::npos) return malformed("no response head");
    answer.status_line = bytes.substr(0, line_end);
    answer.fields = bytes.substr(line_end + 2, head_end - line_end);
    bytes.remove_prefix(head_end + 4);
    const bool is_head = answers.size() < heads.size() && heads[answers.size()];
    if (answer.fields.contains("Transfer-Encoding: chunked\r\n")) {
      if (answer.fields.contains("Content-Length")) return malformed("two framings");
      if (!is_head && !take_chunks(bytes, answer.body)) return malformed("an incomplete chunked body");
    } else if (!is_head && !has_no_content(answer.status_line)) {
      const std::size_t length = content_length(answer.fields);
      if (length > bytes.size()) return malformed("a body shorter than its Content-Length");
      answer.body = bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace flare::test
