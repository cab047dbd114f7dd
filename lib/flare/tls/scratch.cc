#include "flare/tls/scratch.h"

#include <memory>

namespace flare::tls {

Scratch& Scratch::of_this_thread() {
  constexpr std::size_t kRecordOverhead = 64;  // header, nonce, tag, and as much again
  thread_local const std::unique_ptr<Scratch> scratch = [] {
    auto made = std::make_unique_for_overwrite<Scratch>();
    made->leaving.reserve(kPlain + 64 * kRecordOverhead);
    return made;
  }();
  return *scratch;
}

}  // namespace flare::tls
