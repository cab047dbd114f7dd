#include "flare/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <new>

#include "flare/base/exception.h"
#include "flare/tls/server_name.h"

namespace flare::tls {

namespace {

constexpr std::chrono::seconds kLongestTicket{7L * 24 * 3600};  // RFC 8446 §4.6.1
constexpr int kCheapEcBits = 256;                               // P-256 signs in 25 us; larger curves are not optimised
constexpr unsigned kEcdsaP256 = 0x0403;                         // ecdsa_secp256r1_sha256, RFC 8446 §4.2.3

std::array<unsigned char, SHA256_DIGEST_LENGTH> sha256(std::string_view text) noexcept {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

/// The content of a ClientHello's extension.
std::span<const unsigned char> extension(SSL* ssl, unsigned type) noexcept {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return {};
  return {data, size};
}

bool offers_ecdsa_p256(SSL* ssl) noexcept {
  auto algorithms = extension(ssl, TLSEXT_TYPE_signature_algorithms);
  if (algorithms.size() < 2) return false;
  for (algorithms = algorithms.subspan(2); algorithms.size() >= 2; algorithms = algorithms.subspan(2)) {
    if ((unsigned{algorithms[0]} << 8 | algorithms[1]) == kEcdsaP256) return true;
  }
  return false;
}

/// Whatever is wrong with the certificate: the handler decides (ClientAuth::Mode::kRequest).
int take_any(int /*verified*/, X509_STORE_CTX* /*chain*/) { return 1; }

}  // namespace

// ---- making one

std::shared_ptr<const ServerContext> ServerContext::make(ServerOptions options) {
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(options)));
}

ServerContext::ServerContext(ServerOptions options)
    : options_(std::move(options)),
      pool_(options_.certificates),
      protocols_(alpn_list(options_.protocols)),
      ticket_cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {
  if (pool_.entries().empty()) throw Exception("TLS: a server needs a certificate; there is none");
  for (const ClientAuth& auth : options_.client_auth) policies_.push_back(make_policy(auth));
  for (const CertificatePool::Entry& entry : pool_.entries()) contexts_.push_back(make_ssl_ctx(entry));
}

ServerContext::~ServerContext() = default;

ServerContext::Policy ServerContext::make_policy(const ClientAuth& auth) {
  Policy policy{.mode = auth.mode,
                .authorities = X509StorePtr(X509_STORE_new()),
                .names = X509NamesPtr(sk_X509_NAME_new_null()),
                .fingerprint = {}};
  const BioPtr pem(BIO_new_mem_buf(auth.authorities.data(), static_cast<int>(auth.authorities.size())));
  while (const X509Ptr authority{PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)}) {
    require(X509_STORE_add_cert(policy.authorities.get(), authority.get()) == 1,
            "an authority for client certificates");
    require(sk_X509_NAME_push(policy.names.get(), X509_NAME_dup(X509_get_subject_name(authority.get()))) > 0,
            "the name of an authority for client certificates");
  }
  ERR_clear_error();  // the end of the file
  if (sk_X509_NAME_num(policy.names.get()) == 0)
    throw Exception("TLS: client certificates are to be checked, but there is no authority to check them against");
  const auto digest = sha256(auth.authorities + (auth.mode == ClientAuth::Mode::kRequire ? "!" : "?"));
  policy.fingerprint.assign(digest.begin(), digest.end());
  return policy;
}

SslCtxPtr ServerContext::make_ssl_ctx(const CertificatePool::Entry& entry) {
  SslCtxPtr made(SSL_CTX_new(TLS_server_method()));
  if (!made) throw std::bad_alloc();
  SSL_CTX* const ctx = made.get();
  if (options_.kernel_records) SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  set_parameters(ctx, options_.min_version, options_.ciphers);
  for (const auto& certificate : entry.certificates) {
    require(SSL_CTX_use_certificate(ctx, certificate->leaf()) == 1, "a certificate");
    require(SSL_CTX_use_PrivateKey(ctx, certificate->key()) == 1, "a private key");
    require(SSL_CTX_set1_chain(ctx, certificate->intermediates()) == 1, "a certificate chain");
  }
  SSL_CTX_set_client_hello_cb(ctx, &ServerContext::on_client_hello, this);
  SSL_CTX_set_alpn_select_cb(ctx, &ServerContext::on_protocols, this);

  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets are state enough
  if (options_.tickets) {
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, &ServerContext::on_ticket);
    const auto lifetime = std::min(options_.tickets->lifetime(), kLongestTicket);
    SSL_CTX_set_timeout(ctx, static_cast<long>(lifetime.count()));
  } else {
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  }
  return made;
}

// ---- connections

