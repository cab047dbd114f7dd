// A transport whose type is not known where it is used: what takes over a connection, whatever it runs on.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "flare/io/byte_stream.h"
#include "flare/runtime/eventual.h"
#include "flare/runtime/task.h"

namespace flare::io {

/// A ByteStream (byte_stream.h says what each call means), one virtual call away. A wait that has nothing to wait for
/// costs no coroutine frame.
class AnyStream {
 public:
  AnyStream() noexcept = default;
  AnyStream(const AnyStream&) = delete;
  AnyStream& operator=(const AnyStream&) = delete;
  virtual ~AnyStream() = default;

  class Readable;
  Readable readable() noexcept;
  virtual runtime::Eventual<Result<void>> writable() = 0;
  virtual std::optional<Result<void>> readable(runtime::ReadyListener& listener) = 0;
  virtual Result<std::size_t> try_read(std::span<char> into) = 0;
  virtual Result<std::size_t> try_write(std::string_view bytes, Ahead ahead) = 0;
  virtual Result<std::size_t> try_writev(std::span<const iovec> pieces) = 0;
  virtual Result<std::size_t> try_send_file(int file, std::uint64_t& offset, std::uint64_t length) = 0;
  virtual Result<void> shutdown_write() = 0;
  virtual void set_deadline(runtime::TimePoint due) = 0;
  virtual void set_read_deadline(runtime::TimePoint due) = 0;
  virtual void set_write_deadline(runtime::TimePoint due) = 0;
  virtual void clear_deadline() = 0;
  virtual void interrupt_read() = 0;
  virtual void set_idle(bool idle) = 0;
  virtual void watch_hang_up(runtime::Cancellation* who) = 0;
  virtual void set_cork(bool on) = 0;
  [[nodiscard]] virtual std::size_t unacknowledged() = 0;
  virtual void cancel() = 0;  ///< waits, present and later, end with kCancelled
  virtual void abort() = 0;
  /// What was written may wait where neither side sees it: not to be closed at once (http/linger.h, settle).
  [[nodiscard]] virtual bool keeps_back() = 0;
};

/// A wait without a coroutine of its own: a listener that resumes who waits.
class AnyStream::Readable final : private runtime::ReadyListener {
 public:
  explicit Readable(AnyStream& stream) noexcept : stream_(stream) {}
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;

  [[nodiscard]] bool await_ready() {
    outcome_ = stream_.readable(*this);
    return outcome_.has_value();
  }
  void await_suspend(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
  Result<void> await_resume() const noexcept { return *outcome_; }

 private:
  void on_ready(Result<void> outcome) override {
    outcome_ = outcome;
    waiting_.resume();  // the last thing: this is gone by that
  }

  AnyStream& stream_;
  std::coroutine_handle<> waiting_;
  std::optional<Result<void>> outcome_;
};
inline AnyStream::Readable AnyStream::readable() noexcept { return Readable(*this); }
static_assert(ByteStream<AnyStream>);

/// A stream as an AnyStream, which owns it.
template <ByteStream Stream>
class OwnedStream final : public AnyStream {
 public:
  explicit OwnedStream(Stream stream) noexcept : stream_(std::move(stream)) {}

  using AnyStream::readable;
  std::optional<Result<void>> readable(runtime::ReadyListener& listener) override { return stream_.readable(listener); }
  runtime::Eventual<Result<void>> writable() override {
    auto wait = stream_.writable();
    if (wait.await_ready()) return Result<void>(wait.await_resume());
    return wait_writable(stream_);
  }
  Result<std::size_t> try_read(std::span<char> into) override { return stream_.try_read(into); }
  Result<std::size_t> try_write(std::string_view bytes, Ahead ahead) override {
    return stream_.try_write(bytes, ahead);
  }
  Result<std::size_t> try_writev(std::span<const iovec> pieces) override { return stream_.try_writev(pieces); }
  Result<std::size_t> try_send_file(int file, std::uint64_t& offset, std::uint64_t length) override {
    return stream_.try_send_file(file, offset, length);
  }
  Result<void> shutdown_write() override { return stream_.shutdown_write(); }
  void set_deadline(runtime::TimePoint due) override { stream_.set_deadline(due); }
  void set_read_deadline(runtime::TimePoint due) override { stream_.set_read_deadline(due); }
  void set_write_deadline(runtime::TimePoint due) override { stream_.set_write_deadline(due); }
  void clear_deadline() override { stream_.clear_deadline(); }
  void interrupt_read() override { stream_.interrupt_read(); }
  void set_idle(bool idle) override { stream_.set_idle(idle); }
  void watch_hang_up(runtime::Cancellation* who) override { stream_.watch_hang_up(who); }
  void set_cork(bool on) override { stream_.set_cork(on); }
  [[nodiscard]] std::size_t unacknowledged() override { return stream_.unacknowledged(); }
  [[nodiscard]] bool keeps_back() override {
    if constexpr (requires { stream_.keeps_back(); }) return stream_.keeps_back();
    return false;
  }
  void cancel() override { stream_.cancel(); }
  void abort() override { stream_.abort(); }

 private:
  static runtime::Task<Result<void>> wait_writable(Stream& stream) {
    auto outcome = co_await stream.writable();
    co_return outcome;
  }

  Stream stream_;
};

}  // namespace flare::io
