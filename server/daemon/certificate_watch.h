// Certificates that are renewed on disk come into use by themselves (T-8).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "flare/tls/certificate_pool.h"
#include "server/config/config.h"
#include "server/daemon/file_stamp.h"
#include "server/log/error_log.h"

namespace flare::server {

/// The supervisor's. Looks at the files when asked: renewals come by rename, by symbolic link, over network file
/// systems and in the middle of being written; a look a second finds them all.
class CertificateWatch {
 public:
  CertificateWatch(const config::TlsSettings& settings, log::ErrorLog& errors);

  /// True: current() has changed. A pair that does not fit together, or is no certificate at all, leaves the old one
  /// in use; when it is still like that at the next look, that is said, once.
  bool look();
  [[nodiscard]] const std::vector<tls::CertificatePool::Member>& current() const noexcept { return current_; }
  /// Tells which certificates are about to expire, each once for every threshold of expiry_warn that it passes.
  void warn_of_expiry(std::chrono::system_clock::time_point now);

 private:
  struct Pair {
    tls::Certificate::Files files;
    FileStamp chain, key;
    bool unread = false;  ///< changed since it was last read with success
    bool told = false;    ///< that it cannot be used as it is
    std::size_t thresholds_passed = 0;
  };
  bool refresh(std::size_t index);

  log::ErrorLog& errors_;
  bool watch_;
  std::vector<std::chrono::milliseconds> thresholds_;  ///< the longest first
  std::vector<Pair> pairs_;
  std::vector<tls::CertificatePool::Member> current_;
};

}  // namespace flare::server
