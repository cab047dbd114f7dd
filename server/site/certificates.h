// Which certificate serves whom: what a handshake decides, asked of the configuration alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config.h"

namespace flare::server::site {

/// The [[tls.cert]]s of a configuration, as far as they can be read: also those that are expired, which it cannot be
/// served with.
class Certificates {
 public:
  /// Reads the files of those that the loader refused, for what can be said of them. `config` outlives it.
  Certificates(const config::Config& config, std::chrono::system_clock::time_point now);

  struct Use {
    std::size_t host = 0;            ///< in Config::hosts
    std::vector<std::string> names;  ///< those of its names that this certificate serves; "_": whoever names nobody
  };
  struct Entry {
    const config::TlsCertificate* settings = nullptr;
    std::shared_ptr<const tls::Certificate> certificate;  ///< null: it cannot be read
    std::vector<std::string> problems;                    ///< why it cannot be used
    std::vector<Use> used_by;                             ///< hosts with a TLS listener
  };
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

  /// The places in entries() of what a client is served with that asks for `name` (lower case, no trailing dot; "": it
  /// asks for nobody): one for each kind of key. Empty: the handshake ends with an alert.
  [[nodiscard]] std::vector<std::size_t> serving(std::string_view name) const;

 private:
  void add(const config::TlsCertificate& settings, std::chrono::system_clock::time_point now);
  void find_users(const config::Config& config);
  [[nodiscard]] std::vector<std::size_t> places(std::optional<std::size_t> pool_entry) const;

  tls::UnknownName unknown_;
  std::vector<Entry> entries_;
  tls::CertificatePool pool_;
};

}  // namespace flare::server::site
