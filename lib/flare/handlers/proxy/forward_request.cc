#include "flare/handlers/proxy/forward_request.h"

#include <algorithm>
#include <array>

#include "flare/base/numbers.h"
#include "flare/handlers/proxy/forwarded_fields.h"
#include "flare/handlers/proxy/hop_by_hop.h"

namespace flare::handlers::proxy {
namespace {

/// Made anew for each hop, from what is known here. By length first: most fields are none of these.
bool is_made_anew(std::string_view name) noexcept {
  const auto is = [name](std::string_view other) { return ascii::iequals(name, other); };
  switch (name.size()) {
    case 3: return is("via");
    case 4: return is("host");
    case 5: return is("proxy");  // httpoxy: CGI programs take it for a setting (P-8)
    case 9: return is("forwarded") || is("x-real-ip");
    case 12: return is("max-forwards");
    case 15: return is("x-forwarded-for");
    case 16: return is("x-forwarded-host") || is("x-forwarded-port");
    case 17: return is("x-forwarded-proto");
    default: return false;
  }
}

bool is_replaced(std::string_view name, const ForwardOptions& options) noexcept {
  return is_made_anew(name) ||
         std::ranges::any_of(options.unset, [&](const std::string& each) { return ascii::iequals(each, name); }) ||
         (!options.set.empty() && options.set.contains(name));
}

void append_field(io::Buffer& out, std::string_view name, std::string_view value) {
  out.append(name, ": ", value, "\r\n");
}

void append_number(io::Buffer& out, std::uint64_t number) {
  std::array<char, 20> digits;
  char* const end = append_decimal(digits.data(), number);
  out.append(std::string_view(digits.data(), end));
}

void append_via(io::Buffer& out, const http::Request& request, const ForwardOptions& options) {
  out.append("Via: ");
  for (const http::Field& field : request.headers()) {
    if (!ascii::iequals(field.name, "via") || field.value.empty()) continue;
    out.append(field.value, ", ");
  }
  out.append(request.head().minor_version == 0 ? "1.0 flared" : "1.1 flared");
  if (!options.instance.empty()) out.append(" (", options.instance, ")");
  out.append("\r\n");
}

/// What is meant for the next hop itself (RFC 9110 §10.1.4, §7.8).
void append_connection(io::Buffer& out, bool takes_trailers, std::string_view upgrade) {
  if (takes_trailers) out.append("TE: trailers\r\n");
  if (!upgrade.empty()) append_field(out, "Upgrade", upgrade);
  if (takes_trailers) {
    out.append(upgrade.empty() ? "Connection: TE\r\n" : "Connection: TE, Upgrade\r\n");
  } else if (!upgrade.empty()) {
    out.append("Connection: Upgrade\r\n");
  }
}

/// "websocket" of "websocket", "foo" of "foo/2".
std::string_view protocol_name(std::string_view protocol) noexcept { return protocol.substr(0, protocol.find('/')); }

bool is_http_itself(std::string_view protocol) noexcept {
  const std::string_view name = protocol_name(protocol);
  return ascii::iequals(name, "h2c") || ascii::iequals(name, "h2") || ascii::iequals(name, "http") ||
         ascii::iequals(name, "tls");
}

}  // namespace

std::string_view wanted_upgrade(const http::Request& request) noexcept {
  if (request.head().minor_version == 0 || request.has_content()) return {};
  std::string_view wanted;
  bool asked = false;
  for (const http::Field& field : request.headers()) {
    if (ascii::iequals(field.name, "upgrade")) {
      if (!wanted.empty()) return {};
      wanted = field.value;
    } else if (ascii::iequals(field.name, "connection")) {
      for_each_member(field.value,
                      [&](std::string_view option) { asked = asked || ascii::iequals(option, "upgrade"); });
    }
  }
  if (!asked) return {};
  bool passes = true;
  for_each_member(wanted, [&](std::string_view protocol) { passes = passes && !is_http_itself(protocol); });
  return passes ? wanted : std::string_view();
}

bool is_granted(std::string_view wanted, http::Fields fields) noexcept {
  const auto granted = fields.get("Upgrade");
  if (!granted) return false;
  bool found = false;
  for_each_member(wanted, [&](std::string_view protocol) { found = found || ascii::iequals(protocol, *granted); });
  return found;
}

bool accepts_trailers(http::Fields fields) noexcept {
  bool found = false;
  for (const http::Field& field : fields) {
    if (!ascii::iequals(field.name, "te")) continue;
    for_each_member(field.value, [&](std::string_view coding) { found = found || ascii::iequals(coding, "trailers"); });
  }
  return found;
}

void append_target(io::Buffer& out, const http::Request& request, const ForwardOptions& options) {
  const auto below_prefix = [&](std::string_view path) {
    return path.starts_with(options.strip_prefix) &&
           (path.size() == options.strip_prefix.size() || path[options.strip_prefix.size()] == '/');
  };
  std::string_view path = request.raw_path();
  if (!options.strip_prefix.empty()) {
    if (!below_prefix(path)) path = request.path();  // the prefix came in another spelling, "/%61pi"
    if (below_prefix(path)) path.remove_prefix(options.strip_prefix.size());
  }
  out.append(options.add_prefix, path.starts_with('/') ? "" : "/", path);
  if (request.head().has_query) out.append("?", request.query());
}

void append_host(io::Buffer& out, const http::Request& request, const ForwardOptions& options,
                 std::string_view server) {
  switch (options.host) {
    case HostPolicy::kOriginal: return append_field(out, "Host", request.authority());
    case HostPolicy::kUpstream: return append_field(out, "Host", server.starts_with("unix:") ? "localhost" : server);
    case HostPolicy::kLiteral: return append_field(out, "Host", options.host_name);
  }
}

void append_end_to_end_fields(io::Buffer& out, const http::Request& request, const ForwardOptions& options) {
  const HopByHop hop(request.received_headers());
  for (const http::Field& field : request.received_headers()) {
    if (!hop.owns(field.name) && !is_replaced(field.name, options)) append_field(out, field.name, field.value);
  }
  for (const http::Field& field : request.added_headers()) {  // a client's Connection has no say in these
    if (!is_replaced(field.name, options)) append_field(out, field.name, field.value);
  }
  append_forwarded_fields(out, request, options.forwarded);
  append_via(out, request, options);
}

bool is_withheld(std::string_view name, const http::Request& request, const ForwardOptions& options) noexcept {
  return is_replaced(name, options) || request.is_removed(name) || request.added_headers().contains(name) ||
         HopByHop(request.received_headers()).owns(name);
}

void append_request_head(io::Buffer& out, const http::Request& request, const ForwardOptions& options,
                         std::string_view server, std::string_view upgrade, RequestContent content,
                         std::uint64_t content_length) {
  out.append(request.method_token(), " ");
  append_target(out, request, options);
  out.append(" HTTP/1.1\r\n");
  append_host(out, request, options, server);

  append_end_to_end_fields(out, request, options);
  if (const auto hops = max_forwards(request); hops && *hops != 0) {
    out.append("Max-Forwards: ");
    append_number(out, *hops - 1);
    out.append("\r\n");
  }
  out.append(options.set.encoded());
  append_connection(out, accepts_trailers(request.headers()), upgrade);
  if (content == RequestContent::kChunked) out.append("Transfer-Encoding: chunked\r\n");
  if (content == RequestContent::kLength) {
    out.append("Content-Length: ");
    append_number(out, content_length);
    out.append("\r\n");
  }
  out.append("\r\n");
}

bool is_loop(http::Fields fields, std::string_view instance) noexcept {
  if (instance.empty()) return false;
  return std::ranges::any_of(fields, [instance](const http::Field& field) {
    return ascii::iequals(field.name, "via") && field.value.find(instance) != std::string_view::npos;
  });
}

std::optional<std::uint64_t> max_forwards(const http::Request& request) noexcept {
  if (request.method() != http::Method::kOptions) return std::nullopt;  // TRACE gets no further than here
  const auto value = request.header("Max-Forwards");
  return value ? parse_decimal<std::uint64_t>(*value) : std::nullopt;
}

}  // namespace flare::handlers::proxy
