#include "server/log/refusal_log.h"

#include <chrono>
#include <string>

#include "server/counted.h"

namespace flare::server::log {
namespace {

constexpr std::chrono::seconds kPace{1};

/// What the operator can do about it.
std::string_view remedy(Reason why) noexcept {
  switch (why) {
    case Reason::kConnections: return "limits.connections is reached";
    case Reason::kPerIp: return "limits.per_ip is reached by a client";
    case Reason::kResourceExhausted:
      return "out of file descriptors or memory: raise LimitNOFILE or lower limits.connections";
    default: return "see the reason";
  }
}

}  // namespace

void RefusalLog::add(Reason why) noexcept {
  ++untold_[static_cast<std::size_t>(why)];
  if (is_scheduled()) return;
  tell();
  worker_.timers().schedule(*this, worker_.now() + kPace);
}

void RefusalLog::on_timer() {
  if (tell()) worker_.timers().schedule(*this, worker_.now() + kPace);
}

bool RefusalLog::tell() noexcept {
  bool told = false;
  for (std::size_t i = 0; i < untold_.size(); ++i) {
    if (untold_[i] == 0) continue;
    const auto why = static_cast<Reason>(i);
    errors_.warn("refused " + counted(untold_[i], "connection") + ": " + std::string(to_string(why)) + " (" +
                 std::string(remedy(why)) + ")");
    untold_[i] = 0;
    told = true;
  }
  return told;
}

}  // namespace flare::server::log
