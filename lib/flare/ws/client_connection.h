// What a client holds: its transport, and the session on it. Internal to client.cc and connect.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "flare/io/reusable_stream.h"
#include "flare/ws/client.h"
#include "flare/ws/stream_session.h"
#include "flare/ws/turn.h"

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

template <io::ReusableStream Stream>
class ConnectionOver final : public Client::Connection {
 public:
  ConnectionOver(runtime::Worker& worker, const SessionOptions& options, Agreed agreed, Stream&& stream,
                 std::string early)
      : turn_(Turn::of(worker)),
        options_(options),
        stream_(std::move(stream)),
        session_(*turn_, options_, std::move(agreed), stream_) {
    session_.begin_with(std::move(early));
  }

  Session& session() noexcept override { return session_; }
  runtime::Task<void> finish(CloseCode code) override { return session_.finish(code); }
  void cancel() noexcept override { stream_.cancel(); }

 private:
  std::shared_ptr<Turn> turn_;
  SessionOptions options_;
  Stream stream_;
  StreamSession<Stream> session_;
};

}  // namespace flare::ws
