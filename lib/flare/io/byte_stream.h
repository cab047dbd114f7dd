// What a connection needs of its transport: TCP, TLS, or memory in a test.
#pragma once

#include <sys/uio.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "flare/base/error.h"
#include "flare/io/ahead.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/pollable.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::io {

/// readable(listener): the wait of a listener (runtime/pollable.h). try_ calls never wait: kWouldBlock means that
/// readable() or writable(), awaited, will tell when to try again; kClosed is an orderly end. One coroutine may read
/// while another writes. set_deadline bounds every later wait (kTimeout), the other two those of one direction;
/// TimePoint::max() is none. interrupt_read: the present wait for reading, if there is one, ends with kCancelled.
/// set_idle: a drain may end the wait (kCancelled). watch_hang_up: cancels when the peer has gone. unacknowledged:
/// bytes written that the peer has not got yet, as far as one can know. set_cork: until it is taken back, what is
/// written may wait for what follows, to leave in whole segments. abort: the coming close must not look like an orderly
/// end.
template <class S>
concept ByteStream =
    requires(S& stream, std::span<char> into, std::string_view bytes, std::span<const iovec> pieces,
             std::uint64_t& offset, std::uint64_t length, runtime::TimePoint due, runtime::ReadyListener& listener) {
      stream.readable();
      { stream.readable(listener) } -> std::same_as<std::optional<Result<void>>>;
      stream.writable();
      { stream.try_read(into) } -> std::same_as<Result<std::size_t>>;
      { stream.try_write(bytes, Ahead::kMore) } -> std::same_as<Result<std::size_t>>;
      { stream.try_writev(pieces) } -> std::same_as<Result<std::size_t>>;
      { stream.try_send_file(0, offset, length) } -> std::same_as<Result<std::size_t>>;
      { stream.shutdown_write() } -> std::same_as<Result<void>>;
      stream.set_deadline(due);
      stream.set_read_deadline(due);
      stream.set_write_deadline(due);
      stream.clear_deadline();
      stream.interrupt_read();
      stream.set_idle(true);
      stream.watch_hang_up(static_cast<runtime::Cancellation*>(nullptr));
      stream.set_cork(true);
      { stream.unacknowledged() } -> std::same_as<std::size_t>;
      stream.abort();
    };

}  // namespace flare::io
