#include "flare/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <exception>
#include <new>
#include <utility>

#include "flare/tls/certificate.h"
#include "flare/tls/server_name.h"
#include "flare/tls/x509.h"

namespace flare::tls {
namespace {

/// Where the tickets of a connection go; OpenSSL's object owns it.
struct Tickets {
  std::shared_ptr<SessionCache> sessions;
  std::string server;
};

void free_tickets(void* /*ssl*/, void* tickets, CRYPTO_EX_DATA* /*all*/, int /*index*/, long /*argl*/, void* /*argp*/) {
  delete static_cast<Tickets*>(tickets);
}

int tickets_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_tickets);
  return index;
}

/// OpenSSL has a session that can be resumed. 1: it is ours now.
int on_session(SSL* ssl, SSL_SESSION* session) {
  const auto* const tickets = static_cast<const Tickets*>(SSL_get_ex_data(ssl, tickets_index()));
  if (tickets == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  SslSessionPtr ours(session);
  try {
    tickets->sessions->put(tickets->server, std::move(ours));
  } catch (const std::exception&) {  // no memory for it: the next handshake is a full one
  }
  return 1;
}

}  // namespace

// ---- making one

std::shared_ptr<const ClientContext> ClientContext::make(const TlsConfig& config) {
  return std::shared_ptr<const ClientContext>(new ClientContext(config));
}

ClientContext::ClientContext(const TlsConfig& config)
    : ctx_(SSL_CTX_new(TLS_client_method())),
      verify_(config.verify),
      server_name_(config.server_name),
      sessions_(std::make_shared<SessionCache>(config.sessions)) {
  if (!ctx_) throw std::bad_alloc();
  SSL_CTX_set_options(ctx_.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ctx_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  set_parameters(ctx_.get(), config.min_version, {});
  if (const std::string list = alpn_list(config.protocols); !list.empty()) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(list.data());
    const bool failed = SSL_CTX_set_alpn_protos(ctx_.get(), bytes, static_cast<unsigned>(list.size())) != 0;
    require(!failed, "the protocols for ALPN");
  }
  trust(config);
  show_certificate(config);
  SSL_CTX_set_session_cache_mode(ctx_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx_.get(), &on_session);
}

ClientContext::~ClientContext() = default;

void ClientContext::trust(const TlsConfig& config) {
  if (verify_ == TlsVerify::kNone) {
    SSL_CTX_set_verify(ctx_.get(), SSL_VERIFY_NONE, nullptr);
    return;
  }
  SSL_CTX_set_verify(ctx_.get(), SSL_VERIFY_PEER, nullptr);
  // Whoever is trusted by name is trusted, be it the root of a chain or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx_.get()), X509_V_FLAG_PARTIAL_CHAIN);
  if (config.ca_bundle.empty() && config.ca_pem.empty()) {
    require(SSL_CTX_set_default_verify_paths(ctx_.get()) == 1, "the system's authorities");
    return;
  }
  if (!config.ca_bundle.empty() && SSL_CTX_load_verify_file(ctx_.get(), config.ca_bundle.c_str()) != 1)
    throw CertificateError(config.ca_bundle +
                           ": holds no authorities (PEM, \"-----BEGIN CERTIFICATE-----\"): " + openssl_error());
  if (config.ca_pem.empty()) return;
  const X509StackPtr authorities = parse_certificates(config.ca_pem, "bundle");
  for (int i = 0; i < sk_X509_num(authorities.get()); ++i) {
    X509* const authority = sk_X509_value(authorities.get(), i);
    require(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx_.get()), authority) == 1, "an authority");
  }
}

void ClientContext::show_certificate(const TlsConfig& config) {
  if (config.cert_file.empty() && config.key_file.empty()) return;
  if (config.cert_file.empty() || config.key_file.empty())
    throw CertificateError("a client certificate needs cert_file and key_file; only one is there");
  const auto certificate = Certificate::load(
      {.chain = config.cert_file, .key = config.key_file, .passphrase = config.key_passphrase, .any_key_mode = true});
  require(SSL_CTX_use_certificate(ctx_.get(), certificate->leaf()) == 1, "the client's certificate");
  require(SSL_CTX_use_PrivateKey(ctx_.get(), certificate->key()) == 1, "the client's private key");
  require(SSL_CTX_set1_chain(ctx_.get(), certificate->intermediates()) == 1, "the client's certificate chain");
}

// ---- connections

Result<std::shared_ptr<Session>> ClientContext::connect(std::string_view host, std::uint16_t port) const {
  if (!server_name_.empty()) host = server_name_;
  const auto address = net::IpAddr::try_parse(host);
  const auto name = canonical_name(host);
  if (!address && !name && verify_ == TlsVerify::kRequired)
    return std::unexpected(Error{.kind = ErrorKind::kProtocol, .reason = Reason::kCertificateHostname});

  SslPtr ssl(SSL_new(ctx_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl.get());
  // RFC 9525 §6.3: no common names, and a wildcard stands for one whole label.
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool set = true;
  if (address) {  // RFC 6066 §3: an address is no server name
    const std::string_view bytes = address->bytes();
    set = X509_VERIFY_PARAM_set1_ip(expected, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
  } else if (name) {
    set = X509_VERIFY_PARAM_set1_host(expected, name->data(), name->size()) == 1 &&
          SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                   const_cast<char*>(name->c_str())) == 1;  // the macro's own cast is an old one
  }
  if (!set) throw std::bad_alloc();
  resume(ssl.get(), (address ? address->to_string() : name.value_or("")) + ' ' + std::to_string(port));
  auto session = std::make_shared<Session>(std::move(ssl), nullptr);
  session->server_name_ = name.value_or("");
  return session;
}

/// With the last session of `server`, and a place for the next one.
void ClientContext::resume(SSL* ssl, std::string server) const {
  if (const SslSessionPtr last = sessions_->take(server)) {
    if (SSL_set_session(ssl, last.get()) != 1) ERR_clear_error();
  }
  auto tickets = std::make_unique<Tickets>(sessions_, std::move(server));
  if (SSL_set_ex_data(ssl, tickets_index(), tickets.get()) != 1) throw std::bad_alloc();
  static_cast<void>(tickets.release());
}

}  // namespace flare::tls
