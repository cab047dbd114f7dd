// What the HTTP connections of one worker share: the handler, the buffers of the turn, the clock's text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/handler.h"
#include "flare/http/handshake_rate.h"
#include "flare/http/limits.h"
#include "flare/http/peer_trust.h"
#include "flare/http/transaction.h"
#include "flare/io/buffer.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"
#include "flare/tls/server_context.h"

namespace flare::http {

/// Everything that one recv brought is parsed in `input`, all answers of the turn gather in `output` and leave with one
/// send; connections hold memory of their own only for what is unfinished. Outlives its connections.
class WorkerContext {
 public:
  /// `limits` and `recorder` (may be null) outlive the context. An empty `server` sends no Server field.
  WorkerContext(runtime::Worker& worker, Handler handler, const Limits& limits, std::string_view server = "flared",
                Recorder* recorder = nullptr);

  [[nodiscard]] runtime::Worker& worker() noexcept { return worker_; }
  [[nodiscard]] const Handler& handler() const noexcept { return handler_; }
  [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
  /// Nobody, unless set_trust() says otherwise.
  [[nodiscard]] const PeerTrust& trust() const noexcept { return *trust_; }
  /// Before the first connection; `trust` outlives the context.
  void set_trust(const PeerTrust& trust) noexcept { trust_ = &trust; }
  /// What connections begin with; null: nothing, they are plain.
  [[nodiscard]] const std::shared_ptr<const tls::ServerContext>& tls() const noexcept { return tls_; }
  /// At any time: connections that have begun keep what they began with.
  void set_tls(std::shared_ptr<const tls::ServerContext> context) noexcept { tls_ = std::move(context); }
  /// Where costly private-key operations go; nullptr: nowhere, they are done here. Outlives the connections.
  [[nodiscard]] runtime::OffloadPool* offload() noexcept { return offload_; }
  void set_offload(runtime::OffloadPool& pool) noexcept { offload_ = &pool; }
  /// nullptr: clients may begin any number of handshakes. Outlives the connections.
  void set_handshake_rate(HandshakeRate* rate) noexcept { handshake_rate_ = rate; }
  [[nodiscard]] HandshakeRate* handshake_rate() noexcept { return handshake_rate_; }
  /// True: a handshake may begin in this turn of the worker. There are few in each, lest a crowd of newcomers hold up
  /// everybody else.
  bool admit_handshake() noexcept;

  /// A connection came to nothing: counted, and told to the recorder. `detail` is for people.
  void tell_refused(const net::SocketAddr& peer, Reason why, std::string_view detail = {}) noexcept;
  /// For failures; may be nullptr.
  [[nodiscard]] Recorder* recorder() noexcept { return recorder_; }
  /// For transactions; nullptr where nobody wants them.
  [[nodiscard]] Recorder* transaction_recorder() noexcept { return transaction_recorder_; }
  [[nodiscard]] io::Buffer& input() noexcept { return input_; }
  [[nodiscard]] io::Buffer& output() noexcept { return output_; }
  /// "Server: flared\r\nDate: ...\r\n", of the second of the last refresh_date().
  [[nodiscard]] std::string_view common_fields() const noexcept {
    return std::string_view(ok_head_).substr(common_offset_);
  }
  /// The same behind the status line of 200: how most answers begin, in one piece.
  [[nodiscard]] std::string_view ok_head() const noexcept { return ok_head_; }
  /// Reads the clock: once before the answers of a turn.
  void refresh_date() noexcept;

  /// Connections that are being told why they are not served.
  [[nodiscard]] std::size_t& refusals_under_way() noexcept { return refusals_under_way_; }

  /// The request being parsed; a connection whose handler waits takes it along and gives it back.
  [[nodiscard]] Request& request() noexcept { return *request_; }
  std::unique_ptr<Request> take_request();
  void give_request(std::unique_ptr<Request> request) noexcept;

 private:
  runtime::Worker& worker_;
  Handler handler_;
  const Limits& limits_;
  const PeerTrust* trust_;
  Recorder* recorder_;
  Recorder* transaction_recorder_;
  io::Buffer input_;
  io::Buffer output_;
  std::unique_ptr<Request> request_;
  std::vector<std::unique_ptr<Request>> spare_requests_;
  std::string ok_head_;
  std::size_t common_offset_ = 0;
  std::size_t date_offset_ = 0;
  std::int64_t date_second_ = -1;
  std::size_t refusals_under_way_ = 0;
  std::shared_ptr<const tls::ServerContext> tls_;
  runtime::OffloadPool* offload_ = nullptr;
  HandshakeRate* handshake_rate_ = nullptr;
  std::uint64_t handshakes_turn_ = 0;
  int handshakes_ = 0;  ///< begun in that turn
};

}  // namespace flare::http
