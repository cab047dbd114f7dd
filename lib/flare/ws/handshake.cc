#include "flare/ws/handshake.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "flare/base/ascii.h"
#include "flare/base/base64.h"

namespace flare::ws {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::size_t kKeyBytes = 16;

/// Calls visit(element) for the elements of every line of a list field until it gives false; empty ones are no elements
/// (RFC 9110 §5.6.1).
template <class Visit>
bool visit_list(const http::Request& request, std::string_view name, Visit visit) {
  for (const http::Field& field : request.headers()) {
    if (!ascii::iequals(field.name, name)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view element = ascii::trim(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (!element.empty() && !visit(element)) return false;
    }
  }
  return true;
}

bool lists(const http::Request& request, std::string_view name, std::string_view wanted) {
  return !visit_list(request, name, [wanted](std::string_view element) { return !ascii::iequals(element, wanted); });
}

/// The field's value where it stands there once.
std::optional<std::string_view> only(const http::Request& request, std::string_view name) {
  std::optional<std::string_view> value;
  for (const http::Field& field : request.headers()) {
    if (!ascii::iequals(field.name, name)) continue;
    if (value) return std::nullopt;
    value = field.value;
  }
  return value;
}

bool is_key(std::string_view text) {
  const auto bytes = base64_decode(text);
  return bytes && bytes->size() == kKeyBytes;
}

bool is_same_host(std::string_view origin, const http::Request& request) {
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && ascii::iequals(origin.substr(scheme + 3), request.authority());
}

bool admits_origin(const http::Request& request, const UpgradeOptions& options) {
  if (!request.headers().contains("Origin")) return !options.origin_required;
  const auto origin = only(request, "Origin");
  if (!origin) return false;
  if (options.origins.empty()) return is_same_host(*origin, request);
  return std::ranges::any_of(options.origins, [&origin](const std::string& allowed) {
    return allowed == "*" || ascii::iequals(allowed, *origin);
  });
}

Reason check_head(const http::Request& request) {
  if (!lists(request, "Upgrade", "websocket")) return Reason::kWsUpgradeRequired;
  if (request.method() != http::Method::kGet || request.head().minor_version == 0 || request.has_content())
    return Reason::kWsBadHandshake;  // RFC 6455 §4.2.1
  if (!lists(request, "Connection", "upgrade")) return Reason::kWsBadHandshake;
  if (!request.headers().contains("Sec-WebSocket-Version")) return Reason::kWsBadHandshake;
  if (only(request, "Sec-WebSocket-Version") != kVersion) return Reason::kWsVersion;  // RFC 6455 §4.4
  const auto key = only(request, "Sec-WebSocket-Key");
  return key && is_key(*key) ? Reason::kNone : Reason::kWsBadHandshake;
}

Reason choose_subprotocol(const http::Request& request, const UpgradeOptions& options, Upgrade& upgrade) {
  const bool good = visit_list(request, "Sec-WebSocket-Protocol", [&](std::string_view offered) {
    if (upgrade.subprotocol.empty() && std::ranges::find(options.subprotocols, offered) != options.subprotocols.end())
      upgrade.subprotocol = offered;
    return ascii::is_token(offered);
  });
  return good ? Reason::kNone : Reason::kWsBadHandshake;
}

Reason choose_extensions(const http::Request& request, const UpgradeOptions& options, Upgrade& upgrade) {
  for (const http::Field& field : request.headers()) {
    if (!ascii::iequals(field.name, "Sec-WebSocket-Extensions")) continue;
    auto answer = answer_deflate(field.value, options.deflate.value_or(DeflateOptions{}));
    if (!answer) return answer.error();
    if (!options.deflate || upgrade.deflate || !*answer) continue;
    upgrade.deflate = (*answer)->params;
    upgrade.extensions = std::move((*answer)->field_value);
  }
  return Reason::kNone;
}

}  // namespace

std::string accept_for_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::expected<Upgrade, Reason> accept_upgrade(const http::Request& request, const UpgradeOptions& options) {
  if (const Reason why = check_head(request); why != Reason::kNone) return std::unexpected(why);
  if (!admits_origin(request, options)) return std::unexpected(Reason::kWsOrigin);
  Upgrade upgrade;
  if (const Reason why = choose_subprotocol(request, options, upgrade); why != Reason::kNone)
    return std::unexpected(why);
  if (const Reason why = choose_extensions(request, options, upgrade); why != Reason::kNone)
    return std::unexpected(why);
  upgrade.accept = accept_for_key(*request.header("Sec-WebSocket-Key"));
  return upgrade;
}

http::Response refuse_upgrade(Reason why) {
  http::Response response = http::error_response(http::status_for(why), why);
  if (response.status == http::Status::kUpgradeRequired) {
    response.headers.set("Upgrade", "websocket");             // RFC 9110 §15.5.22
    response.headers.set("Sec-WebSocket-Version", kVersion);  // RFC 6455 §4.4
  }
  return response;
}

http::Response switching_protocols(const Upgrade& upgrade) {
  http::Response response{.status = http::Status::kSwitchingProtocols};
  response.headers.append("Upgrade", "websocket");
  response.headers.append("Sec-WebSocket-Accept", upgrade.accept);
  if (!upgrade.subprotocol.empty()) response.headers.append("Sec-WebSocket-Protocol", upgrade.subprotocol);
  if (!upgrade.extensions.empty()) response.headers.append("Sec-WebSocket-Extensions", upgrade.extensions);
  return response;
}

}  // namespace flare::ws
