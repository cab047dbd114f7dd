// Ending a connection so that its peer can read what it was told, although it may still be sending (RFC 9112 §9.6).
#pragma once

#include <chrono>
#include <cstdint>

#include "flare/io/buffer.h"
#include "flare/io/byte_stream.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::http {

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
