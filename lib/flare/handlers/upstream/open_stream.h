// A new connection to a server of a pool: plain, or TLS (RFC 9110 §4.2.2).
#pragma once

#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"
#include "flare/tcp/tcp_stream.h"
#include "flare/tls/tls_stream.h"

namespace flare::handlers {

/// For overloads: which kind of stream is wanted.
template <class Stream>
struct OfKind {};

/// Within options.connect.timeout, handshake included. Errors have ErrorSource::kUpstream and a reason;
/// where descriptors or memory have run out, kInternal and kResourceExhausted. `member` and
/// `options` outlive the task.
runtime::Task<Result<tcp::TcpStream>> open_stream(OfKind<tcp::TcpStream> kind, runtime::Worker& worker,
                                                  const UpstreamPool::Member& member, const UpstreamOptions& options,
                                                  runtime::Cancellation* client);
runtime::Task<Result<tls::TlsStream>> open_stream(OfKind<tls::TlsStream> kind, runtime::Worker& worker,
                                                  const UpstreamPool::Member& member, const UpstreamOptions& options,
                                                  runtime::Cancellation* client);

}  // namespace flare::handlers
