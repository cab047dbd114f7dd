// permessage-deflate: any bytes, in any pieces, inflate to the same within the limit; what is deflated comes back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "flare/ws/deflate.h"
#include "fuzz/split_input.h"

namespace {

using namespace flare;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  const std::size_t limit = split.narrow ? 100 : 100'000;

  static ws::CodecPool pool;
  auto inflater = pool.take_inflater();
  std::string whole;
  Reason whole_why = inflater->inflate(split.input, whole, limit);
  if (whole_why == Reason::kNone) whole_why = inflater->finish(whole, limit);
  check(whole.size() <= limit + 1 && (whole_why != Reason::kNone || whole.size() <= limit));
  pool.give_inflater(std::move(inflater));

  inflater = pool.take_inflater();
  std::string pieces;
  Reason why = Reason::kNone;
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    if (why == Reason::kNone) why = inflater->inflate(split.input.substr(begin, end - begin), pieces, limit);
    begin = end;
  }
  if (why == Reason::kNone) why = inflater->finish(pieces, limit);
  check(why == whole_why && (why != Reason::kNone || pieces == whole));
  pool.give_inflater(std::move(inflater));

  const int bits = 9 + static_cast<int>(size % 7);
  std::string deflated;
  pool.deflater(bits).deflate(split.input, deflated);
  inflater = pool.take_inflater();
  std::string back;
  check(inflater->inflate(deflated, back, split.input.size()) == Reason::kNone);
  check(inflater->finish(back, split.input.size()) == Reason::kNone && back == split.input);
  pool.give_inflater(std::move(inflater));
  return 0;
}
