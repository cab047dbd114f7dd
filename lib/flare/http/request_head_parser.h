// The head parser for one way of scanning; parse_request_head chooses. Internal, and for the tests that compare the
// ways.
#pragma once

#include "flare/http/byte_scan.h"
#include "flare/http/request_head.h"

namespace flare::http::detail {

/// Defined for ScalarScan and SseScan. Precondition: input and limits.header_bytes are at least Scan::kMinInput.
template <class Scan>
std::expected<std::size_t, Reason> parse_head(std::string_view input, const Limits& limits, RequestHead& head) noexcept;

}  // namespace flare::http::detail
