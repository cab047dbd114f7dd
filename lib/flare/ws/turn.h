// What the WebSocket sessions of one worker share: buffers of the turn, codecs, the word that it drains.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "flare/io/buffer.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/worker.h"
#include "flare/ws/close_code.h"
#include "flare/ws/deflate.h"

namespace flare::ws {

/// One session at a time uses the buffers, from its read until it waits. Where its handler waits for something else, or
/// another session comes, it is told to leave: it sends what it has gathered and takes its input along. Outlives its
/// sessions; one thread.
class Turn final : public runtime::WorkerLocal, private runtime::BeforeWait, private runtime::Cancellation::Listener {
 public:
  class Tenant {
   protected:
    virtual ~Tenant() = default;

   private:
    friend class Turn;
    /// The buffers are about to be another's: takes along what it needs of them, and releases them.
    virtual void leave_turn() = 0;
  };

  /// The worker's, made at its first use.
  static std::shared_ptr<Turn> of(runtime::Worker& worker);
  explicit Turn(runtime::Worker& worker, std::size_t input_bytes = 256 * 1024, std::size_t output_bytes = 64 * 1024);

  /// `tenant` has the buffers until leave_turn(), release() or the end of the worker's turn.
  void acquire(Tenant& tenant) {
    if (tenant_ != &tenant) move_in(tenant);
  }
  [[nodiscard]] bool is_held_by(const Tenant& tenant) const noexcept { return tenant_ == &tenant; }
  void release(const Tenant& tenant) noexcept {
    if (tenant_ == &tenant) tenant_ = nullptr;
  }

  [[nodiscard]] runtime::Worker& worker() noexcept { return worker_; }
  [[nodiscard]] io::Buffer& input() noexcept { return input_; }
  [[nodiscard]] io::Buffer& output() noexcept { return output_; }
  /// For bytes that nobody looks at.
  [[nodiscard]] io::Buffer& discarded() noexcept { return discarded_; }
  [[nodiscard]] CodecPool& codecs() noexcept { return codecs_; }

  /// Ends all sessions, each at a moment of its own within its drain_spread (W-12). Once; a drain of the worker does
  /// it with kGoingAway.
  void drain(CloseCode code);
  [[nodiscard]] runtime::Cancellation& draining() noexcept { return draining_; }
  [[nodiscard]] CloseCode drain_code() const noexcept { return drain_code_; }

  [[nodiscard]] bool is_expired() const noexcept override { return false; }

 private:
  void move_in(Tenant& tenant);
  void on_wait() override;
  void on_cancel() override { drain(CloseCode::kGoingAway); }

  runtime::Worker& worker_;
  Tenant* tenant_ = nullptr;
  io::Buffer input_;
  io::Buffer output_;
  io::Buffer discarded_;
  CodecPool codecs_;
  runtime::Cancellation draining_;
  CloseCode drain_code_ = CloseCode::kGoingAway;
};

/// One of the moments within `spread` from `now` on, each as likely.
runtime::TimePoint moment_within(runtime::TimePoint now, std::chrono::milliseconds spread) noexcept;

}  // namespace flare::ws
