// A request's content on its way upstream, while its answer is on its way back (RFC 9112 §9.5; behaviour.md P-13).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "flare/base/error.h"
#include "flare/http/content.h"
#include "flare/http/message_framing.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::handlers::proxy {

/// Sends beside whoever receives on the same connection, a http::ClientConnection that outlives it. What goes wrong
/// with the content itself, or takes too long, cancels the connection: failure() says why.
template <class Connection>
class Upload {
 public:
  Upload(Connection& to, std::unique_ptr<http::ContentSource> content, http::BodyFraming framing) noexcept
      : to_(to), content_(std::move(content)), framing_(framing) {}
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  ~Upload() { stop(); }

  /// At once, as far as that goes without waiting.
  void start(runtime::Worker& worker) {
    state_ = State::kRunning;
    worker.spawn(run(*this));
  }
  /// What has not been sent is wanted no more: the rest of the answer can still be received. Has ended when this
  /// returns; not called from within.
  void stop() noexcept {
    if (state_ != State::kRunning) return;
    state_ = State::kStopping;
    content_->interrupt();
    if (state_ == State::kStopping) to_.interrupt_send();
  }
  [[nodiscard]] bool is_running() const noexcept { return state_ == State::kRunning; }
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

 private:
  enum class State : std::uint8_t { kNew, kRunning, kStopping, kEnded };

  /// Also where the worker ends, and the frame with it.
  struct Ending {
    explicit Ending(Upload& of) noexcept : upload(of) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() { upload.state_ = State::kEnded; }
    Upload& upload;
  };

  static runtime::Task<void> run(Upload& upload) {
    Connection& to = upload.to_;
    auto failure = co_await upload.send();
    if (failure) to.cancel();  // the last thing: upload and connection may be gone by that
  }
  /// Why the exchange is to be given up, if it is.
  runtime::Task<std::optional<Error>> send() {
    const Ending ending(*this);
    const auto sent = co_await to_.send_content(*content_, framing_);
    if (sent || state_ == State::kStopping) co_return std::nullopt;
    // A server that closes may have said why before: that is still to be received.
    const bool told = sent.error().source == ErrorSource::kUpstream && sent.error().kind != ErrorKind::kTimeout;
    if (!told) failure_ = sent.error();
    co_return failure_;
  }

  Connection& to_;
  std::unique_ptr<http::ContentSource> content_;
  http::BodyFraming framing_;
  State state_ = State::kNew;
  std::optional<Error> failure_;
};

}  // namespace flare::handlers::proxy
