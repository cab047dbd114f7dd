// What the client is told where no upstream server has answered (P-9; RFC 9110 §15.6.3 to §15.6.5, RFC 9209).
#pragma once

#include <string_view>

#include "flare/base/error.h"
#include "flare/http/response.h"

namespace flare::handlers::proxy {

/// 502, 503 with Retry-After, or 504; what the client's own content was refused for. `proxy_status` adds the field.
http::Response refusal(const Error& error, bool proxy_status);

/// The error type of RFC 9209 §2.3.
std::string_view proxy_error_type(const Error& error) noexcept;

}  // namespace flare::handlers::proxy
