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
    default: return text;
  }
}

}  // namespace

void RefusalLog::add(const net::SocketAddr& peer, Reason why) noexcept {
  if (is_scheduled()) {
    ++untold_[static_cast<std::size_t>(why)];
    return;
  }
  const std::string from = peer == net::SocketAddr() ? std::string() : " from " + peer.to_string();
  errors_.warn("refused a connection" + from + because(why));
  worker_.timers().schedule(*this, worker_.now() + kPace);
}

void RefusalLog::on_timer() {
  if (tell_counts()) worker_.timers().schedule(*this, worker_.now() + kPace);
}

bool RefusalLog::tell_counts() noexcept {
  bool told = false;
  for (std::size_t i = 0; i < untold_.size(); ++i) {
    if (untold_[i] == 0) continue;
    errors_.warn("refused " + counted(untold_[i], "more connection") + because(static_cast<Reason>(i)));
    untold_[i] = 0;
    told = true;
  }
  return told;
}

}  // namespace flare::server::log
