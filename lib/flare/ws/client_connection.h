// What a client holds: its transport, and the session on it. Internal to client.cc and connect.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "flare/io/reusable_stream.h"
#include "flare/ws/client.h"
#include "flare/ws/stream_session.h"

namespace flare::ws {

class Client::Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  virtual Session& session() noexcept = 0;
  virtual runtime::Task<void> finish(CloseCode code) = 0;
  virtual void cancel() noexcept = 0;
};

/// The turn that all clients of a worker share, kept until the worker ends.
class ClientTurn final : public runtime::WorkerLocal {
 public:
  explicit ClientTurn(runtime::Worker& worker) : turn_(worker) {}
  static std::shared_ptr<ClientTurn> of(runtime::Worker& worker);
  [[nodiscard]] bool is_expired() const noexcept override { return false; }
  [[nodiscard]] Turn& turn() noexcept { return turn_; }

 private:
  Turn turn_;
};

template <io::ReusableStream Stream>
class ConnectionOver final : public Client::Connection {
 public:
  ConnectionOver(runtime::Worker& worker, const SessionOptions& options, Agreed agreed, Stream&& stream,
                 std::string early)
      : turn_(ClientTurn::of(worker)),
        options_(options),
        stream_(std::move(stream)),
        session_(turn_->turn(), options_, std::move(agreed), stream_) {
    session_.begin_with(std::move(early));
  }

  Session& session() noexcept override { return session_; }
  runtime::Task<void> finish(CloseCode code) override { return session_.finish(code); }
  void cancel() noexcept override { stream_.cancel(); }

 private:
  std::shared_ptr<ClientTurn> turn_;
  SessionOptions options_;
  Stream stream_;
  StreamSession<Stream> session_;
};

}  // namespace flare::ws
