#include "flare/tls/kernel_records.h"

#include <gtest/gtest.h>
#include <linux/tls.h>
#include <openssl/evp.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/secure_pair.h"

namespace flare::tls {
namespace {

using test::TlsClient;
using Bytes = std::vector<unsigned char>;

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

Bytes seal(const EVP_CIPHER* cipher, const unsigned char* key, const Bytes& nonce, const Bytes& header,
           const std::string& plain) {
  const std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter> context(EVP_CIPHER_CTX_new());
  Bytes out(plain.size() + 16);
  int size = 0;
  EXPECT_EQ(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key, nonce.data()), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context.get(), nullptr, &size, header.data(), static_cast<int>(header.size())), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context.get(), out.data(), &size, reinterpret_cast<const unsigned char*>(plain.data()),
                              static_cast<int>(plain.size())),
            1);
  EXPECT_EQ(EVP_EncryptFinal_ex(context.get(), out.data() + size, &size), 1);
  EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, out.data() + plain.size()), 1);
  return out;
}

/// Who makes records of `info` as linux/tls.h's structures are laid out, as the kernel does (RFC 8446 §5.2, §5.3; RFC
/// 5246 §6.2.3.3; RFC 5288; RFC 7905).
class Kernel {
 public:
  explicit Kernel(std::span<const unsigned char> info) : info_(info.begin(), info.end()) {
    std::memcpy(&head_, info_.data(), sizeof head_);
    const bool chacha = head_.cipher_type == TLS_CIPHER_CHACHA20_POLY1305;
    iv_size_ = chacha ? 12 : 8;
    key_size_ = head_.cipher_type == TLS_CIPHER_AES_GCM_128 ? 16 : 32;
    cipher_ = chacha ? EVP_chacha20_poly1305() : key_size_ == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
  }

  [[nodiscard]] std::string record(const std::string& plain) const {
    return head_.version == TLS_1_3_VERSION ? record_13(plain) : record_12(plain);
  }

 private:
  [[nodiscard]] const unsigned char* iv() const { return info_.data() + sizeof head_; }
  [[nodiscard]] const unsigned char* key() const { return iv() + iv_size_; }
  [[nodiscard]] const unsigned char* salt() const { return key() + key_size_; }
  [[nodiscard]] const unsigned char* number() const { return info_.data() + info_.size() - 8; }
  [[nodiscard]] bool is_chacha() const { return iv_size_ == 12; }

  /// The fixed nonce, with the record's number over its end.
  [[nodiscard]] Bytes mixed_nonce() const {
    Bytes nonce;
    if (!is_chacha()) nonce.assign(salt(), salt() + 4);
    nonce.insert(nonce.end(), iv(), iv() + iv_size_);
    for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] ^= number()[i];
    return nonce;
  }
  static std::string joined(const Bytes& header, const Bytes& explicit_nonce, const Bytes& sealed) {
    std::string record(header.begin(), header.end());
    record.append(explicit_nonce.begin(), explicit_nonce.end());
    return record.append(sealed.begin(), sealed.end());
  }
  static Bytes header_of(std::size_t size) {
    return {23, 3, 3, static_cast<unsigned char>(size >> 8), static_cast<unsigned char>(size)};
  }

  [[nodiscard]] std::string record_13(const std::string& plain) const {
    const Bytes header = header_of(plain.size() + 1 + 16);
    return joined(header, {}, seal(cipher_, key(), mixed_nonce(), header, plain + '\x17'));
  }
  [[nodiscard]] std::string record_12(const std::string& plain) const {
    Bytes authenticated(number(), number() + 8);
    const Bytes inner = header_of(plain.size());
    authenticated.insert(authenticated.end(), inner.begin(), inner.end());
    if (is_chacha()) {
      const Bytes sealed = seal(cipher_, key(), mixed_nonce(), authenticated, plain);
      return joined(header_of(sealed.size()), {}, sealed);
    }
    Bytes nonce(salt(), salt() + 4);
    const Bytes explicit_nonce(iv(), iv() + 8);
    nonce.insert(nonce.end(), explicit_nonce.begin(), explicit_nonce.end());
    const Bytes sealed = seal(cipher_, key(), nonce, authenticated, plain);
    return joined(header_of(8 + sealed.size()), explicit_nonce, sealed);
  }

  Bytes info_;
  tls_crypto_info head_{};
  std::size_t iv_size_ = 0;
  std::size_t key_size_ = 0;
  const EVP_CIPHER* cipher_ = nullptr;
};

