// How OpenSSL reads and writes a session's ciphertext: in memory only, so that a handshake is a computation that any
// thread can do, and that all records of a turn leave with one write.
#pragma once

#include <cstddef>

#include "flare/tls/openssl.h"

namespace flare::tls {

class Session;

struct SessionBio {
  /// A BIO over `session`, which outlives it. Throws std::bad_alloc.
  static BioPtr make(Session& session);

  // What OpenSSL calls; no exception may cross it.
  static int read(BIO* bio, char* into, std::size_t size, std::size_t* count) noexcept;
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) noexcept;
  static long control(BIO* bio, int command, long number, void* pointer) noexcept;
};

}  // namespace flare::tls
