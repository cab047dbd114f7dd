#include "flare/tls/session_cache.h"

#include <utility>

namespace flare::tls {

void SessionCache::put(const std::string& server, SslSessionPtr session) {
  if (capacity_ == 0) return;
  std::list<Entry> made;
  made.push_back({.server = server, .session = std::move(session)});
  const std::lock_guard lock(mutex_);
  const auto [place, added] = places_.try_emplace(server, made.begin());
  if (!added) entries_.erase(std::exchange(place->second, made.begin()));
  entries_.splice(entries_.begin(), made);
  if (entries_.size() <= capacity_) return;
  places_.erase(entries_.back().server);
  entries_.pop_back();
}

SslSessionPtr SessionCache::take(const std::string& server) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(server);
  if (place == places_.end()) return nullptr;
  SSL_SESSION* const kept = place->second->session.get();
  // A copy: connections on several threads may hold it at once.
  if (SSL_SESSION_get_protocol_version(kept) < TLS1_3_VERSION) return SslSessionPtr(SSL_SESSION_dup(kept));
  SslSessionPtr session = std::move(place->second->session);
  entries_.erase(place->second);
  places_.erase(place);
  return session;
}

}  // namespace flare::tls
