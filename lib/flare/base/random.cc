#include "flare/base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace flare {

void fill_random(std::span<char> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      std::abort();
    }
  }
}

std::uint32_t random_word() noexcept {
  struct Store {
    std::array<std::uint32_t, 64> words;
    std::size_t left = 0;
  };
  static thread_local Store store;
  if (store.left == 0) {
    fill_random({reinterpret_cast<char*>(store.words.data()), sizeof store.words});
    store.left = store.words.size();
  }
  return store.words[--store.left];
}

}  // namespace flare
