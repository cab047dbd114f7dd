#include "flare/handlers/proxy/forwarded_fields.h"

#include <algorithm>
#include <string>

#include "flare/http/forwarded.h"

namespace flare::handlers::proxy {
namespace {

/// A field that a trusted proxy may have set already; "" where it has not.
std::string_view vouched_value(const http::Request& request, std::string_view name) noexcept {
  return request.is_sender_trusted() ? request.header(name).value_or("") : std::string_view();
}

std::string_view port_of(const http::Request& request) noexcept {
  const std::string_view authority = request.authority();
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
    return authority.substr(colon + 1);
  return request.scheme() == "https" ? "443" : "80";
}

/// A peer on a unix socket has no address: RFC 7239 §6.2 has a word for that.
std::string text_of(const net::IpAddr& address) { return address.is_unspecified() ? "unknown" : address.to_string(); }

/// RFC 7239 §6: IPv6 in brackets, and then in quotes.
std::string node_of(const net::IpAddr& address) {
  if (address.is_unspecified()) return text_of(address);
  return address.is_v6() ? "\"[" + address.to_string() + "]\"" : address.to_string();
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, ascii::is_token_char);
}

void append_for(io::Buffer& out, const http::Request& request, const std::string& client, const std::string& sender) {
  out.append("X-Forwarded-For: ");
  const auto vouched =
      request.is_sender_trusted()
          ? http::vouched_members(request.headers(), http::ForwardedField::kXForwardedFor, request.client())
          : http::VouchedMembers();
  for (const std::string_view member : vouched.view()) out.append(member, ", ");
  if (vouched.count == 0 && client != sender) out.append(client, ", ");  // known from the other list
  out.append(sender, "\r\n");
}

void append_forwarded(io::Buffer& out, const http::Request& request) {
  out.append("Forwarded: ");
  const auto vouched =
      request.is_sender_trusted()
          ? http::vouched_members(request.headers(), http::ForwardedField::kForwarded, request.client())
          : http::VouchedMembers();
  for (const std::string_view member : vouched.view()) out.append(member, ", ");
  if (vouched.count == 0 && request.client() != request.sender()) out.append("for=", node_of(request.client()), ", ");
  out.append("for=", node_of(request.sender()), ";proto=", request.scheme());
  if (const std::string_view host = request.authority(); !host.empty()) {
    const std::string_view quotes = is_token(host) ? "" : "\"";  // a port's colon wants them
    out.append(";host=", quotes, host, quotes);
  }
  out.append("\r\n");
}

}  // namespace

void append_forwarded_fields(io::Buffer& out, const http::Request& request, bool rfc7239) {
  const std::string client = text_of(request.client());
  const std::string sender = request.sender() == request.client() ? client : text_of(request.sender());
  append_for(out, request, client, sender);
  std::string_view host = vouched_value(request, "X-Forwarded-Host");
  if (host.empty()) host = request.authority();
  std::string_view port = vouched_value(request, "X-Forwarded-Port");
  if (port.empty()) port = port_of(request);
  out.append("X-Forwarded-Proto: ", request.scheme(), "\r\nX-Forwarded-Host: ", host, "\r\nX-Forwarded-Port: ", port,
             "\r\n");
  if (!request.client().is_unspecified()) out.append("X-Real-IP: ", client, "\r\n");
  if (rfc7239) append_forwarded(out, request);
}

}  // namespace flare::handlers::proxy
