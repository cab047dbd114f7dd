#include "flare/http/route_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

namespace flare::http {
namespace {

template <class Word>
std::uint64_t load(const char* at) noexcept {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Of a segment's length, first and last eight bytes. Whoever sends requests chooses the lookups but not the entries,
/// so that nobody can make chains long.
std::uint64_t hash_of(std::uint32_t parent, std::string_view segment) noexcept {
  const char* begin = segment.data();
  const std::size_t size = segment.size();
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (size >= 8) {
    first = load<std::uint64_t>(begin);
    last = load<std::uint64_t>(begin + size - 8);
  } else if (size >= 4) {
    first = load<std::uint32_t>(begin);
    last = load<std::uint32_t>(begin + size - 4);
  } else if (size > 0) {
    first = load<std::uint8_t>(begin) | load<std::uint8_t>(begin + size / 2) << 8U;
    last = load<std::uint8_t>(begin + size - 1);
  }
  std::uint64_t mix = (first + (std::uint64_t{parent} << 32U | size)) * 0x9E3779B97F4A7C15U;
  mix ^= std::rotl(last * 0xC2B2AE3D27D4EB4FU, 31);
  mix *= 0x9E3779B97F4A7C15U;
  return mix ^ mix >> 32U;
}

std::size_t matchers(const Route& route) noexcept {
  return (route.methods.empty() ? 0 : 1) + (route.predicate ? route.predicate->count() : 0);
}

/// Whether one request can meet both routes, whose patterns have the same shape, with neither more specific (FL0102).
bool ambiguous(const Route& a, const Route& b) noexcept {
  if (matchers(a) != matchers(b)) return false;
  if (!a.methods.empty() && !b.methods.empty() && !a.methods.intersects(b.methods)) return false;
  return !a.predicate || !b.predicate || !a.predicate->excludes(*b.predicate);
}

/// The order at the end of one pattern. A route that lists HEAD comes before one that only implies it.
bool goes_before(const Route& a, const Route& b) noexcept {
  if (matchers(a) != matchers(b)) return matchers(a) > matchers(b);
  return a.methods.lists(Method::kHead) && !b.methods.lists(Method::kHead);
}

bool takes_method(const Route& route, Method method, std::string_view token) noexcept {
  return route.methods.empty() || route.methods.allows(method, token);
}

bool holds(const Route& route, const Request& request) noexcept {
  return !route.predicate || route.predicate->holds(request);
}

void add_methods(MethodSet& all, const Route& route) {
  if (!route.methods.empty()) return all.add(route.methods);
  for (std::string_view token : {"GET", "POST", "PUT", "PATCH", "DELETE"}) all.add(token);
}

bool is_literal(const RoutePattern::Segment& segment) noexcept { return segment.kind == SegmentKind::kLiteral; }

/// The one path that a pattern of literals matches.
std::string whole_path(const RoutePattern& pattern) {
  std::string path;
  for (const RoutePattern::Segment& segment : pattern.segments()) path.append("/").append(segment.text);
  return path;
}

/// Where in the path the parameters of a match lie, in the pattern's order.
struct Span {
  std::uint16_t offset;
  std::uint16_t length;
};
using Captures = std::array<Span, Request::kMaxParams>;

void capture(Request& request, const RoutePattern& pattern, const Captures& captures, std::size_t tail) noexcept {
  std::size_t next = 0;
  for (const RoutePattern::Segment& segment : pattern.segments()) {
    if (!is_param(segment.kind)) continue;
    const Span span = captures[next++];
    request.add_param({segment.text, span.offset, span.length});
  }
  switch (pattern.segments().back().kind) {
    case SegmentKind::kTail: return request.set_tail(static_cast<std::uint16_t>(tail));
    case SegmentKind::kAny: return request.set_tail(static_cast<std::uint16_t>(request.path().rfind('/') + 1));
    case SegmentKind::kLiteral:
    case SegmentKind::kInt:
    case SegmentKind::kUuid:
    case SegmentKind::kHex:
    case SegmentKind::kSlug:
    case SegmentKind::kParam: return;
  }
}

}  // namespace

/// Calls visit(route, captures, tail) for each route whose pattern matches, the most specific first, until it returns
/// true. A node is entered from one parent with one segment only, hence at most once: the work is bounded by the
/// table's size.
template <class Visit>
class RouteTable::Search {
 public:
  Search(const RouteTable& table, std::string_view path, Visit& visit) noexcept
      : table_(table), path_(path), visit_(visit) {}

  void run() {
    if (path_.starts_with('/') && path_.size() <= std::numeric_limits<std::uint16_t>::max()) descend(0, 0, 0);
  }

 private:
  bool descend(Id id, std::size_t at, std::size_t params) {
    const Node& node = table_.nodes_[id];
    if (at == path_.size()) return visit_all(node.ends, at) || visit_all(node.tails, at);
    const std::size_t begin = at + 1;
    const std::size_t end = std::min(path_.find('/', begin), path_.size());
    const std::string_view segment = path_.substr(begin, end - begin);
    if (node.literals != 0) {
      const Id child = table_.literal_child(id, segment);
      if (child != kNone && descend(child, end, params)) return true;
    }
    if (node.wilds != 0 && descend_wild(node, segment, begin, params)) return true;
    return visit_all(node.tails, begin);
  }

  bool descend_wild(const Node& node, std::string_view segment, std::size_t begin, std::size_t params) {
    const std::size_t end = begin + segment.size();
    for (std::size_t i = 0; i < kWildKinds; ++i) {
      const SegmentKind kind = wild_kind(i);
      if (node.wild[i] == kNone || !segment_fits(kind, segment)) continue;
      if (is_param(kind)) {
        captures_[params] = {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(segment.size())};
      }
      if (descend(node.wild[i], end, params + (is_param(kind) ? 1 : 0))) return true;
    }
    return false;
  }

