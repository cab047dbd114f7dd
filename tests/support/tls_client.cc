#include "tests/support/tls_client.h"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

#include "flare/tls/x509.h"

namespace flare::test {
namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("no TLS client for the test: " + tls::openssl_error());
}

/// All clients share it: it is expensive to make, and every option is a client's own.
SSL_CTX* shared_ctx() {
  static const tls::SslCtxPtr ctx(SSL_CTX_new(TLS_client_method()));
  require(ctx != nullptr);
  return ctx.get();
}

}  // namespace

TlsClient::TlsClient(const Options& options) : ssl_(SSL_new(shared_ctx())) {
  SSL* const ssl = ssl_.get();
  require(ssl != nullptr);
  SSL_set_security_level(ssl, 0);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl);
  SSL_set_msg_callback(ssl, &TlsClient::on_message);
  SSL_set_msg_callback_arg(ssl, this);
  require(SSL_set_min_proto_version(ssl, options.version) == 1 && SSL_set_max_proto_version(ssl, options.version) == 1);
  if (!options.name.empty())
    require(SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(options.name.c_str())) == 1);
  std::string protocols;
  for (const std::string& each : options.protocols) protocols.append(1, static_cast<char>(each.size())).append(each);
  if (!protocols.empty())
    require(SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size())) == 0);
  if (options.ciphers != nullptr) require(SSL_set_cipher_list(ssl, options.ciphers) == 1);
  if (options.suites != nullptr) require(SSL_set_ciphersuites(ssl, options.suites) == 1);
  if (options.algorithms != nullptr) require(SSL_set1_sigalgs_list(ssl, options.algorithms) == 1);
  if (options.certificate != nullptr)
    require(SSL_use_certificate(ssl, options.certificate->leaf()) == 1 &&
            SSL_use_PrivateKey(ssl, options.certificate->key()) == 1);
  if (options.session != nullptr) require(SSL_set_session(ssl, options.session) == 1);
}

std::string TlsClient::exchange(std::string_view arrived) {
  ERR_clear_error();
  BIO_write(SSL_get_rbio(ssl_.get()), arrived.data(), static_cast<int>(arrived.size()));
  if (!connected_) {
    const int outcome = SSL_do_handshake(ssl_.get());
    connected_ = outcome == 1;
    if (!connected_) note_failure(outcome);
  }
  std::array<char, 16 * 1024> piece{};
  while (connected_ && error_.empty()) {
    std::size_t count = 0;
    const int outcome = SSL_read_ex(ssl_.get(), piece.data(), piece.size(), &count);
    plain_.append(piece.data(), count);
    if (outcome == 1) continue;
    note_failure(0);
    break;
  }
  return take_output();
}

void TlsClient::note_failure(int outcome) {
  const int why = SSL_get_error(ssl_.get(), outcome);
  if (why == SSL_ERROR_ZERO_RETURN) ended_ = true;
  if (why != SSL_ERROR_ZERO_RETURN && why != SSL_ERROR_WANT_READ) error_ = tls::openssl_error();
  ERR_clear_error();
}

std::string TlsClient::write(std::string_view plain) {
  std::size_t written = 0;
  require(plain.empty() || SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) == 1);
  return take_output();
}

std::string TlsClient::close_notify() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  return take_output();
}

std::string TlsClient::key_update() {
  require(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1);
  return take_output();
}

std::string TlsClient::server_subject() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? "" : tls::to_text(X509_get_subject_name(certificate));
}

std::string TlsClient::take_output() {
  BIO* const bio = SSL_get_wbio(ssl_.get());
  std::string bytes(BIO_ctrl_pending(bio), '\0');
  if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

void TlsClient::on_message(int sent, int /*version*/, int type, const void* bytes, std::size_t size, SSL* /*ssl*/,
                           void* self) {
  if (sent == 0 && type == SSL3_RT_ALERT && size == 2)
    static_cast<TlsClient*>(self)->alert_ = static_cast<const unsigned char*>(bytes)[1];
}

std::vector<std::size_t> record_lengths(std::string_view bytes) {
  std::vector<std::size_t> lengths;
  while (bytes.size() >= SSL3_RT_HEADER_LENGTH) {
    const std::size_t length =
        static_cast<std::size_t>(static_cast<unsigned char>(bytes[3])) << 8U | static_cast<unsigned char>(bytes[4]);
    if (bytes.size() < SSL3_RT_HEADER_LENGTH + length) break;
    lengths.push_back(length);
    bytes.remove_prefix(SSL3_RT_HEADER_LENGTH + length);
  }
  return lengths;
}

}  // namespace flare::test
