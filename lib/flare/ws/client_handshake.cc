#include "flare/ws/client_handshake.h"

#include <algorithm>

#include "flare/base/ascii.h"
#include "flare/base/base64.h"
#include "flare/ws/handshake.h"

namespace flare::ws {
namespace {

/// All lines of a list field as one (RFC 9110 §5.3); nullopt: there is none.
std::optional<std::string> combined(http::Fields fields, std::string_view name) {
  std::optional<std::string> all;
  for (const http::Field& field : fields) {
    if (!ascii::iequals(field.name, name)) continue;
    if (!all) {
      all.emplace(field.value);
    } else {
      *all += ", " + std::string(field.value);
    }
  }
  return all;
}

bool lists(std::string_view list, std::string_view wanted) noexcept {
  for (; !list.empty(); list.remove_prefix(std::min(list.find(',') + 1, list.size()))) {
    const std::size_t comma = list.find(',');
    if (ascii::iequals(ascii::trim(list.substr(0, comma)), wanted)) return true;
    if (comma == std::string_view::npos) return false;
  }
  return false;
}

}  // namespace

ClientHandshake::ClientHandshake(const std::array<char, 16>& nonce, const ClientOptions& options)
    : options_(options), key_(base64_encode({nonce.data(), nonce.size()})) {}

http::HeaderMap ClientHandshake::request_fields() const {
  http::HeaderMap fields;
  fields.set("Upgrade", "websocket");
  fields.set("Connection", "Upgrade");
  fields.set("Sec-WebSocket-Key", key_);
  fields.set("Sec-WebSocket-Version", "13");
  if (!options_.origin.empty()) fields.set("Origin", options_.origin);
  std::string subprotocols;
  for (const std::string& name : options_.subprotocols) subprotocols += (subprotocols.empty() ? "" : ", ") + name;
  if (!subprotocols.empty()) fields.set("Sec-WebSocket-Protocol", subprotocols);
  if (options_.deflate) fields.set("Sec-WebSocket-Extensions", offer_deflate(*options_.deflate));
  return fields;
}

std::expected<Agreement, Reason> ClientHandshake::check(http::Status status, http::Fields fields) const {
  constexpr auto kRefused = std::unexpected(Reason::kWsBadHandshake);
  if (status != http::Status::kSwitchingProtocols) return kRefused;
  if (!ascii::iequals(combined(fields, "Upgrade").value_or(""), "websocket")) return kRefused;
  if (!lists(combined(fields, "Connection").value_or(""), "upgrade")) return kRefused;
  if (combined(fields, "Sec-WebSocket-Accept") != accept_for_key(key_)) return kRefused;
  Agreement agreement;
  if (auto subprotocol = combined(fields, "Sec-WebSocket-Protocol")) {
    const auto& offered = options_.subprotocols;
    if (std::ranges::find(offered, *subprotocol) == offered.end()) return kRefused;
    agreement.subprotocol = std::move(*subprotocol);
  }
  if (const auto extensions = combined(fields, "Sec-WebSocket-Extensions")) {
    if (!options_.deflate) return kRefused;  // RFC 6455 §9.1
    const auto accepted = accept_deflate(*extensions, *options_.deflate);
    if (!accepted) return kRefused;
    agreement.deflate = *accepted;
  }
  return agreement;
}

}  // namespace flare::ws
