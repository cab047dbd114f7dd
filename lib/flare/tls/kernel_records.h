// Records that the kernel makes (linux/tls.h, "kTLS"): what it needs to go on where OpenSSL has been, so that files
// leave by sendfile over TLS, too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace flare::tls {

/// The sending side of one session: its keys, as OpenSSL offers them to the kernel, and the number of the next record.
class KernelRecords {
 public:
  /// This kernel has TLS sockets. Asked once.
  static bool are_available() noexcept;

  KernelRecords() noexcept = default;
  KernelRecords(const KernelRecords&) = delete;
  KernelRecords& operator=(const KernelRecords&) = delete;
  ~KernelRecords() { forget(); }

  /// New keys from here on: `info` is a tls12_crypto_info_... as setsockopt(SOL_TLS, TLS_TX) takes it. Ciphers that
  /// are not known here are ignored.
  void remember(const void* info) noexcept;
  /// Ciphertext that left under these keys, in pieces of any size.
  void count(std::string_view sent) noexcept;
  /// The keys are not to be used, or not any more.
  void forget() noexcept;
  [[nodiscard]] bool is_known() const noexcept { return size_ != 0; }
  /// The keys with the number of the next record; lives until the next call.
  [[nodiscard]] std::span<const unsigned char> info() noexcept;

  /// From now on what is written to `socket`, a connected TCP socket, is encrypted by the kernel. False: it is not, and
  /// never will be; nothing else has changed. Forgets the keys either way.
  bool hand_over(int socket) noexcept;
  /// The alert close_notify on a socket that was handed over. Whether it leaves makes no difference to us.
  static void say_close_notify(int socket) noexcept;

 private:
  static constexpr std::size_t kLargest = 56;  ///< of the structures in linux/tls.h
  static constexpr std::size_t kHeader = 5;    ///< of a record (RFC 8446 §5.1)

  void advance(std::span<unsigned char> number) const noexcept;

  std::array<unsigned char, kLargest> given_{};  ///< by OpenSSL
  std::array<unsigned char, kLargest> info_{};   ///< as of now
  std::size_t size_ = 0;
  std::uint64_t records_ = 0;
  std::array<unsigned char, kHeader> header_{};
  std::size_t header_size_ = 0;  ///< so much of the next record's header has been seen
  std::size_t body_left_ = 0;    ///< of the present record
};

}  // namespace flare::tls
