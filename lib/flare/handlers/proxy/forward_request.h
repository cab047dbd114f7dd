// The request that a proxy makes of the one it was asked (RFC 9110 §7.6, §3.7; behaviour.md P-1 to P-8). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/header_map.h"
#include "flare/http/request.h"
#include "flare/io/buffer.h"

namespace flare::handlers::proxy {

/// Whom the Host field names upstream (P-5).
enum class HostPolicy : std::uint8_t {
  kOriginal,  ///< whom the client asked for
  kUpstream,  ///< the server that is asked
  kLiteral,   ///< ForwardOptions::host_name
};

struct ForwardOptions {
  std::string strip_prefix;  ///< "/api": off the front of the path, whole segments only; "": nothing
  std::string add_prefix;    ///< "/v2": in front of what is left; "": nothing
  HostPolicy host = HostPolicy::kOriginal;
  std::string host_name;           ///< with kLiteral
  bool forwarded = false;          ///< Forwarded (RFC 7239), beside X-Forwarded-*
  std::string instance;            ///< a token of this process, by which it knows its own Via; "": none
  std::vector<std::string> unset;  ///< request fields that are not passed on
  http::HeaderMap set;             ///< request fields that are set, whatever the client sent
};

/// How the content goes upstream.
enum class RequestContent : std::uint8_t { kNone, kLength, kChunked };

/// The protocols that the client wants to switch to, and that a proxy lets it (RFC 9110 §7.8): none that are HTTP in
/// another version, which would pass behind its back. "" without such a wish, or beside content.
std::string_view wanted_upgrade(const http::Request& request) noexcept;

/// The fields of a 101 switch to one of the protocols in `wanted`.
bool is_granted(std::string_view wanted, http::Fields fields) noexcept;

/// The sender of these fields says that it takes trailers (RFC 9110 §10.1.4).
bool accepts_trailers(http::Fields fields) noexcept;

/// The path and query that go upstream, appended to `out`: byte for byte as received, but for the prefixes (P-7).
/// Always begins with '/'.
void append_target(io::Buffer& out, const http::Request& request, const ForwardOptions& options);

/// The Host field, as `options` choose it: "localhost" for a server that is a unix socket.
void append_host(io::Buffer& out, const http::Request& request, const ForwardOptions& options, std::string_view server);

/// The fields of the request that go on, and what tells of its way: X-Forwarded-*, Forwarded, Via.
void append_end_to_end_fields(io::Buffer& out, const http::Request& request, const ForwardOptions& options);

/// A field of that name is none of the client's to send on: it belongs to the hop, is made anew, set or left out, or
/// middleware has taken it away or given its own. For fields that come behind the content.
bool is_withheld(std::string_view name, const http::Request& request, const ForwardOptions& options) noexcept;

/// The whole head, with the empty line, appended to `out`. `server` is what kUpstream names. Nothing of it is taken on
/// trust: a client's own X-Forwarded-*, Forwarded and X-Real-IP go no further unless a trusted proxy vouches for them.
/// `upgrade` goes along as the Upgrade field unless empty; `content_length` counts with kLength only.
void append_request_head(io::Buffer& out, const http::Request& request, const ForwardOptions& options,
                         std::string_view server, std::string_view upgrade, RequestContent content,
                         std::uint64_t content_length);

/// The request has been here before: its Via holds `instance` (P-6).
bool is_loop(http::Fields fields, std::string_view instance) noexcept;

/// How many more hops an OPTIONS or TRACE request may make (RFC 9110 §7.6.2); nullopt: it does not say, or may not.
std::optional<std::uint64_t> max_forwards(const http::Request& request) noexcept;

}  // namespace flare::handlers::proxy
