// Ending a connection so that its peer can read what it was told, although it may still be sending (RFC 9112 §9.6).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "flare/io/buffer.h"
#include "flare/io/byte_stream.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::http {

/// Until everything that was written is on its way to the peer, for a stream that could not tell otherwise: the
/// kernel's TLS keeps a part of a record that the socket has no room for, and closing would lose it. Gives up on a peer
/// that takes nothing for so long as `patience`. The look for an empty queue is made several times, as a record may be
/// between both.
template <io::ByteStream Stream>
runtime::Task<void> settle(Stream& stream, runtime::Worker& worker, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{40};
  constexpr int kLooks = 3;
  std::size_t queued = 0;
  runtime::TimePoint moved = worker.now();
  for (int empty = 0; empty < kLooks && worker.now() - moved < patience;) {
    const std::size_t left = stream.unacknowledged();
    empty = left == 0 ? empty + 1 : 0;
    if (std::exchange(queued, left) != left) moved = worker.now();
    co_await worker.sleep(kPause);
  }
}

/// Says that no more will be sent and reads, a while, until the peer has seen it: closing on unread input would reset
/// the connection and lose what was said. `scratch` is shared, and used between waits only.
template <io::ByteStream Stream>
runtime::Task<void> linger(Stream& stream, runtime::Worker& worker, io::Buffer& scratch) {
  constexpr std::chrono::milliseconds kLongest{2000};  // H-16
  constexpr std::uint64_t kMostBytes = 1024 * 1024;
  if (!stream.shutdown_write()) co_return;
  stream.set_idle(true);
  stream.set_deadline(worker.now() + kLongest);
  for (std::uint64_t discarded = 0; discarded < kMostBytes;) {
    const auto ready = co_await stream.readable();
    if (!ready) co_return;
    const auto count = stream.try_read({scratch.data(), scratch.capacity()});
    if (!count && count.error().kind != ErrorKind::kWouldBlock) co_return;
    discarded += count.value_or(0);
  }
}

}  // namespace flare::http
