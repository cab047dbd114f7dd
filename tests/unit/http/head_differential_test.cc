// The parser against a second reading of the RFCs, over heads that are the same each run.
// fuzz/fuzz_head_differential.cc goes on from here.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/compare_heads.h"
#include "tests/support/head_generator.h"
#include "tests/support/reference_head.h"

namespace flare::test {
namespace {

std::string with_line(const std::string& line) { return "POST /a HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n"; }

TEST(HeadDifferential, AgreesOnWhatTheRfcsSay) {
  struct {
    std::string input;
    int status;  ///< 0: accepted
  } const table[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\n\r\n", 0},
      {"GET / HTTP/1.7\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {std::string(32, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {std::string(33, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"GET HTTPS://b:1?c HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {with_line("X: " + std::string(16384, 'a')), 431},
      {with_line("X : a"), 400},
      {with_line(" folded"), 400},
      {with_line("Host: a"), 400},
      {with_line("Content-Length: 9223372036854775807"), 0},
      {with_line("Content-Length: 9223372036854775808"), 400},
      {with_line("Content-Length: 5\r\nContent-Length: 5"), 400},
      {with_line("Transfer-Encoding: chunked"), 0},
      {with_line("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400},
      {with_line("Transfer-Encoding: gzip, chunked"), 501},
      {with_line("Transfer-Encoding: chunked, gzip"), 400},
      {with_line("Expect: 100-continue"), 0},
      {with_line("Expect: 100-continue,, 100-Continue"), 0},
      {with_line("Expect:"), 0},
      {with_line("Expect: 100-continue, b"), 417},
  };
  for (const auto& row : table) {
    EXPECT_EQ(compare_heads(row.input, {}), "") << row.input;
    const ReferenceHead head = read_reference_head(row.input);
    EXPECT_EQ(head.status, row.status) << row.input;
    EXPECT_EQ(head.verdict == ReferenceHead::Verdict::kAccepted, row.status == 0) << row.input;
  }
}

TEST(HeadDifferential, AgreesOnGeneratedHeads) {
  constexpr std::uint64_t kHeads = 200'000;
  std::uint64_t accepted = 0, incomplete = 0;
  for (std::uint64_t seed = 0; seed < kHeads; ++seed) {
    const GeneratedHead head = generate_head(ChooseFromSeed(seed));
    ASSERT_EQ(compare_heads(head.bytes, head.limits), "") << "seed " << seed << ", the head:\n" << head.bytes;
    if (seed % 16 != 0) continue;
    const auto verdict = read_reference_head(head.bytes).verdict;
    accepted += verdict == ReferenceHead::Verdict::kAccepted ? 1 : 0;
    incomplete += verdict == ReferenceHead::Verdict::kIncomplete ? 1 : 0;
  }
  EXPECT_GT(accepted, kHeads / 16 / 10) << "the generator makes too few heads that get through";
  EXPECT_GT(incomplete, kHeads / 16 / 100);
}

}  // namespace
}  // namespace flare::test
