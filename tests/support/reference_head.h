// What a request head means, a second time: read from RFC 9112, RFC 9110, RFC 3986 and the rows H-1 to H-12, H-15 and
// H-17 of behaviour.md by slow code that shares nothing with lib/. One byte after the other; the first offence in
// reading order decides. For the tests that hold it against the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace flare::test {

struct ReferenceLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t header_count = 100;
  std::size_t uri_bytes = 8 * 1024;
};

struct ReferenceHead {
  enum class Verdict : std::uint8_t { kAccepted, kRefused, kIncomplete };
  enum class Form : std::uint8_t { kOrigin, kAbsolute, kAsterisk };
  enum class Framing : std::uint8_t { kNone, kLength, kChunked };

  Verdict verdict = Verdict::kIncomplete;
  int status = 0;        ///< of the answer to a refused head
  std::size_t size = 0;  ///< of an accepted head, with the empty line before it

  // What follows is meant where the head is accepted.
  std::string method;
  std::string target;
  Form form = Form::kOrigin;
  bool https = false;
  std::string authority;
  std::string path;
  bool has_query = false;
  std::string query;
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expect_continue = false;
};

ReferenceHead read_reference_head(const std::string& input, const ReferenceLimits& limits = {});

/// host [ ":" port ] of http and https (RFC 3986 §3.2.2, §3.2.3; RFC 9110 §4.2.1), without userinfo. Two things that
/// the grammar knows are refused: IPvFuture, for no version of it exists, and ports above 65535.
bool is_reference_authority(const std::string& text);

}  // namespace flare::test
