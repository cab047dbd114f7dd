#include "server/site/matchers.h"

#include <algorithm>

#include "flare/base/ascii.h"
#include "flare/http/pairs.h"

namespace flare::server::site {
namespace {

bool one_of(const std::vector<std::string>& values, std::optional<std::string_view> value) noexcept {
  return value && std::ranges::find(values, *value) != values.end();
}

/// Whether `encoded` is `text` once its triplets are decoded (H-27); a bad triplet stands for itself.
bool spells(std::string_view encoded, std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < encoded.size(); ++i, ++at) {
    char c = encoded[i];
    if (c == '%' && encoded.size() - i > 2) {
      const int high = ascii::hex_value(encoded[i + 1]);
      const int low = ascii::hex_value(encoded[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    if (at == text.size() || text[at] != c) return false;
  }
  return at == text.size();
}

bool header_holds(const config::NamedMatch& match, const http::Request& request) noexcept {
  return std::ranges::any_of(request.headers(), [&](const http::Field& field) {
    return ascii::iequals(field.name, match.name) && one_of(match.values, field.value);
  });
}

bool query_holds(const config::NamedMatch& match, const http::Request& request) noexcept {
  const auto value = http::query_value(request.query(), match.name);
  return value && std::ranges::any_of(match.values, [&](const std::string& text) { return spells(*value, text); });
}

bool cookie_holds(const config::NamedMatch& match, const http::Request& request) noexcept {
  const auto cookies = request.header("Cookie");
  return cookies && one_of(match.values, http::cookie_value(*cookies, match.name));
}

bool from_holds(const std::vector<net::Cidr>& networks, const http::Request& request) noexcept {
  const net::IpAddr client = request.client().unmapped();
  return networks.empty() ||
         std::ranges::any_of(networks, [&](const net::Cidr& network) { return network.contains(client); });
}

bool scheme_holds(const std::vector<std::string>& schemes, const http::Request& request) noexcept {
  return schemes.empty() || std::ranges::find(schemes, request.scheme()) != schemes.end();
}

/// Two demands on the same name that no value meets.
bool disjoint(const std::vector<config::NamedMatch>& ours, const std::vector<config::NamedMatch>& theirs) noexcept {
  for (const config::NamedMatch& one : ours) {
    for (const config::NamedMatch& other : theirs) {
      if (one.name == other.name &&
          std::ranges::none_of(one.values, [&](const std::string& value) { return one_of(other.values, value); })) {
        return true;
      }
    }
  }
  return false;
}

bool disjoint(const std::vector<net::Cidr>& ours, const std::vector<net::Cidr>& theirs) noexcept {
  return !ours.empty() && !theirs.empty() && std::ranges::none_of(ours, [&](const net::Cidr& one) {
    return std::ranges::any_of(theirs, [&](const net::Cidr& other) { return net::overlap(one, other); });
  });
}

}  // namespace

std::shared_ptr<const Matchers> Matchers::of(const config::Route& route) {
  const bool none = route.headers.empty() && route.queries.empty() && route.cookies.empty() && route.from.empty() &&
                    route.schemes.empty();
  return none ? nullptr : std::shared_ptr<const Matchers>(new Matchers(route));
}

bool Matchers::holds(const http::Request& request) const noexcept {
  return std::ranges::all_of(route_.headers, [&](const auto& match) { return header_holds(match, request); }) &&
         std::ranges::all_of(route_.queries, [&](const auto& match) { return query_holds(match, request); }) &&
         std::ranges::all_of(route_.cookies, [&](const auto& match) { return cookie_holds(match, request); }) &&
         from_holds(route_.from, request) && scheme_holds(route_.schemes, request);
}

std::size_t Matchers::count() const noexcept { return route_.matcher_count() - (route_.methods.empty() ? 0 : 1); }

bool Matchers::excludes(const http::RoutePredicate& other) const noexcept {
  const auto* const matchers = dynamic_cast<const Matchers*>(&other);
  if (matchers == nullptr) return false;
  const config::Route& theirs = matchers->route_;
  // A request may repeat a field name, so two different values of one header can both be there; of a query name or a
  // cookie the first counts.
  return disjoint(route_.queries, theirs.queries) || disjoint(route_.cookies, theirs.cookies) ||
         disjoint(route_.from, theirs.from) ||
         (!route_.schemes.empty() && !theirs.schemes.empty() &&
          std::ranges::none_of(route_.schemes,
                               [&](const std::string& scheme) { return one_of(theirs.schemes, scheme); }));
}

std::string Matchers::describe_failure(const http::Request& request) const {
  for (const auto& match : route_.headers) {
    if (!header_holds(match, request)) return "header " + match.name;
  }
  for (const auto& match : route_.queries) {
    if (!query_holds(match, request)) return "query " + match.name;
  }
  for (const auto& match : route_.cookies) {
    if (!cookie_holds(match, request)) return "cookie " + match.name;
  }
  if (!from_holds(route_.from, request)) return "from";
  if (!scheme_holds(route_.schemes, request)) return "scheme";
  return {};
}

}  // namespace flare::server::site
