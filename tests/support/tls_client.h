// A TLS client in memory: OpenSSL itself, without any of flare's sessions and streams.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flare/tls/certificate.h"
#include "flare/tls/openssl.h"

namespace flare::test {

using SessionPtr = std::unique_ptr<SSL_SESSION, tls::Freed<&SSL_SESSION_free>>;

/// Believes every certificate.
class TlsClient {
 public:
  struct Options {
    std::string name;                    ///< asked for; "": none
    std::vector<std::string> protocols;  ///< offered
    int version = TLS1_3_VERSION;
    const char* ciphers = nullptr;     ///< of TLS 1.2
    const char* suites = nullptr;      ///< of TLS 1.3
    const char* algorithms = nullptr;  ///< of signatures
    std::shared_ptr<const tls::Certificate> certificate;
    SSL_SESSION* session = nullptr;  ///< to be resumed
  };
  TlsClient() : TlsClient(Options{}) {}
  explicit TlsClient(const Options& options);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  /// OpenSSL resumes no session whose connection did not end in order: this one always does.
  ~TlsClient() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  /// Takes what the server has sent, goes on with the handshake or decrypts, gives back what is to be sent.
  std::string exchange(std::string_view arrived);
  /// The records of `plain`.
  std::string write(std::string_view plain);
  std::string close_notify();
  /// A KeyUpdate that asks for one in return (RFC 8446 §4.6.3).
  std::string key_update();

  [[nodiscard]] bool is_connected() const noexcept { return connected_; }
  [[nodiscard]] std::string& plain() noexcept { return plain_; }  ///< decrypted so far
  [[nodiscard]] bool was_told_the_end() const noexcept { return ended_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }  ///< "": none
  [[nodiscard]] int alert() const noexcept { return alert_; }                 ///< the last one received; -1: none
  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }
  [[nodiscard]] SessionPtr session() const { return SessionPtr(SSL_get1_session(ssl_.get())); }
  /// The subject of the server's certificate.
  [[nodiscard]] std::string server_subject() const;

 private:
  std::string take_output();
  void note_failure(int outcome);
  static void on_message(int sent, int version, int type, const void* bytes, std::size_t size, SSL* ssl, void* self);

  tls::SslPtr ssl_;
  std::string plain_;
  std::string error_;
  bool connected_ = false;
  bool ended_ = false;
  int alert_ = -1;
};

/// The lengths in the heads of the records of `bytes`; stops at what is none.
std::vector<std::size_t> record_lengths(std::string_view bytes);

}  // namespace flare::test
