// A request as a handler sees it.
#pragma once

#include <array>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flare/http/exchange.h"
#include "flare/http/limits.h"
#include "flare/http/path.h"
#include "flare/http/request_head.h"
#include "flare/net/socket_addr.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::tls {
class Session;
}

namespace flare::http {

/// Views live until the response head is written; a coroutine handler may use them until it returns.
/// Used on one worker only.
class Request {
 public:
  [[nodiscard]] Method method() const noexcept { return head_.method; }
  [[nodiscard]] std::string_view method_token() const noexcept { return head_.method_token; }
  /// The target as received.
  [[nodiscard]] std::string_view target() const noexcept { return head_.target; }
  /// The canonical path that routing compares (path.h): '/'-led, unreserved characters decoded, empty segments merged.
  [[nodiscard]] std::string_view path() const noexcept { return path_; }
  /// The path as received.
  [[nodiscard]] std::string_view raw_path() const noexcept { return head_.path; }
  [[nodiscard]] std::string_view query() const noexcept { return head_.query; }
  /// The effective authority as received (host[:port]); see normalize_host.
  [[nodiscard]] std::string_view authority() const noexcept { return head_.authority; }
  [[nodiscard]] bool is_tls() const noexcept { return tls_; }
  /// What was agreed with the client, and its certificate (tls/session.h); nullptr on a plain connection.
  [[nodiscard]] const tls::Session* tls() const noexcept { return session_; }
  /// "http" or "https": what the client used, as far as the connection or a trusted proxy tells.
  [[nodiscard]] std::string_view scheme() const noexcept { return https_ ? "https" : "http"; }
  /// The other end of the socket; unspecified on a unix socket.
  [[nodiscard]] const net::SocketAddr& peer() const noexcept { return peer_; }
  /// Who asks: the peer, or the client that a trusted proxy names (peer_trust.h).
  [[nodiscard]] const net::IpAddr& client() const noexcept { return client_; }
  /// Who sent it: the peer, or whom its PROXY header names; and whether its word about clients counts.
  [[nodiscard]] const net::IpAddr& sender() const noexcept { return sender_; }
  [[nodiscard]] bool is_sender_trusted() const noexcept { return sender_trusted_; }
  /// When the turn began in which the request was taken up, by the worker's clock.
  [[nodiscard]] runtime::TimePoint arrival() const noexcept { return arrival_; }
  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  [[nodiscard]] Fields headers() const noexcept { return Fields(head_.fields); }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return headers().get(name);
  }

  /// The decoded value that the route's `:name` matched; "" where the route has no such parameter.
  [[nodiscard]] std::string param(std::string_view name) const;
  [[nodiscard]] bool has_param(std::string_view name) const noexcept;
  /// The part of path() that a trailing `*` or `/**` matched, without its leading slash; canonical, not decoded.
  [[nodiscard]] std::string_view tail() const noexcept { return std::string_view(path_).substr(tail_offset_); }

  /// The content, all of it, at most limits().body bytes.
  [[nodiscard]] std::string_view body() const noexcept { return body_; }
  /// The message carries content (RFC 9112 §6): plain handlers are called when it has arrived.
  [[nodiscard]] bool has_content() const noexcept {
    return head_.framing == Framing::kChunked || head_.content_length != 0;
  }
  [[nodiscard]] const Limits& limits() const noexcept { return *limits_; }
  /// Cancelled when the client leaves while a handler waits (H-20). What waits for something else than content gives it
  /// to its waits (Worker::sleep) or listens; whatever is answered then goes nowhere.
  [[nodiscard]] runtime::Cancellation& cancellation() const noexcept { return cancellation_; }

  // ---- for routers: what a match found. Names and offsets, so that they stay true when the connection moves the
  // bytes.
  static constexpr std::size_t kMaxParams = 16;
  struct Param {
    std::string_view name;  ///< the route pattern's, outlives the request
    std::uint16_t offset = 0;
    std::uint16_t length = 0;
  };
  void clear_params() noexcept {
    param_count_ = 0;
    tail_offset_ = static_cast<std::uint16_t>(path_.size());
  }
  /// Precondition: fewer than kMaxParams so far (patterns with more do not compile, RoutePattern).
  void add_param(Param param) noexcept { params_[param_count_++] = param; }
  void set_tail(std::uint16_t offset) noexcept { tail_offset_ = offset; }
  [[nodiscard]] std::span<const Param> params() const noexcept { return {params_.data(), param_count_}; }
  /// Narrower or wider limits of the matched route; `limits` outlives the request.
  void set_limits(const Limits& limits) noexcept { limits_ = &limits; }

