// How OpenSSL reads and writes a session's ciphertext: in memory only, so that a handshake is a computation that any
// thread can do, and that all records of a turn leave with one write.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "flare/tls/kernel_records.h"
#include "flare/tls/openssl.h"

namespace flare::tls {

/// All sessions that a thread works on share its BIO: between two calls there is nothing in it.
class SessionBio {
 public:
  /// While it lives, OpenSSL reads for `ssl` from `input`, which shrinks, and appends what it writes to `output`;
  /// `kernel`, if any, hears of keys and records. Not two on one thread at a time. Throws std::bad_alloc.
  SessionBio(SSL* ssl, std::string_view& input, std::string& output, KernelRecords* kernel);
  SessionBio(const SessionBio&) = delete;
  SessionBio& operator=(const SessionBio&) = delete;
  ~SessionBio();

 private:
  struct Method;
  static BIO* of_this_thread();

  // What OpenSSL calls; no exception may cross it.
  static int read(BIO* bio, char* into, std::size_t size, std::size_t* count) noexcept;
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) noexcept;
  static long control(BIO* bio, int command, long number, void* pointer) noexcept;

  std::string_view& input_;
  std::string& output_;
  KernelRecords* kernel_;
};

}  // namespace flare::tls
