// The bodies of the errors that flare itself answers (H-34, RFC 9457).
#pragma once

#include "flare/http/request.h"
#include "flare/http/response.h"

namespace flare::http {

/// Gives an `error_page` response its body and Content-Type: application/problem+json where the request's Accept
/// prefers JSON to HTML, else minimal HTML. The status is all they tell. Other responses stay as they are. Bytes in
/// static storage.
void render_error_page(Response& response, const Request& request);

/// Whether the client would rather have JSON than HTML, by its Accept.
bool prefers_problem(const Request& request) noexcept;

}  // namespace flare::http
