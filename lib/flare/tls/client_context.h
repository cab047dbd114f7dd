// How a TLS client begins its connections (RFC 8446, RFC 5246, RFC 6066, RFC 9525).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flare/tls/client_config.h"
#include "flare/tls/openssl.h"
#include "flare/tls/session.h"
#include "flare/tls/session_cache.h"

namespace flare::tls {

/// Immutable but for the tickets it keeps; any thread. Make one for many connections: reading certificates takes its
/// time, and sessions resume within one context only.
class ClientContext {
 public:
  /// Throws CertificateError or flare::Exception that says which file, and what is wrong with it.
  static std::shared_ptr<const ClientContext> make(const TlsConfig& config = {});
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ~ClientContext();

  /// The client's side of a new connection to `host`, a name or an IP address without brackets (TlsConfig::server_name
  /// goes before it), at `port`, 0 for none. Resumes the last session with the same host and port. Where verification
  /// is required, kCertificateHostname for what no certificate can be for. Throws std::bad_alloc.
  [[nodiscard]] Result<std::shared_ptr<Session>> connect(std::string_view host, std::uint16_t port) const;

 private:
  explicit ClientContext(const TlsConfig& config);
  void trust(const TlsConfig& config);
  void show_certificate(const TlsConfig& config);
  void resume(SSL* ssl, std::string server) const;

  SslCtxPtr ctx_;
  TlsVerify verify_;
  std::string server_name_;
  std::shared_ptr<SessionCache> sessions_;  ///< shared with connections: their tickets may come late
};

}  // namespace flare::tls
