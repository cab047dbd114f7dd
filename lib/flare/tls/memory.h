// OpenSSL asks for memory some eight hundred times in a handshake, and gives it all back at the end of a connection.
#pragma once

namespace flare::tls {

/// Lets OpenSSL take its memory from a cache of each thread's own, which needs no lock and a few instructions where
/// malloc's is too small for such a crowd. A thread keeps at most 1 MiB. For programs whose work is TLS; call it first
/// thing: false, and nothing changes, once OpenSSL has memory already.
bool use_cached_memory() noexcept;

}  // namespace flare::tls
