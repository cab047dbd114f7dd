// What a TLS client asks of its servers, and what it shows them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "flare/tls/parameters.h"

namespace flare::tls {

enum class TlsVerify : std::uint8_t {
  kRequired,  ///< a chain up to a trusted authority, within its time, for the name asked for (RFC 5280, RFC 9525)
  kNone,      ///< anybody may answer: what is said is hidden from onlookers, not from who stands in between
};

/// As it is, it trusts whom the system trusts and shows no certificate.
struct TlsConfig {
  TlsVerify verify = TlsVerify::kRequired;
  // The authorities: PEM, as a file or as text. Where there is either, the system's store is not asked.
  std::string ca_bundle;  ///< a file's path
  std::string ca_pem;     ///< the certificates themselves
  // The client's own certificate, for servers that ask for one: PEM, both or neither.
  std::string cert_file;  ///< a chain, its own certificate first
  std::string key_file;
  std::string key_passphrase;  ///< "" for a key that is not encrypted
  /// Whom to ask for and to check the certificate for, where that is not the host that is connected to.
  std::string server_name;
  std::vector<std::string> protocols;  ///< for ALPN, the dearest first; empty: none is asked for
  Version min_version = Version::kTls12;
  /// How many servers' tickets are kept, the newest of each; 0: every handshake is a full one.
  std::size_t sessions = 256;

  /// Verifies nothing: for tests and for networks that somebody else protects.
  static TlsConfig insecure() { return {.verify = TlsVerify::kNone}; }
};

}  // namespace flare::tls
