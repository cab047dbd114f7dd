#include "server/config/route_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "flare/base/ascii.h"

namespace flare::server::config {
namespace {

// ---- other matchers ----------------------------------------------------------------------------------------------

bool matches_method(const std::vector<std::string>& methods, std::string_view method) {
  if (methods.empty()) return true;
  const auto has = [&](std::string_view name) { return std::ranges::find(methods, name) != methods.end(); };
  return has(method) || (method == "HEAD" && has("GET"));
}

// A method that both take: the first of `a`, of `b`, or GET.
std::optional<std::string> common_method(const Route& a, const Route& b) {
  if (a.methods.empty() && b.methods.empty()) return "GET";
  for (const auto* methods : {&a.methods, &b.methods}) {
    for (const std::string& method : *methods) {
      if (matches_method(a.methods, method) && matches_method(b.methods, method)) return method;
    }
  }
  return std::nullopt;
}

bool intersect(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(a, [&](const std::string& value) { return std::ranges::find(b, value) != b.end(); });
}

bool same_name(std::string_view a, std::string_view b, bool any_case) {
  return any_case ? ascii::iequals(a, b) : a == b;
}

bool compatible(const std::vector<NamedMatch>& a, const std::vector<NamedMatch>& b, bool any_case) {
  return std::ranges::none_of(a, [&](const NamedMatch& x) {
    return std::ranges::any_of(
        b, [&](const NamedMatch& y) { return same_name(x.name, y.name, any_case) && !intersect(x.values, y.values); });
  });
}

bool compatible_from(const std::vector<net::Cidr>& a, const std::vector<net::Cidr>& b) {
  if (a.empty() || b.empty()) return true;
  return std::ranges::any_of(a, [&](const net::Cidr& x) {
    return std::ranges::any_of(b, [&](const net::Cidr& y) { return net::overlap(x, y); });
  });
}

bool compatible(const Route& a, const Route& b) {
  return common_method(a, b) && compatible(a.headers, b.headers, true) && compatible(a.queries, b.queries, false) &&
         compatible(a.cookies, b.cookies, false) && compatible_from(a.from, b.from) &&
         (a.schemes.empty() || b.schemes.empty() || intersect(a.schemes, b.schemes));
}

// Whenever the matchers of `inner` hold, those of `outer` do.
bool implied(const std::vector<NamedMatch>& outer, const std::vector<NamedMatch>& inner, bool any_case) {
  return std::ranges::all_of(outer, [&](const NamedMatch& wanted) {
    return std::ranges::any_of(inner, [&](const NamedMatch& given) {
      return same_name(wanted.name, given.name, any_case) &&
             std::ranges::all_of(given.values, [&](const std::string& value) {
               return std::ranges::find(wanted.values, value) != wanted.values.end();
             });
    });
  });
}

bool covers(const std::vector<net::Cidr>& outer, const net::Cidr& network) {
  return std::ranges::any_of(
      outer, [&](const net::Cidr& wide) { return wide.bits <= network.bits && wide.contains(network.base); });
}

bool implied_from(const std::vector<net::Cidr>& outer, const std::vector<net::Cidr>& inner) {
  if (outer.empty()) return true;
  const auto covered = [&](const net::Cidr& network) { return covers(outer, network); };
  if (!inner.empty()) return std::ranges::all_of(inner, covered);
  return covered({.base = net::IpAddr::unspecified(), .bits = 0}) &&
         covered({.base = net::IpAddr::unspecified_v6(), .bits = 0});
}

// ---- the two checks ------------------------------------------------------------------------------------------------

// The path segment of an example request.
std::string_view sample(const http::RoutePattern::Segment& segment) {
  switch (segment.kind) {
    case http::SegmentKind::kLiteral: return segment.text;
    case http::SegmentKind::kInt:
    case http::SegmentKind::kHex: return "1";
    case http::SegmentKind::kUuid: return "00000000-0000-4000-8000-000000000000";
    case http::SegmentKind::kSlug:
    case http::SegmentKind::kParam:
    case http::SegmentKind::kAny:
    case http::SegmentKind::kTail: return "x";
  }
  return {};
}

const std::string& common_value(const NamedMatch& match, const std::vector<NamedMatch>& others, bool any_case) {
  for (const NamedMatch& other : others) {
    if (!same_name(match.name, other.name, any_case)) continue;
    for (const std::string& value : match.values) {
      if (std::ranges::find(other.values, value) != other.values.end()) return value;
    }
  }
  return match.values.front();
}

// The matchers of both routes, each once, as `name<between>value`.
std::vector<std::string> conditions(const std::vector<NamedMatch>& a, const std::vector<NamedMatch>& b,
                                    std::string_view between, bool any_case) {
  std::vector<std::string> out;
  const auto add = [&](const NamedMatch& match, const std::vector<NamedMatch>& others) {
    const bool secret = match.secret || std::ranges::any_of(others, [&](const NamedMatch& other) {
                          return other.secret && same_name(match.name, other.name, any_case);
                        });
    out.push_back(fmt::format("{}{}{}", match.name, between,
                              secret ? std::string("***") : common_value(match, others, any_case)));
  };
  for (const NamedMatch& match : a) add(match, b);
  for (const NamedMatch& match : b) {
    if (std::ranges::none_of(a, [&](const NamedMatch& other) { return same_name(match.name, other.name, any_case); }))
      add(match, a);
  }
  return out;
}

std::string example_request(const Route& a, const Route& b, const http::RoutePattern& path) {
  std::string text = common_method(a, b).value_or("GET") + " ";
  for (const auto& segment : path.segments()) text.append("/").append(sample(segment));
  const auto queries = conditions(a.queries, b.queries, "=", false);
  if (!queries.empty()) text += fmt::format("?{}", fmt::join(queries, "&"));
  std::vector<std::string> rest = conditions(a.headers, b.headers, ": ", true);
  for (const std::string& cookie : conditions(a.cookies, b.cookies, "=", false)) rest.push_back("Cookie: " + cookie);
  if (!rest.empty()) text += fmt::format(" with {}", fmt::join(rest, ", "));
  return text;
}

void check_ambiguous(LoadContext& context, const Host& host, const std::vector<CheckedPath>& paths, std::size_t i) {
  const Route& route = host.routes[i];
  for (std::size_t j = 0; j < i; ++j) {
    const Route& other = host.routes[j];
    if (!paths[j].valid || !http::same_shape(*paths[i].pattern, *paths[j].pattern)) continue;
    if (route.matcher_count() != other.matcher_count() || !compatible(route, other)) continue;
    context.report(
        "FL0102", paths[i].path_at,
        fmt::format("routes \"{}\" and \"{}\" match the same requests with equal specificity", other.id, route.id),
        "remove one, or give one of them a matcher more (method, header, query, cookie, from, scheme)",
        {{context.sources.place(paths[j].path_at), "the other route is here"},
         {{}, fmt::format("both match: {}", example_request(other, route, *paths[i].pattern))}});
    return;
  }
}

// `winner` beats `loser` on every request that both match.
bool beats(const Route& winner, const http::RoutePattern& winner_pattern, const Route& loser,
           const http::RoutePattern& loser_pattern) {
  const auto order = http::compare_specificity(winner_pattern, loser_pattern);
  return order < 0 || (order == 0 && winner.matcher_count() > loser.matcher_count());
}

// A route is dead when for each of its methods and schemes some stronger route takes all that it would match. Methods
// beyond those it names are one more case, which only a route for all methods takes.
void check_reachable(LoadContext& context, const Host& host, const std::vector<CheckedPath>& paths, std::size_t i) {
  const Route& route = host.routes[i];
  std::vector<std::size_t> stronger;
  for (std::size_t j = 0; j < host.routes.size(); ++j) {
    const Route& other = host.routes[j];
    if (j != i && paths[j].valid && http::covers(*paths[j].pattern, *paths[i].pattern) &&
        beats(other, *paths[j].pattern, route, *paths[i].pattern) && implied(other.headers, route.headers, true) &&
        implied(other.queries, route.queries, false) && implied(other.cookies, route.cookies, false) &&
        implied_from(other.from, route.from)) {
      stronger.push_back(j);
    }
  }
  std::vector<std::string> methods = route.methods;
  if (matches_method(methods, "HEAD") && !methods.empty()) methods.emplace_back("HEAD");
  if (methods.empty()) methods.emplace_back();
  const std::vector<std::string> both{"http", "https"};
  std::vector<Note> notes;
  for (const std::string& method : methods) {
    for (const std::string& scheme : route.schemes.empty() ? both : route.schemes) {
      const auto takes = std::ranges::find_if(stronger, [&](std::size_t j) {
        const Route& other = host.routes[j];
        const bool takes_method = method.empty() ? other.methods.empty() : matches_method(other.methods, method);
        return takes_method &&
               (other.schemes.empty() || std::ranges::find(other.schemes, scheme) != other.schemes.end());
      });
      if (takes == stronger.end()) return;
      const Place place = context.sources.place(paths[*takes].path_at);
      const bool known = std::ranges::any_of(
          notes, [&](const Note& note) { return note.place.line == place.line && note.place.file == place.file; });
      if (!known) notes.push_back({place, fmt::format("\"{}\" is here", host.routes[*takes].id)});
    }
  }
  std::vector<std::string_view> names;
  for (const std::size_t j : stronger) names.push_back(host.routes[j].id);
  context.report("FL0103", paths[i].path_at,
                 fmt::format("route \"{}\" can never win: shadowed by \"{}\"", route.id, fmt::join(names, "\", \"")),
                 "remove it, or make it match what the other does not", std::move(notes));
}

}  // namespace

void check_routes(LoadContext& context, const Host& host, const std::vector<CheckedPath>& paths) {
  for (std::size_t i = 0; i < host.routes.size(); ++i) {
    if (!paths[i].valid) continue;
    check_ambiguous(context, host, paths, i);
    check_reachable(context, host, paths, i);
  }
}

}  // namespace flare::server::config