  /// The matched route's name, for logs; `name` outlives the request.
  void set_route(std::string_view name, bool logged) noexcept {
    route_ = name;
    logged_ = logged;
  }
  [[nodiscard]] std::string_view route() const noexcept { return route_; }
  [[nodiscard]] bool is_logged() const noexcept { return logged_; }

  /// Which upstream server was asked last, and how often any was, for logs.
  void set_upstream(std::string_view server, unsigned attempts) {
    upstream_.assign(server);
    attempts_ = attempts;
  }
  void clear_upstream() noexcept {
    upstream_.clear();
    attempts_ = 0;
  }
  [[nodiscard]] std::string_view upstream() const noexcept { return upstream_; }
  [[nodiscard]] unsigned upstream_attempts() const noexcept { return attempts_; }

  // ---- for middleware: what the handlers behind it see.
  /// No field of that name any more.
  void remove_header(std::string_view name);
  /// remove_header() has been called for that name: what the client says by it is not to be believed, wherever it
  /// stands.
  [[nodiscard]] bool is_removed(std::string_view name) const noexcept;
  /// One more field; both are copied.
  void add_header(std::string name, std::string value);
  /// The fields that the client has sent, as far as they were not removed, and those that were added, which are the
  /// last of headers().
  [[nodiscard]] Fields received_headers() const noexcept {
    return Fields(std::span(head_.fields).first(head_.fields.size() - added_count_));
  }
  [[nodiscard]] Fields added_headers() const noexcept { return Fields(std::span(head_.fields).last(added_count_)); }
  /// Who has been authenticated, for logs; "": nobody.
  void set_user(std::string_view name) { user_.assign(name); }
  [[nodiscard]] std::string_view user() const noexcept { return user_; }

  // ---- for whoever makes requests: the connection, and tests.
  /// Parses `input` (RequestBuilder of a connection); see parse_request_head. The canonical path is computed too.
  std::expected<std::size_t, Reason> parse(std::string_view input, const Limits& limits) noexcept;
  /// Copies the bytes that were parsed, `head`, and every view follows: they may go.
  void keep_head(std::string_view head);
  /// Of the head that was kept.
  [[nodiscard]] std::size_t kept_bytes() const noexcept { return kept_.size(); }
  /// It has been answered, and waits for its next use: gives memory back, where that is much.
  void retire() noexcept;
  void set_peer(const net::SocketAddr& peer, bool tls) noexcept {
    peer_ = peer;
    client_ = sender_ = peer.ip();
    sender_trusted_ = false;
    tls_ = tls;
    https_ = tls;
  }
  void set_tls(const tls::Session* session) noexcept { session_ = session; }
  void set_client(const net::IpAddr& client) noexcept { client_ = client; }
  void set_sender(const net::IpAddr& sender, bool trusted) noexcept {
    client_ = sender_ = sender;
    sender_trusted_ = trusted;
  }
  void set_arrival(runtime::TimePoint time) noexcept { arrival_ = time; }
  void set_scheme(std::string_view scheme) noexcept { https_ = scheme == "https"; }
  void set_body(std::string body) noexcept { body_ = std::move(body); }
  /// Where the content comes from; nullptr where there is none. Outlives the request.
  void set_content_source(ContentSource* source) noexcept { content_ = source; }
  /// The connection it came by. Outlives the request.
  void set_exchange(Exchange* exchange) noexcept { content_ = exchange_ = exchange; }
  [[nodiscard]] ContentSource* content_source() noexcept { return content_; }
  /// nullptr where there is no connection.
  [[nodiscard]] Exchange* exchange() noexcept { return exchange_; }

 private:
  RequestHead head_;
  std::string_view path_;
  std::string canonical_;  ///< where path_ points when it is not the received bytes
  std::string body_;
  std::string kept_;  ///< the head, where it was kept; keeps its memory
  ContentSource* content_ = nullptr;
  Exchange* exchange_ = nullptr;
  mutable runtime::Cancellation cancellation_;  ///< is about the asker, not part of what is asked
  const Limits* limits_ = nullptr;
  net::SocketAddr peer_;
  net::IpAddr client_;
  net::IpAddr sender_;
  runtime::TimePoint arrival_{};
  const tls::Session* session_ = nullptr;
  std::string_view route_;
  std::string upstream_;                                          ///< keeps its memory
  std::string user_;                                              ///< so does this
  std::forward_list<std::pair<std::string, std::string>> added_;  ///< what the last `added_count_` fields refer to
  std::forward_list<std::string> removed_;                        ///< names
  std::size_t added_count_ = 0;
  unsigned attempts_ = 0;
  bool logged_ = true;
  bool tls_ = false;
  bool https_ = false;
  bool sender_trusted_ = false;
  std::uint8_t param_count_ = 0;
  std::uint16_t tail_offset_ = 0;
  std::array<Param, kMaxParams> params_;
};

}  // namespace flare::http
