// The part of an HTTP/1.1 connection that needs no transport: requests in, answers out (RFC 9112 §9).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/content_reader.h"
#include "flare/http/exchange.h"
#include "flare/http/handler.h"
#include "flare/http/response_head.h"
#include "flare/http/transfer_pace.h"
#include "flare/http/worker_context.h"
#include "flare/net/socket_addr.h"
#include "flare/runtime/frame_pool.h"
#include "flare/tls/session.h"

namespace flare::http {

/// What the transport side has to do when serve() returns.
enum class Next : std::uint8_t {
  kRead,            ///< everything complete is answered: wait for more input
  kMore,            ///< send what there is, then go on with the rest of the input
  kDeferred,        ///< one answer needs waiting: see deferred()
  kTakeOver,        ///< the head of the answer is the last of HTTP: its takeover runs
  kClose,           ///< send, then close
  kCloseLingering,  ///< send, then close in a way that lets the client read it although it is still sending (RFC 9112
                    ///< §9.6)
};

/// A request whose handler waits or whose answer does not fit the turn's buffer, with memory of its own.
struct Deferred {
  static void* operator new(std::size_t size) { return runtime::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { runtime::release_frame(memory, size); }

  std::unique_ptr<Request> request;
  std::chrono::steady_clock::time_point started;
  // Of the content, as far as the handler has asked for it.
  TransferPace pace;
  std::uint64_t content_bytes = 0;
  bool invited = false;         ///< to send it, or no need to
  std::string trailer_section;  ///< as it came
  std::vector<Field> trailers;
  Reply reply;  ///< ends first: its handler may use the others to the last

  /// The content has ended: what its trailer section holds.
  std::expected<void, Reason> read_trailers();
};

[[nodiscard]] bool sends_body(const Request& request, const Response& response) noexcept;
/// The whole answer goes into the worker's buffer: its content is in memory, and not large.
[[nodiscard]] bool fits_turn(const Request& request, const Response& response) noexcept;

class ConnectionCore {
 public:
  /// `tls` outlives the core; nullptr on a plain connection.
  ConnectionCore(WorkerContext& context, const net::SocketAddr& peer, const tls::Session* tls) noexcept
      : context_(context),
        peer_(peer),
        tls_(tls),
        trusted_(context.trust().trusted_proxies.contains(peer)),
        born_(context.worker().now()) {}

  /// The peer relays for `source`: that is whose word counts, or not, from here on.
  void set_source(const net::SocketAddr& source) noexcept {
    source_ = source.ip().unmapped();
    trusted_ = context_.trust().trusted_proxies.contains(*source_);
  }

  struct Progress {
    std::size_t consumed = 0;
    Next next = Next::kRead;
  };
  /// Answers the complete requests at the start of `input` into the worker's output buffer, in order, at most a turn's
  /// worth. `exchange` is for handlers that wait.
  Progress serve(std::string_view input, Exchange& exchange);
  /// After kDeferred; the connection's own from then on.
  [[nodiscard]] Deferred& deferred() noexcept { return *deferred_; }
  [[nodiscard]] const Deferred& deferred() const noexcept { return *deferred_; }

  /// The head of the deferred answer, and what follows once it is sent. `rest`: input that has arrived behind the
  /// request's head and what was read of its content.
  Next begin_deferred_answer(Response& response, std::string_view rest, io::Buffer& out);
  /// Once its reply is there: that, or what stands for it where the handler failed. Lives until end_deferred().
  Response& deferred_response();
  /// The same, without its handler: where sending takes its time, that ends before.
  Response& detach_response();
  void end_deferred(const Response& response, std::uint64_t bytes_out, Reason why);

  /// Appends the answer to the request at the start of `input`, which cannot be understood or came too late; the
  /// connection ends with it.
  void refuse(std::string_view input, Reason why);

  [[nodiscard]] WorkerContext& context() noexcept { return context_; }
  /// Content of an answered request is still to be skipped.
  [[nodiscard]] bool is_discarding() const noexcept { return !content_.done(); }
  [[nodiscard]] ContentReader& content() noexcept { return content_; }

 private:
  Next answer(std::string_view head, std::string_view rest, Exchange& exchange);
  Next send_now(const Request& request, Response& response, std::string_view rest,
                std::chrono::steady_clock::time_point started, std::size_t bytes_in);
  Reply call_handler(Request& request);
  Response handler_failed(const Request& request, const std::exception& exception);
  /// Why this connection is not the right one for the request (RFC 9110 §7.4); kNone: it is.
  [[nodiscard]] Reason misdirected(const Request& request) const;
  /// The peer does not speak HTTP at all, but opens a TLS handshake.
  [[nodiscard]] bool is_tls_hello(std::string_view input) const noexcept;
  void name_client(Request& request) const noexcept;
  [[nodiscard]] bool persists(const Request& request, const Response& response, std::string_view rest) const noexcept;
  void append_head(const Request& request, const Response& response, bool keep_alive, io::Buffer& out) const;
  [[nodiscard]] Next after(const Request& request, bool keep_alive, std::string_view rest) const noexcept;
  /// How much of `input` was content to skip; a protocol error ends the connection.
  std::expected<std::size_t, Reason> discard(std::string_view input) noexcept;
  void record(const Request& request, const Response& response, std::uint64_t bytes_in, std::uint64_t bytes_out,
              Reason why, std::chrono::steady_clock::time_point started) noexcept;
  [[nodiscard]] std::chrono::steady_clock::time_point now_if_recorded() const noexcept;

  WorkerContext& context_;
  net::SocketAddr peer_;
  const tls::Session* tls_;
  bool trusted_;  ///< the peer, or the source it relays, may name the client in fields
  std::optional<net::IpAddr> source_;
  std::uint32_t requests_ = 0;
  runtime::TimePoint born_;
  ContentReader content_;  ///< of the present request
  std::unique_ptr<Deferred> deferred_;
};

}  // namespace flare::http
