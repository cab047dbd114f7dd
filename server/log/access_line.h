// One line of the access log: JSON, or the combined format that log analysers know.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "flare/http/transaction.h"

namespace flare::server::log {

struct LineContext {
  std::chrono::system_clock::time_point time;
  std::uint32_t worker = 0;
};

/// Appends {"ts":...,"client":...} and a line feed: valid JSON for any bytes that a client can send (O-1). `peer`
/// stands there where a proxy named another client; `tls`, `cipher`, `resumed` and, where it is not the host, `sni`
/// ("": none) for what came over TLS; `client_cert` (its subject) and `client_verified` for a client with a
/// certificate. The query is part of `target`; no field value of the request is logged but User-Agent and Referer.
void append_json_line(std::string& out, const http::Transaction& transaction, const LineContext& context);
/// `client - - [23/Nov/2026:03:18:17 +0000] "GET / HTTP/1.1" 200 13 "referer" "agent"`; quotes and controls are escaped
/// as \xHH.
void append_combined_line(std::string& out, const http::Transaction& transaction, const LineContext& context);

}  // namespace flare::server::log
