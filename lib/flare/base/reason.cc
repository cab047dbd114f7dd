#include "flare/base/reason.h"

#include <array>
#include <cstddef>

namespace flare {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Reason::kCount_)> kNames = {
    "",
    "bad_request_line",
    "bad_line_ending",
    "bad_method",
    "method_too_long",
    "bad_target",
    "bad_version",
    "version_not_supported",
    "bad_header_name",
    "bad_header_value",
    "obs_fold",
    "uri_bytes",
    "header_bytes",
    "header_count",
    "bad_host",
    "missing_host",
    "duplicate_host",
    "host_unknown",
    "scheme_mismatch",
    "connect_refused",
    "trace_refused",
    "expectation_failed",
    "bad_escape",
    "bad_utf8",
    "dot_segment",
    "encoded_slash",
    "bad_content_length",
    "duplicate_content_length",
    "bad_transfer_encoding",
    "unknown_transfer_coding",
    "length_and_coding",
    "bad_chunk",
    "chunk_extension_bytes",
    "bad_trailer",
    "body_bytes",
    "no_route",
    "method_not_allowed",
    "handler_failed",
    "content_failed",
    "outside_root",
    "hidden_file",
    "not_regular_file",
    "file_denied",
    "file_missing",
    "file_truncated",
    "resource_exhausted",
    "rate_limited",
    "proxy_header_missing",
    "bad_proxy_header",
    "proxy_header_bytes",
    "proxy_header_timeout",
    "proxy_not_allowed",
    "header_timeout",
    "body_idle",
    "write_idle",
    "min_rate",
    "keepalive_idle",
    "keepalive_requests",
    "connections",
    "per_ip",
    "client_closed",
    "draining",
};
static_assert(!kNames.back().empty(), "every reason has a name");

}  // namespace

std::string_view to_string(Reason reason) noexcept { return kNames[static_cast<std::size_t>(reason)]; }

}  // namespace flare