std::shared_ptr<Session> ServerContext::accept() const {
  SslPtr ssl(SSL_new(contexts_[pool_.fallback().value_or(0)].get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_accept_state(ssl.get());
  return std::make_shared<Session>(std::move(ssl), shared_from_this());
}

std::optional<std::size_t> ServerContext::policy_of(std::string_view name) const noexcept {
  return options_.policy_of ? options_.policy_of(name) : std::nullopt;
}

std::optional<std::size_t> ServerContext::entry_of(std::string_view name) const noexcept {
  if (!name.empty()) {
    if (const auto found = pool_.find(name)) return found;
    if (options_.unknown_name == UnknownName::kReject) return std::nullopt;
  }
  return pool_.fallback();
}

bool ServerContext::covers(const Session& session, std::string_view host) const noexcept {
  if (session.server_name() == host) return true;
  const auto entry = pool_.find(host);
  return (entry ? entry : pool_.fallback()) == session.entry_ && policy_of(host) == session.policy_;
}

/// Before OpenSSL has looked at anything else in the ClientHello: whether a session may be resumed depends on the name
/// (CVE-2025-23419).
std::optional<int> ServerContext::choose(Session& session, SSL* ssl) const {
  session.server_name_ = parse_server_name(extension(ssl, TLSEXT_TYPE_server_name)).value_or("");
  const auto entry = entry_of(session.server_name_);
  if (!entry) {
    session.reason_ = Reason::kUnknownServerName;
    return SSL_AD_UNRECOGNIZED_NAME;
  }
  session.entry_ = *entry;
  session.policy_ = policy_of(session.server_name_);
  SSL_CTX* const wanted = contexts_[*entry].get();
  if (SSL_get_SSL_CTX(ssl) != wanted) SSL_set_SSL_CTX(ssl, wanted);
  std::string resumable;
  if (session.policy_) {
    demand(ssl, policies_[*session.policy_]);
    resumable = policies_[*session.policy_].fingerprint;
  }
  const auto id = sha256(resumable + session.server_name_);
  SSL_set_session_id_context(ssl, id.data(), static_cast<unsigned>(id.size()));
  session.costly_ = is_costly(ssl, pool_.entries()[*entry]);
  return std::nullopt;
}

void ServerContext::demand(SSL* ssl, const Policy& policy) const {
  const bool require = policy.mode == ClientAuth::Mode::kRequire;
  const int mode = SSL_VERIFY_PEER | (require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
  SSL_set_verify(ssl, mode, require ? nullptr : &take_any);
  SSL_set1_verify_cert_store(ssl, policy.authorities.get());
  SSL_set0_CA_list(ssl, SSL_dup_CA_list(policy.names.get()));
}

bool ServerContext::is_costly(SSL* ssl, const CertificatePool::Entry& entry) const noexcept {
  const auto is_cheap = [](const auto& certificate) {
    return certificate->key_type() == KeyType::kEd25519 ||
           (certificate->key_type() == KeyType::kEcdsa && certificate->key_bits() <= kCheapEcBits);
  };
  if (std::ranges::all_of(entry.certificates, is_cheap)) return false;
  return std::ranges::none_of(entry.certificates, is_cheap) || !offers_ecdsa_p256(ssl);
}

// ---- what OpenSSL calls

int ServerContext::on_client_hello(SSL* ssl, int* alert, void* context) {
  auto& session = *static_cast<Session*>(SSL_get_app_data(ssl));
  if (session.offloaded_) return SSL_CLIENT_HELLO_SUCCESS;  // the second time, on a thread that may take its time
  try {
    if (const auto refusal = static_cast<const ServerContext*>(context)->choose(session, ssl)) {
      *alert = *refusal;
      return SSL_CLIENT_HELLO_ERROR;
    }
    return session.costly_ ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
  } catch (const std::exception&) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
}

int ServerContext::on_protocols(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                                const unsigned char* offered, unsigned offered_size, void* context) {
  const std::string& ours = static_cast<const ServerContext*>(context)->protocols_;
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned>(ours.size()), offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

int ServerContext::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                             int seal) {
  constexpr int kFailed = -1;
  constexpr int kNoTicket = 0;
  constexpr int kGood = 1;
  constexpr int kGoodButRenew = 2;
  try {
    const ServerContext& context = *static_cast<const Session*>(SSL_get_app_data(ssl))->context_;
    TicketKeys& keys = *context.options_.tickets;
    TicketKeys::Found found;
    if (seal == 1) {
      found = {.key = &keys.current(), .is_current = true};
      std::ranges::copy(found.key->name, name);
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(context.ticket_cipher_.get())) != 1) return kFailed;
    } else {
      found = keys.find(std::span<const unsigned char, 16>(name, 16));
      if (found.key == nullptr) return kNoTicket;
    }
    const std::array parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(found.key->mac.data()),
                                          found.key->mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    if (EVP_MAC_CTX_set_params(mac, parameters.data()) != 1) return kFailed;
    if (EVP_CipherInit_ex2(cipher, context.ticket_cipher_.get(), found.key->cipher.data(), iv, seal, nullptr) != 1)
      return kFailed;
    // Clients use a ticket of TLS 1.3 once (RFC 8446 §C.4): they need the next one.
    const bool renew = seal == 0 && (!found.is_current || SSL_version(ssl) == TLS1_3_VERSION);
    return renew ? kGoodButRenew : kGood;
  } catch (const std::exception&) {
    return kFailed;
  }
}

}  // namespace flare::tls
