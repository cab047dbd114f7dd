// A transport in memory with injected faults: short reads and writes, calls that would block, a reset. For tests and
// fuzzing.
#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/error.h"
#include "flare/io/ahead.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/pollable.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::test {

/// What the other side sees and what goes wrong on the way. Outlives the stream.
struct Wire {
  std::deque<std::string> arriving;         ///< each element is what one read finds at most
  std::string sent;                         ///< everything written
  std::vector<std::size_t> write_sizes;     ///< what each write takes at most, in order; afterwards: everything
  std::size_t writes = 0;                   ///< write calls that moved bytes
  bool reset_at_end = false;                ///< the end of `arriving` is a reset, not an orderly end
  std::size_t reset_after_sent = SIZE_MAX;  ///< writing fails once this much was sent
  bool silent_at_end = false;               ///< after the end of `arriving`, waiting for more is a timeout
  bool stays_open = false;                  ///< after the end of `arriving`, reading blocks: there may be more
  std::function<void(Wire&)> peer;          ///< where `arriving` is empty: may answer what was sent by adding to it
  bool block_every_other = false;           ///< each second call would block first
  bool hangs_up = false;                    ///< its reader is known to have gone as soon as a handler waits
  std::vector<bool> corks;                  ///< each call of set_cork
  bool write_shut = false;
  bool cancelled = false;
  bool aborted = false;  ///< the connection is to end with a reset
};

/// Waiting never takes time, and succeeds but for silent_at_end: a coroutine over it runs to its end without a reactor.
class MemoryStream {
 public:
  explicit MemoryStream(Wire& wire) noexcept : wire_(&wire) {}

  struct Ready {
    bool timeout = false;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Result<void> await_resume() const noexcept {
      if (timeout) return fail(ErrorKind::kTimeout);
      return {};
    }
  };
  Ready readable() const {
    ask_peer();
    return {.timeout = wire_->silent_at_end && wire_->arriving.empty()};
  }
  Ready writable() const noexcept { return {}; }
  std::optional<Result<void>> readable(runtime::ReadyListener&) const { return readable().await_resume(); }

  Result<std::size_t> try_read(std::span<char> into) {
    if (blocks(reading_blocked_)) return fail(ErrorKind::kWouldBlock);
    ask_peer();
    if (wire_->arriving.empty() && wire_->stays_open) return fail(ErrorKind::kWouldBlock);
    if (wire_->arriving.empty()) return fail(wire_->reset_at_end ? ErrorKind::kConnectionReset : ErrorKind::kClosed);
    std::string& next = wire_->arriving.front();
    const std::size_t count = std::min(into.size(), next.size());
    std::copy_n(next.data(), count, into.data());
    next.erase(0, count);
    if (next.empty()) wire_->arriving.pop_front();
    return count;
  }
  Result<std::size_t> try_write(std::string_view bytes, io::Ahead /*ahead*/ = io::Ahead::kUnknown) {
    if (blocks(writing_blocked_)) return fail(ErrorKind::kWouldBlock);
    if (wire_->write_shut) return fail(ErrorKind::kBrokenPipe);
    if (wire_->sent.size() >= wire_->reset_after_sent) return fail(ErrorKind::kConnectionReset);
    std::size_t count = bytes.size();
    if (next_size_ < wire_->write_sizes.size()) count = std::min(count, wire_->write_sizes[next_size_++]);
    wire_->sent.append(bytes.substr(0, count));
    if (count != 0) ++wire_->writes;
    if (count == 0 && !bytes.empty()) return fail(ErrorKind::kWouldBlock);
    return count;
  }
  Result<std::size_t> try_writev(std::span<const iovec> pieces) {
    std::string all;
    for (const iovec& piece : pieces) all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return try_write(all);
  }
  Result<std::size_t> try_send_file(int file, std::uint64_t& offset, std::uint64_t length) {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(length, 4096)), '\0');
    const ssize_t count = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) return fail_errno(errno);
    auto sent = try_write(std::string_view(bytes).substr(0, static_cast<std::size_t>(count)));
    if (sent) offset += *sent;
    return sent;
  }
  Result<void> shutdown_write() noexcept {
    wire_->write_shut = true;
    return {};
  }
  void set_deadline(runtime::TimePoint) noexcept {}
  void set_read_deadline(runtime::TimePoint) noexcept {}
  void set_write_deadline(runtime::TimePoint) noexcept {}
  void clear_deadline() noexcept {}
  void set_idle(bool) noexcept {}
  /// The other side leaves while the handler waits.
  void watch_hang_up(runtime::Cancellation* who) noexcept {
    if (who != nullptr && wire_->hangs_up) who->cancel();
  }
  void set_cork(bool on) { wire_->corks.push_back(on); }
  void cancel() noexcept { wire_->cancelled = true; }
  void interrupt_read() noexcept {}  // nobody ever waits
  void interrupt_write() noexcept {}
  void watch_input(runtime::Cancellation* who) {
    if (who != nullptr && !is_quiet()) who->cancel();
  }
  bool is_quiet() const noexcept { return wire_->arriving.empty() && (wire_->stays_open || wire_->silent_at_end); }
  std::size_t unacknowledged() const noexcept { return 0; }
  void abort() noexcept { wire_->aborted = true; }

 private:
  void ask_peer() const {
    if (wire_->arriving.empty() && wire_->peer) wire_->peer(*wire_);
  }
  /// Each direction by itself: else one could block the other for ever.
  bool blocks(bool& blocked) const noexcept {
    if (!wire_->block_every_other) return false;
    blocked = !blocked;
    return blocked;
  }

  Wire* wire_;
  std::size_t next_size_ = 0;
  bool reading_blocked_ = false;
  bool writing_blocked_ = false;
};

}  // namespace flare::test
