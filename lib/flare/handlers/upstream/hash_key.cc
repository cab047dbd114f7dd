#include "flare/handlers/upstream/hash_key.h"

#include <array>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/siphash.h"
#include "flare/http/pairs.h"

namespace flare::handlers {
namespace {

using enum HashKey::Kind;

constexpr std::array<std::pair<std::string_view, HashKey::Kind>, 3> kPlain{
    {{"uri", kUri}, {"path", kPath}, {"client_ip", kClientIp}}};
constexpr std::array<std::pair<std::string_view, HashKey::Kind>, 2> kNamed{
    {{"header:", kHeader}, {"cookie:", kCookie}}};

std::uint64_t of(std::string_view bytes) noexcept { return siphash(SipKey{}, bytes).low; }

std::uint64_t of_client(const http::Request& request) { return of(request.client().to_string()); }

}  // namespace

std::optional<HashKey> HashKey::parse(std::string_view text) {
  for (const auto& [word, kind] : kPlain) {
    if (text == word) return HashKey{.kind = kind, .name = {}};
  }
  for (const auto& [prefix, kind] : kNamed) {
    if (text.starts_with(prefix) && ascii::is_token(text.substr(prefix.size())))
      return HashKey{.kind = kind, .name = std::string(text.substr(prefix.size()))};
  }
  return std::nullopt;
}

std::string HashKey::to_string() const {
  for (const auto& [word, plain] : kPlain) {
    if (kind == plain) return std::string(word);
  }
  return std::string(kind == kHeader ? kNamed[0].first : kNamed[1].first) + name;
}

std::uint64_t HashKey::hash(const http::Request& request) const {
  switch (kind) {
    case kUri: return of(request.target());
    case kPath: return of(request.path());
    case kClientIp: break;
    case kHeader:
      if (const auto value = request.header(name)) return of(*value);
      break;
    case kCookie:
      if (const auto value = http::cookie_value(request.header("Cookie").value_or(""), name)) return of(*value);
      break;
  }
  return of_client(request);
}

}  // namespace flare::handlers
