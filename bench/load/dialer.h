// TLS connections for tls_load: TLS 1.3 with X25519 only, a verified P-256 certificate, tickets collected and used as
// asked.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>

#include "bench/support/sockets.h"

namespace bench {

// Who is expected at the other end, and what is offered to it.
struct Peer {
  const char* ca;      // the certificate that the server's must chain to, a PEM file
  const char* name;    // what it must be valid for
  const char* suites;  // in the client's order; nullptr: OpenSSL's
};

[[noreturn]] inline void fail_with_openssl(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  fail(what + ": " + text.data());
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using Ticket = std::unique_ptr<SSL_SESSION, FreeSession>;

// Connections as the settings want them, with the newest ticket that any of them was given.
class Dialer {
 public:
  explicit Dialer(const Peer& peer) : peer_(peer), ctx_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(ctx_, TLS1_3_VERSION);
    SSL_CTX_set_verify(ctx_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_read_ahead(ctx_, 1);
    SSL_CTX_set_mode(ctx_, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_load_verify_locations(ctx_, peer.ca, nullptr) != 1) fail_with_openssl("CA");
    if (SSL_CTX_set1_groups_list(ctx_, "X25519") != 1) fail_with_openssl("X25519");
    if (peer.suites && SSL_CTX_set_ciphersuites(ctx_, peer.suites) != 1) fail_with_openssl("SUITES");
    SSL_CTX_set_app_data(ctx_, this);
    SSL_CTX_set_session_cache_mode(ctx_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx_, [](SSL* ssl, SSL_SESSION* session) {
      static_cast<Dialer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->ticket_.reset(session);
      return 1;  // it is ours now
    });
  }

  Ssl dial(int fd, bool resume) const {
    Ssl connection(SSL_new(ctx_));
    SSL* ssl = connection.get();
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, peer_.name);
    SSL_set1_host(ssl, peer_.name);
    if (resume && !ticket_) fail("the server gave no ticket");
    if (resume) SSL_set_session(ssl, ticket_.get());
    SSL_set_connect_state(ssl);
    return connection;
  }

  static void check_handshake(SSL* ssl, bool resumed) {
    if (SSL_version(ssl) != TLS1_3_VERSION) fail(std::string("not TLS 1.3 but ") + SSL_get_version(ssl));
    if (SSL_get_negotiated_group(ssl) != NID_X25519) fail("the key exchange is not X25519");
    if ((SSL_session_reused(ssl) == 1) != resumed)
      fail(resumed ? "the session was not resumed" : "the session was resumed");
    EVP_PKEY* key = X509_get0_pubkey(SSL_get0_peer_certificate(ssl));
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256) fail("the certificate is not P-256");
  }

 private:
  Peer peer_;
  SSL_CTX* ctx_;
  Ticket ticket_;
};

}  // namespace bench
