// A client's tickets, kept for the next connection to the same server (RFC 8446 §2.2, RFC 5077).
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include "flare/tls/openssl.h"

namespace flare::tls {

/// The newest session of each server, of `capacity` servers at most: the one that waits longest makes room. Any thread.
class SessionCache {
 public:
  explicit SessionCache(std::size_t capacity) noexcept : capacity_(capacity) {}
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  void put(const std::string& server, SslSessionPtr session);
  /// Null where there is none. A session of TLS 1.3 is given out once, so that onlookers cannot tell two connections
  /// for those of one client (RFC 8446 §C.4).
  SslSessionPtr take(const std::string& server);

 private:
  struct Entry {
    std::string server;
    SslSessionPtr session;
  };

  std::mutex mutex_;
  const std::size_t capacity_;
  std::list<Entry> entries_;  ///< the newest first
  std::map<std::string, std::list<Entry>::iterator, std::less<>> places_;
};

}  // namespace flare::tls
