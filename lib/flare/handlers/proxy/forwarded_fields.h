// What a proxy tells the next one of its client: X-Forwarded-For, -Proto, -Host and -Port, X-Real-IP, and Forwarded
// (RFC 7239; behaviour.md P-3, P-4). Pure.
#pragma once

#include "flare/http/request.h"
#include "flare/io/buffer.h"

namespace flare::handlers::proxy {

/// From a trusted proxy the lists go on from the client that it vouches for; anybody else's are dropped. Forwarded goes
/// along where `rfc7239` asks for it.
void append_forwarded_fields(io::Buffer& out, const http::Request& request, bool rfc7239);

}  // namespace flare::handlers::proxy
