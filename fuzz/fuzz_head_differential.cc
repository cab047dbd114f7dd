// The request head parser against a second reading of the RFCs (tests/support/reference_head.h). An odd first byte: the
// rest are the choices of a generator of heads; an even one: the head itself, with narrow limits where bit 1 is set.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "tests/support/compare_heads.h"
#include "tests/support/head_generator.h"

namespace {

using namespace flare;

test::GeneratedHead head_of(std::span<const std::uint8_t> input) {
  if (input.empty()) return {};
  const std::uint8_t options = input.front();
  input = input.subspan(1);
  if ((options & 1) != 0) return test::generate_head(test::ChooseFromBytes(input));
  test::GeneratedHead head{.bytes = std::string(input.begin(), input.end())};
  if ((options & 2) != 0) head.limits = {.header_bytes = 96, .header_count = 3, .uri_bytes = 24};
  return head;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const test::GeneratedHead head = head_of({data, size});
  // A copy of exactly that size: AddressSanitizer sees one byte too many.
  const std::string exact(head.bytes);
  const std::string differences = test::compare_heads(exact, head.limits);
  if (differences.empty()) return 0;
  std::fprintf(stderr, "%sin the head:\n%s\n", differences.c_str(), exact.c_str());
  std::abort();
}
