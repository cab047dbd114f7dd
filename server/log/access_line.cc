#include "server/log/access_line.h"

#include <array>
#include <concepts>
#include <ctime>

#include "flare/base/numbers.h"
#include "flare/http/path.h"
#include "flare/tls/session.h"

namespace flare::server::log {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, kMaxDecimalDigits> digits{};
  out.append(digits.data(), append_decimal(digits.data(), value));
}

void append_padded(std::string& out, std::uint64_t value, std::size_t width) {
  std::array<char, kMaxDecimalDigits> digits{};
  const auto size = static_cast<std::size_t>(append_decimal(digits.data(), value) - digits.data());
  if (size < width) out.append(width - size, '0');
  out.append(digits.data(), size);
}

/// A JSON string. Bytes beyond ASCII are written as the Latin-1 characters they would be: always valid, always
/// reversible.
void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7F) {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_json_string(out, value);
}

void append_member(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(",\"").append(name).append("\":");
  append_number(out, value);
}

/// A field of the combined format: what could end it early or forge a line is escaped; "-" for nothing.
void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || byte < 0x20 || byte >= 0x7F) {
      out.append("\\x");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  if (text.empty()) out.push_back('-');
  out.push_back('"');
}

std::tm utc(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

std::uint64_t part(int value) noexcept { return static_cast<std::uint64_t>(value); }

/// 2026-11-23T03:18:17.042Z
void append_timestamp(std::string& out, std::chrono::system_clock::time_point time) {
  const std::tm parts = utc(time);
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  append_padded(out, part(parts.tm_year + 1900), 4);
  out.push_back('-');
  append_padded(out, part(parts.tm_mon + 1), 2);
  out.push_back('-');
  append_padded(out, part(parts.tm_mday), 2);
  out.push_back('T');
  append_padded(out, part(parts.tm_hour), 2);
  out.push_back(':');
  append_padded(out, part(parts.tm_min), 2);
  out.push_back(':');
  append_padded(out, part(parts.tm_sec), 2);
  out.push_back('.');
  append_padded(out, static_cast<std::uint64_t>(since % 1000), 3);
  out.push_back('Z');
}

/// 23/Nov/2026:03:18:17 +0000
void append_common_time(std::string& out, std::chrono::system_clock::time_point time) {
  const std::tm parts = utc(time);
  append_padded(out, part(parts.tm_mday), 2);
  out.append("/").append(kMonths[part(parts.tm_mon)]).append("/");
  append_padded(out, part(parts.tm_year + 1900), 4);
  out.push_back(':');
  append_padded(out, part(parts.tm_hour), 2);
  out.push_back(':');
  append_padded(out, part(parts.tm_min), 2);
  out.push_back(':');
  append_padded(out, part(parts.tm_sec), 2);
  out.append(" +0000");
}

std::string peer(const http::Request& request) {
  return request.peer() == net::SocketAddr() ? std::string("unix") : request.peer().ip().to_string();
}

/// Whom a trusted proxy names, or else the peer.
std::string client(const http::Request& request) {
  return request.client() == request.peer().ip() ? peer(request) : request.client().to_string();
}

/// The combined format has no quotes around it: what could be taken for the next field is escaped.
void append_user(std::string& out, std::string_view user) {
  if (user.empty()) out.push_back('-');
  for (const char c : user) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && c != '"' && c != '\\' && c != '[') {
      out.push_back(c);
      continue;
    }
    out.append("\\x");
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
}

std::string_view protocol(const http::Request& request) noexcept {
  return request.head().minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

template <std::same_as<bool> Flag>  // no other: a literal would rather be a bool than a view
void append_member(std::string& out, std::string_view name, Flag value) {
  out.append(",\"").append(name).append(value ? "\":true" : "\":false");
}

/// What was agreed with the client. Only a client that has a certificate costs an allocation.
void append_tls(std::string& out, const http::Request& request, const tls::Session& session) {
  std::string_view version = session.version();
  if (version.starts_with("TLSv")) version.remove_prefix(4);
  append_member(out, "tls", version);
  append_member(out, "cipher", session.cipher());
  std::string scratch;
  if (http::normalize_host(request.authority(), scratch) != session.server_name())
    append_member(out, "sni", session.server_name());
  append_member(out, "resumed", session.is_resumed());
  const auto certificate = session.peer_certificate();
  if (!certificate) return;
  append_member(out, "client_cert", certificate->subject);
  append_member(out, "client_verified", certificate->verified);
}

}  // namespace

void append_json_line(std::string& out, const http::Transaction& transaction, const LineContext& context) {
  const http::Request& request = transaction.request;
  out.append("{\"ts\":\"");
  append_timestamp(out, context.time);
  out.push_back('"');
  append_member(out, "client", client(request));
  if (request.client() != request.peer().ip()) append_member(out, "peer", peer(request));
  append_member(out, "host", request.authority());
  append_member(out, "method", request.method_token());
  append_member(out, "target", request.target());
  append_member(out, "proto", protocol(request));
  if (const tls::Session* const session = request.tls()) append_tls(out, request, *session);
  append_member(out, "status", static_cast<std::uint64_t>(http::code(transaction.status)));
  if (transaction.why != Reason::kNone) append_member(out, "why", to_string(transaction.why));
  if (!request.route().empty()) append_member(out, "route", request.route());
  if (!request.user().empty()) append_member(out, "user", request.user());
  if (!request.upstream().empty()) {
    append_member(out, "upstream", request.upstream());
    if (request.upstream_attempts() != 1) append_member(out, "attempts", request.upstream_attempts());
  }
  append_member(out, "bytes_in", transaction.bytes_in);
  append_member(out, "bytes_out", transaction.bytes_out);
  append_member(out, "duration_us", static_cast<std::uint64_t>(transaction.duration.count()));
  if (const auto agent = request.header("User-Agent")) append_member(out, "user_agent", *agent);
  if (const auto referer = request.header("Referer")) append_member(out, "referer", *referer);
  append_member(out, "worker", context.worker);
  out.append("}\n");
}

void append_combined_line(std::string& out, const http::Transaction& transaction, const LineContext& context) {
  const http::Request& request = transaction.request;
  out.append(client(request)).append(" - ");
  append_user(out, request.user());
  out.append(" [");
  append_common_time(out, context.time);
  out.append("] ");
  std::string line;
  if (!request.method_token().empty()) {
    line.append(request.method_token()).append(" ").append(request.target()).append(" ").append(protocol(request));
  }
  append_quoted(out, line);
  out.push_back(' ');
  append_number(out, static_cast<std::uint64_t>(http::code(transaction.status)));
  out.push_back(' ');
  append_number(out, transaction.bytes_out);
  out.push_back(' ');
  append_quoted(out, request.header("Referer").value_or(""));
  out.push_back(' ');
  append_quoted(out, request.header("User-Agent").value_or(""));
  out.push_back('\n');
}

}  // namespace flare::server::log