struct Ends {
  explicit Ends(const TlsClient::Options& options) : client(options) {
    auto of = test::plain_options();
    of.kernel_records = true;
    session = ServerContext::make(std::move(of))->accept();
    session->handshake();
    for (std::string said = client.exchange({}); !said.empty(); said = client.exchange(take())) {
      session->feed(said);
      session->handshake();
    }
    EXPECT_TRUE(client.is_connected() && session->is_established()) << client.error();
  }
  std::string take() { return std::exchange(session->output(), {}); }
  void send(const std::string& plain) {
    std::string records;
    EXPECT_TRUE(session->encrypt(plain, records));
    static_cast<void>(client.exchange(records));
  }

  TlsClient client;
  std::shared_ptr<Session> session;
};

const std::vector<TlsClient::Options> kCiphers{
    {.version = TLS1_3_VERSION, .suites = "TLS_AES_128_GCM_SHA256"},
    {.version = TLS1_3_VERSION, .suites = "TLS_AES_256_GCM_SHA384"},
    {.version = TLS1_3_VERSION, .suites = "TLS_CHACHA20_POLY1305_SHA256"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"},
};

TEST(KernelRecords, GoOnWhereOpenSslHasBeen) {
  for (const TlsClient::Options& options : kCiphers) {
    SCOPED_TRACE(options.version == TLS1_3_VERSION ? options.suites : options.ciphers);
    Ends ends(options);
    for (int i = 0; i < 300; ++i) ends.send(std::string(static_cast<std::size_t>(i) * 70, 'x'));  // some make several
    ends.client.plain().clear();
    ASSERT_TRUE(ends.session->kernel_records()->is_known());
    const Kernel kernel(ends.session->kernel_records()->info());
    const std::string record = kernel.record("by the kernel");
    std::string of_openssl;
    ASSERT_TRUE(ends.session->encrypt("by the kernel", of_openssl));
    EXPECT_EQ(record, of_openssl) << "the same keys, number and nonce";
    static_cast<void>(ends.client.exchange(record));
    EXPECT_EQ(ends.client.plain(), "by the kernel");
    EXPECT_EQ(ends.client.error(), "");
  }
}

TEST(KernelRecords, AreWrongByOneRecordMore) {
  for (const TlsClient::Options& options : kCiphers) {
    Ends ends(options);
    ends.send("one");
    const Kernel early(ends.session->kernel_records()->info());
    ends.send("two");
    ends.client.plain().clear();
    static_cast<void>(ends.client.exchange(early.record("stale")));
    EXPECT_EQ(ends.client.plain(), "");
    EXPECT_NE(ends.client.error(), "");
  }
}

TEST(KernelRecords, AreNotForASessionWithNewKeys) {
  Ends ends({.version = TLS1_3_VERSION});
  ASSERT_TRUE(ends.session->kernel_records()->is_known());
  std::array<char, 100> into{};
  std::string said = ends.client.key_update();
  said += ends.client.write("go on");
  const auto read = ends.session->decrypt(said, into);
  EXPECT_EQ(read, 5U);
  EXPECT_FALSE(ends.session->kernel_records()->is_known());
  ends.send("with new keys");
  EXPECT_EQ(ends.client.plain(), "with new keys");
}

TEST(KernelRecords, AreCountedInPiecesOfAnySize) {
  tls12_crypto_info_aes_gcm_128 given = {};
  given.info = {.version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128};
  given.rec_seq[7] = 0xFF;
  KernelRecords records;
  records.count("\x17\x03\x03");  // before there are keys
  records.remember(&given);
  const std::string two("\x17\x03\x03\x00\x02xx\x17\x03\x03\x00\x00", 12);
  for (const char c : two) records.count({&c, 1});
  records.count(two + two);
  const auto info = records.info();
  ASSERT_EQ(info.size(), sizeof given);
  EXPECT_EQ(info[info.size() - 1], 0x05);
  EXPECT_EQ(info[info.size() - 2], 0x01) << "the number is one, whatever its bytes";
}

TEST(KernelRecords, KnowTheirStructures) {
  tls12_crypto_info_aes_gcm_128 given = {};
  KernelRecords records;
  for (const auto& [version, cipher] : {std::pair<int, int>{0x0302, TLS_CIPHER_AES_GCM_128}, {TLS_1_3_VERSION, 53}}) {
    given.info = {.version = static_cast<unsigned short>(version), .cipher_type = static_cast<unsigned short>(cipher)};
    records.remember(&given);
    EXPECT_FALSE(records.is_known());
  }
}

TEST(KernelRecords, AreOnlyRememberedWhereTheKernelMayAsk) {
  auto options = test::plain_options();
  options.kernel_records = false;
  EXPECT_EQ(ServerContext::make(std::move(options))->accept()->kernel_records(), nullptr);
}

}  // namespace
}  // namespace flare::tls
