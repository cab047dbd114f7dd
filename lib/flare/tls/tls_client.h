// TLS without coroutines: calls that wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flare/net/socket_addr.h"
#include "flare/tls/client_context.h"
#include "flare/tls/peer_certificate.h"

namespace flare::tls {

/// A connection for programs that have no worker of their own: it brings a reactor, but no thread. Belongs to one
/// thread at a time. Every call throws what became of it: TlsHandshakeError and its kinds (tls_error.h),
/// ConnectionTimeout, ConnectionRefused, ConnectionReset, ... (exception.h). Not for a worker's thread, which would
/// stand still.
class TlsClient {
 public:
  static constexpr std::chrono::milliseconds kTimeout{30'000};

  /// Connects to `where` and shakes hands for `host` within kTimeout. Throws CertificateError where a file of `config`
  /// is no good.
  static TlsClient connect(const net::Endpoint& where, const std::string& host, const TlsConfig& config = {});
  static TlsClient connect_timeout(const net::Endpoint& where, const std::string& host, const TlsConfig& config,
                                   std::chrono::milliseconds timeout);
  /// With a context that other connections share: sessions resume.
  static TlsClient connect(const net::Endpoint& where, const std::string& host,
                           std::shared_ptr<const ClientContext> context, std::chrono::milliseconds timeout = kTimeout);
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;
  /// close()
  ~TlsClient();

  /// How long each later call may take; at first kTimeout.
  void set_timeout(std::chrono::milliseconds timeout) noexcept;
  /// At least one byte; 0: the server said that it has finished. ConnectionReset where it stopped without saying so:
  /// what came before may have been cut off.
  std::size_t read(std::span<char> into);
  /// Throws NetworkError (kClosed) where the server finished before.
  void read_exact(std::span<char> into);
  /// How many bytes were taken, at least one of a text that is not empty.
  std::size_t write(std::string_view bytes);
  void write_all(std::string_view bytes);
  /// Says close_notify and closes. Later calls throw NetworkError.
  void close() noexcept;

  [[nodiscard]] std::string_view tls_version() const noexcept;   ///< "TLSv1.3"
  [[nodiscard]] std::string_view cipher_suite() const noexcept;  ///< "TLS_AES_128_GCM_SHA256"
  [[nodiscard]] std::string_view alpn() const noexcept;          ///< "" where no protocol was agreed
  [[nodiscard]] bool is_resumed() const noexcept;
  [[nodiscard]] std::optional<PeerCertificate> peer_certificate() const;
  [[nodiscard]] std::string peer_cert_subject() const;  ///< "CN=example.com"

 private:
  struct Connection;
  explicit TlsClient(std::unique_ptr<Connection> connection) noexcept;

  std::unique_ptr<Connection> connection_;
};

}  // namespace flare::tls
