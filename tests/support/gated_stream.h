// A transport in memory whose peer takes nothing, and sends nothing, until a test says so.
#pragma once

#include <coroutine>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/memory_stream.h"

namespace flare::test {

/// What the test holds of it. `room`: bytes that the peer takes before it is full.
struct Gate {
  Wire wire;
  std::size_t room = 0;
  std::coroutine_handle<> writer;
  runtime::ReadyListener* reader = nullptr;

  /// The peer takes so many bytes more.
  void take(std::size_t bytes) {
    room += bytes;
    if (writer) std::exchange(writer, {}).resume();
  }
  void bring(std::string bytes) {
    wire.arriving.push_back(std::move(bytes));
    if (reader != nullptr) std::exchange(reader, nullptr)->on_ready({});
  }
  /// A deadline has passed for who waits to write.
  void stall() {
    timed_out = true;
    if (writer) std::exchange(writer, {}).resume();
    timed_out = false;
  }
  bool timed_out = false;
};

class GatedStream : public MemoryStream {
 public:
  explicit GatedStream(Gate& gate) noexcept : MemoryStream(gate.wire), gate_(&gate) {}

  struct Wait {
    Gate* gate;
    bool await_ready() const noexcept { return gate->room != 0; }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { gate->writer = waiting; }
    Result<void> await_resume() const noexcept {
      if (gate->timed_out) return fail(ErrorKind::kTimeout);
      return {};
    }
  };
  Wait writable() const noexcept { return {gate_}; }
  using MemoryStream::readable;
  std::optional<Result<void>> readable(runtime::ReadyListener& listener) const {
    if (!gate_->wire.arriving.empty()) return Result<void>();
    gate_->reader = &listener;
    return std::nullopt;
  }
  void interrupt_read() const {
    if (gate_->reader != nullptr) std::exchange(gate_->reader, nullptr)->on_ready(fail(ErrorKind::kCancelled));
  }
  Result<std::size_t> try_write(std::string_view bytes, io::Ahead ahead = io::Ahead::kUnknown) {
    if (gate_->room == 0) return fail(ErrorKind::kWouldBlock);
    const auto count = MemoryStream::try_write(bytes.substr(0, gate_->room), ahead);
    if (count) gate_->room -= *count;
    return count;
  }
  Result<std::size_t> try_writev(std::span<const iovec> pieces) {
    std::string all;
    for (const iovec& piece : pieces) all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return try_write(all);
  }

 private:
  Gate* gate_;
};

}  // namespace flare::test