  bool visit_all(std::span<const Id> routes, std::size_t tail) {
    return std::ranges::any_of(routes, [&](Id route) { return visit_(table_.routes_[route], captures_, tail); });
  }

  const RouteTable& table_;
  std::string_view path_;
  Visit& visit_;
  Captures captures_;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
};

std::optional<std::size_t> RouteTable::add(Route route) {
  Id node = 0;
  for (const RoutePattern::Segment& segment : route.pattern.segments()) {
    if (segment.kind != SegmentKind::kTail) node = child_for(node, segment);
  }
  std::vector<Id>& leaf = route.pattern.has_tail() ? nodes_[node].tails : nodes_[node].ends;
  for (Id other : leaf) {
    if (ambiguous(routes_[other], route)) return routes_[other].index;
  }
  const auto position = std::ranges::find_if(leaf, [&](Id other) { return goes_before(route, routes_[other]); });
  const bool first_here = leaf.empty();
  leaf.insert(position, static_cast<Id>(routes_.size()));
  if (first_here && std::ranges::all_of(route.pattern.segments(), is_literal)) {
    add_edge(kWholePath, whole_path(route.pattern), node);
  }
  routes_.push_back(std::move(route));
  return std::nullopt;
}

RouteMatch RouteTable::match(Request& request, Method method, std::string_view token) const noexcept {
  RouteMatch match;
  request.clear_params();
  // No pattern is more specific than one of literals alone (M5): if such a route takes the request, the search is over.
  if (!edges_.empty()) {
    if (const Id node = literal_child(kWholePath, request.path()); node != kNone) {
      for (const Id id : nodes_[node].ends) {
        const Route& route = routes_[id];
        if (takes_method(route, method, token) && holds(route, request)) return {RouteVerdict::kFound, route.index};
      }
    }
  }
  auto visit = [&](const Route& route, const Captures& captures, std::size_t tail) {
    const bool taken = takes_method(route, method, token);
    if (!taken && match.verdict == RouteVerdict::kMethodNotAllowed) return false;
    if (!holds(route, request)) return false;
    match = {taken ? RouteVerdict::kFound : RouteVerdict::kMethodNotAllowed, route.index};
    if (taken) capture(request, route.pattern, captures, tail);
    return taken;
  };
  Search(*this, request.path(), visit).run();
  return match;
}

std::string RouteTable::allow(const Request& request) const {
  MethodSet all;
  auto visit = [&](const Route& route, const Captures&, std::size_t) {
    if (holds(route, request)) add_methods(all, route);
    return false;
  };
  Search(*this, request.path(), visit).run();
  return all.allow();
}

std::string RouteTable::allow_all() const {
  MethodSet all;
  for (const Route& route : routes_) add_methods(all, route);
  return all.allow();
}

std::vector<RouteCandidate> RouteTable::explain(const Request& request) const {
  std::vector<RouteCandidate> candidates;
  bool decided = false;
  auto visit = [&](const Route& route, const Captures&, std::size_t) {
    RouteCandidate candidate{.index = route.index};
    if (!takes_method(route, request.method(), request.method_token())) {
      candidate.why_not = "method";
    } else if (!holds(route, request)) {
      candidate.why_not = route.predicate->describe_failure(request);
    } else if (decided) {
      candidate.why_not = "less specific";
    } else {
      candidate.won = decided = true;
    }
    candidates.push_back(std::move(candidate));
    return false;
  };
  Search(*this, request.path(), visit).run();
  return candidates;
}

RouteTable::Id RouteTable::literal_child(Id parent, std::string_view segment) const noexcept {
  const std::uint64_t hash = hash_of(parent, segment);
  const std::size_t mask = edges_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Edge& edge = edges_[i];
    if (edge.child == kNone) return kNone;
    if (edge.hash == hash && edge.parent == parent && edge.segment == segment) return edge.child;
  }
}

RouteTable::Id RouteTable::child_for(Id parent, const RoutePattern::Segment& segment) {
  const auto next = static_cast<Id>(nodes_.size());
  if (segment.kind == SegmentKind::kLiteral) {
    if (nodes_[parent].literals != 0) {
      if (const Id child = literal_child(parent, segment.text); child != kNone) return child;
    }
    add_edge(parent, segment.text, next);
    ++nodes_[parent].literals;
  } else {
    Id& child = nodes_[parent].wild[wild_index(segment.kind)];
    if (child != kNone) return child;
    child = next;
    ++nodes_[parent].wilds;
  }
  nodes_.emplace_back();
  return next;
}

void RouteTable::add_edge(Id parent, std::string_view segment, Id child) {
  if (2 * (edge_count_ + 1) > edges_.size()) grow_edges();
  insert_edge({hash_of(parent, segment), parent, child, std::string(segment)});
  ++edge_count_;
}

void RouteTable::insert_edge(Edge edge) {
  const std::size_t mask = edges_.size() - 1;
  std::size_t i = edge.hash & mask;
  while (edges_[i].child != kNone) i = (i + 1) & mask;
  edges_[i] = std::move(edge);
}

void RouteTable::grow_edges() {
  std::vector<Edge> old(std::max<std::size_t>(16, 2 * edges_.size()));
  old.swap(edges_);
  for (Edge& edge : old) {
    if (edge.child != kNone) insert_edge(std::move(edge));
  }
}

}  // namespace flare::http
