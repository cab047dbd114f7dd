// The response that a proxy gives for the one it got (RFC 9110 §7.6; behaviour.md P-1, P-2). Pure.
#pragma once

#include "flare/http/response.h"
#include "flare/http/response_head_parser.h"

namespace flare::handlers::proxy {

/// Status and fields, without what belongs to the hop. Date and Server are the connection's to add. The body is empty.
http::Response forward_response(const http::ResponseHead& head);

}  // namespace flare::handlers::proxy
