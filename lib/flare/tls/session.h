// One side of a TLS connection without a transport: ciphertext in, ciphertext out. The protocol is OpenSSL's.
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flare/base/error.h"
#include "flare/tls/kernel_records.h"
#include "flare/tls/openssl.h"
#include "flare/tls/peer_certificate.h"

namespace flare::tls {

class ServerContext;
struct Failure;

/// What the handshake needs to go on.
enum class Step : std::uint8_t {
  kDone,
  kRead,     ///< more ciphertext
  kOffload,  ///< a costly private-key operation comes next: call handshake() again on a thread that may take its time
  kFailed,   ///< see failure(); an alert may wait in output()
};

/// Belongs to one thread at a time. It stays where it is: OpenSSL refers to it. No call is made from within another.
class Session {
 public:
  /// `ssl` is configured for its side, without a BIO. `context` is kept alive; null for clients.
  Session(SslPtr ssl, std::shared_ptr<const ServerContext> context);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // ---- the handshake
  /// Ciphertext for handshake() and decrypt().
  void feed(std::string_view arrived) { input_.append(arrived); }
  [[nodiscard]] bool was_fed() const noexcept { return !input_.empty(); }
  Step handshake() noexcept;
  [[nodiscard]] bool is_established() const noexcept { return established_; }
  [[nodiscard]] bool is_server() const noexcept { return SSL_is_server(ssl_.get()) == 1; }
  /// What a client wrote instead of a handshake, for its first bytes: plain HTTP is told so (T-4).
  [[nodiscard]] bool looks_like_http() const noexcept;
  /// Why the handshake failed or the stream broke: the reason to log, and OpenSSL's words.
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  // ---- records
  /// Plaintext of what was fed and of `arrived`, as much as `into` takes; what is left is kept. kWouldBlock: no record
  /// is complete yet. kClosed: close_notify. kProtocol, from then on: see failure(), as also for a peer that makes
  /// OpenSSL answer (RFC 8446 §4.6.3) until output() holds 128 KiB.
  Result<std::size_t> decrypt(std::string_view arrived, std::span<char> into) noexcept;
  /// What the transport's end means where no close_notify came before it. A server takes it for one (T-6); a client
  /// must not: what it got may have been cut off (RFC 8446 §6.1).
  [[nodiscard]] Error cut_off() const noexcept;
  /// decrypt() would give something at once.
  [[nodiscard]] bool has_input() const noexcept { return has_input_; }
  /// Appends records for `plain` to output(); all of it is taken unless the stream is broken.
  Result<void> encrypt(std::string_view plain, std::string& output);
  /// Appends a close_notify alert, once.
  void close(std::string& output) noexcept;
  /// Ciphertext to be sent, in order, before anything else: handshake messages, alerts, what a transport did not take.
  [[nodiscard]] std::string& output() noexcept { return output_; }

  // ---- records by the kernel
  /// From now on whoever writes to `socket` writes plaintext, and encrypt() and close() are not to be called: see
  /// KernelRecords. False: all goes on as before. Only where nothing waits to be sent.
  bool hand_over(int socket) noexcept;
  [[nodiscard]] bool is_by_kernel() const noexcept { return by_kernel_; }
  /// Once, if it is in order: then a close_notify has to be sent, which the caller does.
  bool end_by_kernel() noexcept { return !std::exchange(closed_, true); }
  /// Nothing more will be sent: close_notify has gone, or must not.
  [[nodiscard]] bool is_over() const noexcept { return closed_; }
  /// nullptr where nothing is handed over.
  [[nodiscard]] KernelRecords* kernel_records() noexcept { return kernel_.get(); }

  // ---- what was agreed
  [[nodiscard]] std::string_view version() const noexcept;   ///< "TLSv1.3"
  [[nodiscard]] std::string_view cipher() const noexcept;    ///< "TLS_AES_128_GCM_SHA256"
  [[nodiscard]] std::string_view protocol() const noexcept;  ///< by ALPN; "" where none was agreed
  [[nodiscard]] bool is_resumed() const noexcept;
  /// Whom the client asked for: lower case, without a trailing dot; "" where it did not say (RFC 6066 §3).
  [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }
  /// nullopt where there is none. Reads it anew each time.
  [[nodiscard]] std::optional<PeerCertificate> peer_certificate() const { return tls::peer_certificate(ssl_.get()); }
  [[nodiscard]] const ServerContext* context() const noexcept { return context_.get(); }
  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }

 private:
  friend class ClientContext;
  friend class ServerContext;

  Step failed() noexcept;
  void look_for_new_keys(std::size_t said) noexcept;
  Error broken(int error) noexcept;
  Error break_off(const Failure& why) noexcept;
  [[nodiscard]] Error breakage() const noexcept;
  [[nodiscard]] std::size_t record_size() noexcept;

  SslPtr ssl_;
  std::shared_ptr<const ServerContext> context_;
  std::string input_;  ///< fed, not yet read
  std::string output_;
  std::unique_ptr<KernelRecords> kernel_;
  std::string server_name_;
  std::string failure_;
  Reason reason_ = Reason::kNone;
  bool has_input_ = false;
  bool begun_ = false;
  bool established_ = false;
  bool ended_ = false;   ///< close_notify has come
  bool closed_ = false;  ///< close_notify has gone, or must not
  bool offloaded_ = false;
  bool broken_ = false;
  bool by_kernel_ = false;
  bool costly_ = false;                            ///< chosen: a certificate whose key is expensive to use
  std::uint8_t records_ = 0;                       ///< of the present burst, as far as their size depends on it
  std::chrono::steady_clock::time_point burst_{};  ///< when it last went on
  std::size_t entry_ = 0;                          ///< the server's certificate, in its context's pool
  std::optional<std::size_t> policy_;              ///< what its context asks of clients for this name
};

}  // namespace flare::tls
