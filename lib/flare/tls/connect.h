// TLS connections from our side.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "flare/net/socket_addr.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"
#include "flare/tcp/connect.h"
#include "flare/tls/client_context.h"
#include "flare/tls/tls_stream.h"

namespace flare::tls {

/// A TCP connection to `where` and a handshake for `host` (ClientContext::connect), both within `timeout`. Errors have
/// ErrorSource::kUpstream. kTimeout: with kTlsTimeout where TCP had connected. kProtocol: the reason says why the
/// handshake failed, kCertificate... where the server is not believed, kTlsClosed where it hung up, and `words`, if
/// given, gets OpenSSL's words for it; they outlive the task. That a server does not like our certificate it says after
/// a handshake of TLS 1.3: the first read fails with kTlsPeerAlert. The stream has no deadline.
runtime::Task<Result<TlsStream>> connect(runtime::Worker& worker, net::Endpoint where, std::string host,
                                         std::shared_ptr<const ClientContext> context,
                                         std::chrono::milliseconds timeout, std::string* words = nullptr);

/// The same over the first of several addresses that answers (tcp::connect); ends early with kCancelled after
/// `cancelled`, which may be nullptr. The port that sessions are kept for is the first address's.
runtime::Task<Result<TlsStream>> connect(runtime::Worker& worker, std::vector<net::Endpoint> where, std::string host,
                                         std::shared_ptr<const ClientContext> context, tcp::ConnectOptions options,
                                         runtime::Cancellation* cancelled, std::string* words = nullptr);

}  // namespace flare::tls
