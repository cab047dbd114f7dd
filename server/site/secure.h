// From the configuration to what the handshakes of one listener need.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "flare/tls/server_context.h"
#include "server/site/site.h"

namespace flare::server::site {

/// The keys that all listeners of a process seal their session tickets with; null where [tls] tickets is false.
std::shared_ptr<tls::TicketKeys> make_ticket_keys(const config::TlsSettings& settings);

/// For Config::listeners[listener], which has tls = true. Refers to `snapshot`, which outlives it. Throws
/// flare::Exception where OpenSSL does not take something.
std::shared_ptr<const tls::ServerContext> make_server_context(const Snapshot& snapshot, std::size_t listener,
                                                              std::vector<tls::CertificatePool::Member> certificates,
                                                              std::shared_ptr<tls::TicketKeys> tickets);

}  // namespace flare::server::site
