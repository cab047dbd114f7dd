// permessage-deflate's payload (RFC 7692 §7.2): raw DEFLATE, whose end each message leaves out. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/reason.h"

struct z_stream_s;

namespace flare::ws {

/// Decompresses messages, each given in any pieces. One thread. Memory: inflate_memory(window_bits).
class Inflater {
 public:
  /// `window_bits` 8 to 15: at least what the sender uses. Throws std::bad_alloc.
  explicit Inflater(int window_bits);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// Appends what `piece` decompresses to. kNone; kWsMessageBytes as soon as `out` would be longer than `limit`, before
  /// there is a buffer for it; kWsDeflate: this is not DEFLATE. After an error only reset() may follow.
  Reason inflate(std::string_view piece, std::string& out, std::size_t limit) noexcept;
  /// The message ends here: appends the rest of it.
  Reason finish(std::string& out, std::size_t limit) noexcept;
  /// Forgets what earlier messages said (no context takeover).
  void reset() noexcept;

 private:
  bool restart_behind_final_block() noexcept;

  std::unique_ptr<z_stream_s> stream_;
};

/// Compresses messages. One thread. Memory: deflate_memory(window_bits).
class Deflater {
 public:
  /// `window_bits` 9 to 15 (zlib has no 8). Throws std::bad_alloc.
  explicit Deflater(int window_bits);
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater();

  /// Appends the payload for the whole of `message`.
  void deflate(std::string_view message, std::string& out);
  void reset() noexcept;

 private:
  std::unique_ptr<z_stream_s> stream_;
};

/// Bytes that one of them holds, by zlib's own account (zconf.h), rounded up.
constexpr std::size_t inflate_memory(int window_bits) noexcept { return (std::size_t{1} << window_bits) + 10 * 1024; }
constexpr int deflate_memory_level(int window_bits) noexcept { return window_bits - 7; }
constexpr std::size_t deflate_memory(int window_bits) noexcept {
  return (std::size_t{1} << (window_bits + 2)) + (std::size_t{1} << (deflate_memory_level(window_bits) + 9)) + 8 * 1024;
}

/// What the sessions of a worker share that carry no context over: they borrow for one message. One thread.
class CodecPool {
 public:
  /// Of 15 bits, which reads what any sender makes; as new.
  std::unique_ptr<Inflater> take_inflater();
  void give_inflater(std::unique_ptr<Inflater> inflater) noexcept;
  /// As new; the reference lives until the next call.
  Deflater& deflater(int window_bits);
  /// Scratch for one compressed message, either way, between two waits.
  [[nodiscard]] std::string& inflated() noexcept { return inflated_; }
  [[nodiscard]] std::string& deflated() noexcept { return deflated_; }

 private:
  static constexpr std::size_t kMostSpare = 16;
  std::vector<std::unique_ptr<Inflater>> spare_;
  std::array<std::unique_ptr<Deflater>, 16> deflaters_;  ///< by window bits
  std::string inflated_;
  std::string deflated_;
};

}  // namespace flare::ws
