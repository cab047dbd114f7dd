#include "server/log/refusal_log.h"

#include <chrono>
#include <string>

#include "server/counted.h"

namespace flare::server::log {
namespace {

constexpr std::chrono::seconds kPace{1};

std::string because(Reason why) {
  std::string text = ": why=" + std::string(to_string(why));
  switch (why) {  // what the operator can do about it, where there is something
    case Reason::kConnections: return text + " (limits.connections is reached)";
    case Reason::kPerIp: return text + " (a client has reached limits.per_ip)";
    case Reason::kResourceExhausted:
      return text + " (out of file descriptors or memory: raise LimitNOFILE or lower limits.connections)";
    case Reason::kTlsOnPlainPort: return text + " (the listener lacks tls = true, or the client has the wrong port)";
    default: return text;
  }
}

/// Clients fail to shake hands every day: that is information, no warning (T-5).
constexpr bool is_handshake(Reason why) noexcept {
  switch (why) {
    case Reason::kTlsMalformed:
    case Reason::kTlsNothingShared:
    case Reason::kTlsNoProtocol:
    case Reason::kUnknownServerName:
    case Reason::kClientCertificate:
    case Reason::kTlsPeerAlert:
    case Reason::kTlsTimeout:
    case Reason::kTlsClosed:
    case Reason::kHandshakeRate:
    case Reason::kPlainHttpOnTls: return true;
    default: return false;
  }
}

}  // namespace

void RefusalLog::tell(Reason why, const std::string& text) noexcept {
  is_handshake(why) ? errors_.info(text) : errors_.warn(text);
}

void RefusalLog::add(const net::SocketAddr& peer, Reason why, std::string_view detail) noexcept {
  if (is_scheduled()) {
    ++untold_[static_cast<std::size_t>(why)];
    return;
  }
  const std::string from = peer == net::SocketAddr() ? std::string() : " from " + peer.to_string();
  const std::string more = detail.empty() ? std::string() : " (" + std::string(detail) + ")";
  tell(why, (is_handshake(why) ? "TLS handshake failed" : "refused a connection") + from + because(why) + more);
  worker_.timers().schedule(*this, worker_.now() + kPace);
}

void RefusalLog::on_timer() {
  if (tell_counts()) worker_.timers().schedule(*this, worker_.now() + kPace);
}

bool RefusalLog::tell_counts() noexcept {
  bool told = false;
  for (std::size_t i = 0; i < untold_.size(); ++i) {
    if (untold_[i] == 0) continue;
    const auto why = static_cast<Reason>(i);
    const std::string_view what = is_handshake(why) ? "TLS handshake failed of " : "refused ";
    tell(why, std::string(what) + counted(untold_[i], "more connection") + because(why));
    untold_[i] = 0;
    told = true;
  }
  return told;
}

}  // namespace flare::server::log
