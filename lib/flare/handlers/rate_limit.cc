#include "flare/handlers/rate_limit.h"

#include <algorithm>
#include <array>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"
#include "flare/http/pairs.h"
#include "flare/http/path.h"
#include "flare/http/response.h"

namespace flare::handlers {
namespace {

constexpr std::string_view kHeaderPrefix = "header:";
constexpr std::string_view kCookiePrefix = "cookie:";

/// The value where there is exactly one and it is not empty: of several, the handler might believe another one.
std::optional<std::string_view> sole_field(const http::Request& request, std::string_view name) noexcept {
  std::optional<std::string_view> value;
  for (const http::Field& field : request.headers()) {
    if (!ascii::iequals(field.name, name)) continue;
    if (value) return std::nullopt;
    value = field.value;
  }
  return value && !value->empty() ? value : std::nullopt;
}

std::optional<std::string_view> sole_cookie(const http::Request& request, std::string_view name) noexcept {
  const auto cookies = sole_field(request, "Cookie");
  const auto value = cookies ? http::cookie_value(*cookies, name) : std::nullopt;
  if (!value || value->empty()) return std::nullopt;
  const auto behind = static_cast<std::size_t>(value->data() + value->size() - cookies->data());
  return http::cookie_value(cookies->substr(behind), name) ? std::nullopt : value;
}

void append_number(http::HeaderMap& headers, std::string_view name, std::uint64_t value) {
  std::array<char, kMaxDecimalDigits> digits{};
  headers.append(name, {digits.data(), append_decimal(digits.data(), value)});
}

RateLimiter::Options checked(RateLimiter::Options options) {
  using enum RateKey::Kind;
  const bool named = options.key.kind == kHeader || options.key.kind == kCookie;
  if (named && !ascii::is_token(options.key.name))
    throw runtime::RateLimitError("rate limit: the name in its key is no field or cookie name");
  if (options.reply != http::Status::kTooManyRequests && options.reply != http::Status::kServiceUnavailable)
    throw runtime::RateLimitError("rate limit: the reply is 429 or 503");
  return options;
}

}  // namespace

std::optional<RateKey> RateKey::parse(std::string_view text) {
  using enum Kind;
  if (text == "client_ip") return RateKey{.kind = kClientIp, .name = {}};
  if (text == "route") return RateKey{.kind = kRoute, .name = {}};
  if (text == "host") return RateKey{.kind = kHost, .name = {}};
  const bool header = text.starts_with(kHeaderPrefix);
  if (!header && !text.starts_with(kCookiePrefix)) return std::nullopt;
  text.remove_prefix(kHeaderPrefix.size());
  if (!ascii::is_token(text)) return std::nullopt;
  return RateKey{.kind = header ? kHeader : kCookie, .name = std::string(text)};
}

std::string RateKey::to_string() const {
  switch (kind) {
    case Kind::kClientIp: return "client_ip";
    case Kind::kHeader: return std::string(kHeaderPrefix) + name;
    case Kind::kCookie: return std::string(kCookiePrefix) + name;
    case Kind::kRoute: return "route";
    case Kind::kHost: return "host";
  }
  return {};
}

RateLimiter::RateLimiter(Options options)
    : options_(checked(std::move(options))),
      buckets_(options_.buckets),
      value_key_(SipKey::random()),
      address_key_(SipKey::random()) {}

Hash128 RateLimiter::hash_of(const http::Request& request) const {
  switch (options_.key.kind) {
    case RateKey::Kind::kClientIp: break;
    case RateKey::Kind::kHeader:
      if (const auto value = sole_field(request, options_.key.name)) return siphash(value_key_, *value);
      break;
    case RateKey::Kind::kCookie:
      if (const auto value = sole_cookie(request, options_.key.name)) return siphash(value_key_, *value);
      break;
    case RateKey::Kind::kRoute: return siphash(value_key_, request.route());
    case RateKey::Kind::kHost: {
      std::string scratch;
      return siphash(value_key_, http::normalize_host(request.authority(), scratch));
    }
  }
  return siphash(address_key_, net::client_network(request.client()));
}

std::chrono::milliseconds RateLimiter::take(const http::Request& request) {
  return buckets_.take(hash_of(request), request.arrival());
}

void RateLimiter::give_back(const http::Request& request) { buckets_.give_back(hash_of(request)); }

http::Response RateLimiter::refusal(std::chrono::milliseconds wait) const {
  const auto whole = std::chrono::ceil<std::chrono::seconds>(wait).count();
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(whole, 1));
  http::Response response = http::error_response(options_.reply, Reason::kRateLimited);
  append_number(response.headers, "Retry-After", seconds);  // H-36
  append_number(response.headers, "RateLimit-Limit", buckets_.burst());
  append_number(response.headers, "RateLimit-Remaining", 0);
  append_number(response.headers, "RateLimit-Reset", seconds);
  return response;
}

RateLimit::RateLimit(std::vector<std::shared_ptr<RateLimiter>> limiters, http::Handler handler)
    : limiters_(std::move(limiters)), handler_(std::move(handler)) {}

http::Reply RateLimit::operator()(http::Request& request) const {
  for (std::size_t passed = 0; passed < limiters_.size(); ++passed) {
    const auto wait = limiters_[passed]->take(request);
    if (wait == std::chrono::milliseconds::zero()) continue;
    for (std::size_t i = 0; i < passed; ++i) limiters_[i]->give_back(request);
    return limiters_[passed]->refusal(wait);
  }
  return handler_(request);
}

}  // namespace flare::handlers
