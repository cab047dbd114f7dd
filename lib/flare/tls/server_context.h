// What a TLS server offers: certificates by name, versions and ciphers, tickets, whom it lets in (RFC 8446, RFC 5246,
// RFC 6066, RFC 7301; recommendations of RFC 9325).
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/tls/certificate_pool.h"
#include "flare/tls/openssl.h"
#include "flare/tls/parameters.h"
#include "flare/tls/session.h"
#include "flare/tls/ticket_keys.h"

namespace flare::tls {

/// What becomes of a client that asks for a name which no certificate has.
enum class UnknownName : std::uint8_t {
  kReject,              ///< the alert unrecognized_name
  kDefaultCertificate,  ///< the pool's fallback
};

/// Client certificates (T-10), checked against `authorities`.
struct ClientAuth {
  enum class Mode : std::uint8_t {
    kRequest,  ///< asked for; whether there is one, and a good one, is the handler's affair (Session::peer_certificate)
    kRequire,  ///< no good certificate, no handshake
  };
  Mode mode = Mode::kRequire;
  std::string authorities;  ///< PEM
};

struct ServerOptions {
  std::vector<CertificatePool::Member> certificates;
  Version min_version = Version::kTls12;
  std::string ciphers;  ///< for TLS 1.2, in OpenSSL's notation; "": kIntermediateCiphers
  UnknownName unknown_name = UnknownName::kReject;
  std::vector<std::string> protocols{"http/1.1"};  ///< for ALPN, the dearest first
  std::shared_ptr<TicketKeys> tickets;             ///< null: nothing is resumed
  std::chrono::milliseconds handshake_timeout{10'000};
  bool kernel_records =
      KernelRecords::are_available();  ///< large files leave by the kernel's TLS where it takes the keys
  std::vector<ClientAuth> client_auth;
  /// The index in client_auth that holds for a name ("" where the client gives none). Called on any thread. Empty: none
  /// ever does.
  std::function<std::optional<std::size_t>(std::string_view name)> policy_of;
};

/// Immutable; any thread. Sessions keep it alive, so a successor can take its place at any moment.
class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  /// Throws CertificateError or flare::Exception that says what OpenSSL does not take.
  static std::shared_ptr<const ServerContext> make(ServerOptions options);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  ~ServerContext();

  /// The server's side of a new connection. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<Session> accept() const;
  /// Whether a connection that was made for another name may be used for `host` (lower case, no port): only with the
  /// same certificate and the same demands on the client (RFC 9110 §7.4, RFC 8446 §4.2.11).
  [[nodiscard]] bool covers(const Session& session, std::string_view host) const noexcept;
  [[nodiscard]] const CertificatePool& pool() const noexcept { return pool_; }
  /// From the connection's first moment to the end of its handshake.
  [[nodiscard]] std::chrono::milliseconds handshake_timeout() const noexcept { return options_.handshake_timeout; }

 private:
  struct Policy {
    ClientAuth::Mode mode;
    X509StorePtr authorities;
    X509NamesPtr names;       ///< of the authorities, for the client to choose by
    std::string fingerprint;  ///< of what is demanded: sessions resume under the same demands only
  };

  explicit ServerContext(ServerOptions options);
  [[nodiscard]] static Policy make_policy(const ClientAuth& auth);
  [[nodiscard]] SslCtxPtr make_ssl_ctx(const CertificatePool::Entry& entry);
  [[nodiscard]] std::optional<std::size_t> policy_of(std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::size_t> entry_of(std::string_view name) const noexcept;
  /// Sets `session` up for what its client asks for; the alert to send where it cannot be served.
  [[nodiscard]] std::optional<int> choose(Session& session, SSL* ssl) const;
  void demand(SSL* ssl, const Policy& policy) const;
  [[nodiscard]] bool is_costly(SSL* ssl, const CertificatePool::Entry& entry) const noexcept;

  // What OpenSSL calls; `context` is the ServerContext, where there is one.
  static int on_client_hello(SSL* ssl, int* alert, void* context);
  static int on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                          const unsigned char* offered, unsigned offered_size, void* context);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int seal);

  ServerOptions options_;
  CertificatePool pool_;
  std::string protocols_;  ///< as ALPN writes them
  CipherPtr ticket_cipher_;
  std::vector<Policy> policies_;
  std::vector<SslCtxPtr> contexts_;  ///< one for each entry of the pool
};

}  // namespace flare::tls
