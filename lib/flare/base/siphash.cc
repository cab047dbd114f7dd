#include "flare/base/siphash.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "flare/base/exception.h"

namespace flare {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  std::uint64_t finish() noexcept {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

SipKey SipKey::random() {
  SipKey key;
  // So few bytes come whole or not at all (getrandom(2)).
  if (::getrandom(&key, sizeof key, 0) != sizeof key) throw_error("getrandom", Error::from_errno(errno));
  return key;
}

Hash128 siphash(const SipKey& key, std::string_view bytes) noexcept {
  State state{.v0 = key.low ^ 0x736f6d6570736575,
              .v1 = key.high ^ 0x646f72616e646f6d ^ 0xee,  // 0xee, 0xee, 0xdd: the variant of 128 bits
              .v2 = key.low ^ 0x6c7967656e657261,
              .v3 = key.high ^ 0x7465646279746573};
  std::string_view rest = bytes;
  for (; rest.size() >= sizeof(std::uint64_t); rest.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, rest.data(), sizeof word);
    state.absorb(word);
  }
  std::uint64_t last = std::uint64_t{bytes.size()} << 56;
  for (std::size_t i = 0; i < rest.size(); ++i) last |= std::uint64_t{static_cast<unsigned char>(rest[i])} << (8 * i);
  state.absorb(last);
  state.v2 ^= 0xee;
  Hash128 hash;
  hash.low = state.finish();
  state.v1 ^= 0xdd;
  hash.high = state.finish();
  return hash;
}

}  // namespace flare
