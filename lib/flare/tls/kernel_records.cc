#include "flare/tls/kernel_records.h"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "flare/net/unique_fd.h"

namespace flare::tls {
namespace {

constexpr std::string_view kProtocol = "tls";
constexpr int kSolTls = 282;  // SOL_TLS, which libraries do not define everywhere

// What the kernel has turned down it is not asked for again: the protocol as a whole, or a cipher, by its number's bit.
std::atomic<bool> refused = false;
std::atomic<std::uint64_t> refused_ciphers = 0;

/// It will never be otherwise. A peer that has left already (ENOTCONN) or a lack of memory is about one connection.
bool is_final(int error) noexcept {
  return error == ENOENT || error == EINVAL || error == EOPNOTSUPP || error == ENOPROTOOPT || error == EPERM;
}

std::uint64_t bit_of(const tls_crypto_info& info) noexcept { return std::uint64_t{1} << (info.cipher_type & 63); }

std::size_t size_of(const tls_crypto_info& info) noexcept {
  if (info.version != TLS_1_2_VERSION && info.version != TLS_1_3_VERSION) return 0;
  switch (info.cipher_type) {
    case TLS_CIPHER_AES_GCM_128: return sizeof(tls12_crypto_info_aes_gcm_128);
    case TLS_CIPHER_AES_GCM_256: return sizeof(tls12_crypto_info_aes_gcm_256);
    case TLS_CIPHER_CHACHA20_POLY1305: return sizeof(tls12_crypto_info_chacha20_poly1305);
    default: return 0;
  }
}

}  // namespace

/// An unconnected socket is refused for being that, where the protocol is known at all.
bool KernelRecords::are_available() noexcept {
  static const bool available = [] {
    const net::UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return probe &&
           (::setsockopt(probe.get(), SOL_TCP, TCP_ULP, kProtocol.data(), kProtocol.size()) == 0 || errno == ENOTCONN);
  }();
  return available && !refused.load(std::memory_order_relaxed);
}

void KernelRecords::remember(const void* info) noexcept {
  tls_crypto_info head = {};
  std::memcpy(&head, info, sizeof head);
  forget();
  size_ = size_of(head);
  static_assert(sizeof(tls12_crypto_info_aes_gcm_256) == kLargest &&
                sizeof(tls12_crypto_info_chacha20_poly1305) == kLargest);
  std::memcpy(given_.data(), info, size_);
}

void KernelRecords::count(std::string_view sent) noexcept {
  if (!is_known()) return;
  while (!sent.empty()) {
    if (body_left_ == 0) {
      header_[header_size_++] = static_cast<unsigned char>(sent.front());
      sent.remove_prefix(1);
      if (header_size_ < kHeader) continue;
      body_left_ = static_cast<std::size_t>(header_[3]) << 8 | header_[4];
      header_size_ = 0;
      ++records_;
    }
    const std::size_t part = std::min(body_left_, sent.size());
    body_left_ -= part;
    sent.remove_prefix(part);
  }
}

void KernelRecords::forget() noexcept {
  OPENSSL_cleanse(given_.data(), given_.size());
  OPENSSL_cleanse(info_.data(), info_.size());
  size_ = header_size_ = body_left_ = 0;
  records_ = 0;
}

/// A big-endian number that is records_ further on.
void KernelRecords::advance(std::span<unsigned char> number) const noexcept {
  std::uint64_t carry = records_;
  for (std::size_t i = number.size(); i-- != 0 && carry != 0;) {
    carry += number[i];
    number[i] = static_cast<unsigned char>(carry);
    carry >>= 8;
  }
}

std::span<const unsigned char> KernelRecords::info() noexcept {
  constexpr std::size_t kNumber = 8;  // a record's, at the end of each structure
  std::memcpy(info_.data(), given_.data(), size_);
  tls_crypto_info head = {};
  std::memcpy(&head, info_.data(), sizeof head);
  const std::span<unsigned char> all(info_.data(), size_);
  advance(all.last(kNumber));
  // RFC 5288 §3: with GCM in TLS 1.2 a part of the nonce is sent along. OpenSSL counts it up from where it began, and
  // so does the kernel: no nonce comes twice.
  if (head.version == TLS_1_2_VERSION && head.cipher_type != TLS_CIPHER_CHACHA20_POLY1305)
    advance(all.subspan(sizeof head, TLS_CIPHER_AES_GCM_128_IV_SIZE));
  return all;
}

bool KernelRecords::hand_over(int socket) noexcept {
  const std::span<const unsigned char> keys = info();
  tls_crypto_info head = {};
  std::memcpy(&head, keys.data(), std::min(keys.size(), sizeof head));
  bool taken = body_left_ == 0 && header_size_ == 0 && !keys.empty() && are_available() &&
               (refused_ciphers.load(std::memory_order_relaxed) & bit_of(head)) == 0;
  if (taken && ::setsockopt(socket, SOL_TCP, TCP_ULP, kProtocol.data(), kProtocol.size()) != 0) {
    if (is_final(errno)) refused.store(true, std::memory_order_relaxed);
    taken = false;
  }
  // Without keys the socket stays what it was.
  if (taken && ::setsockopt(socket, kSolTls, TLS_TX, keys.data(), static_cast<socklen_t>(keys.size())) != 0) {
    if (is_final(errno)) refused_ciphers.fetch_or(bit_of(head), std::memory_order_relaxed);
    taken = false;
  }
  forget();
  return taken;
}

void KernelRecords::say_close_notify(int socket) noexcept {
  constexpr unsigned char kAlert = 21;              // RFC 8446 §5.1, §6
  std::array<unsigned char, 2> close_notify{1, 0};  // a warning
  alignas(cmsghdr) std::array<char, CMSG_SPACE(1)> control{};
  iovec bytes{.iov_base = close_notify.data(), .iov_len = close_notify.size()};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const type = CMSG_FIRSTHDR(&message);
  type->cmsg_level = kSolTls;
  type->cmsg_type = TLS_SET_RECORD_TYPE;
  type->cmsg_len = CMSG_LEN(1);
  *CMSG_DATA(type) = kAlert;
  static_cast<void>(::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace flare::tls
