// The head parser for one way of scanning; parse_request_head chooses. Internal, and for the tests that compare the
// ways.
#pragma once

#include "flare/http/byte_scan.h"
#include "flare/http/request_head.h"

namespace flare::http::detail {

using ParseHead = std::expected<std::size_t, Reason>(std::string_view input, const Limits& limits,
                                                     RequestHead& head) noexcept;

/// Defined for ScalarScan and SseScan. Precondition: input and limits.header_bytes are at least Scan::kMinInput.
template <class Scan>
ParseHead parse_head;

}  // namespace flare::http::detail
