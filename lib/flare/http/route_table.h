// The route matcher of http::Router and of flared's sites (config.md M3-M6). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/method_set.h"
#include "flare/http/request.h"
#include "flare/http/route_pattern.h"

namespace flare::http {

/// What a route asks of a request beside its path and method (config.md M4): header, query, cookie, from, scheme.
/// Called on all workers at the same time.
class RoutePredicate {
 public:
  virtual ~RoutePredicate() = default;
  /// The request's parameters are not known yet.
  [[nodiscard]] virtual bool holds(const Request& request) const noexcept = 0;
  /// How many matchers it stands for: the last criterion of rule M5.
  [[nodiscard]] virtual std::size_t count() const noexcept = 0;
  /// No request meets both: then two routes that differ in nothing else are not ambiguous.
  [[nodiscard]] virtual bool excludes(const RoutePredicate& other) const noexcept = 0;
  /// The first matcher that does not hold, for people: "header X-Canary".
  [[nodiscard]] virtual std::string describe_failure(const Request& request) const = 0;
};

struct Route {
  RoutePattern pattern;
  MethodSet methods;                                ///< empty: any
  std::shared_ptr<const RoutePredicate> predicate;  ///< nullptr: none
  std::size_t index = 0;                            ///< the caller's own number, comes back from a match
};

enum class RouteVerdict : std::uint8_t {
  kFound,
  kNotFound,
  kMethodNotAllowed,  ///< something matched but for the method: RouteTable::allow() says what would do
};

struct RouteMatch {
  RouteVerdict verdict = RouteVerdict::kNotFound;
  std::size_t index = 0;  ///< of the winner, where there is one
};

/// A route whose pattern matches, and how it fared.
struct RouteCandidate {
  std::size_t index = 0;
  bool won = false;
  std::string why_not;  ///< "method", "header X-Canary", "less specific"
};

/// A trie over segments, searched depth first in the order of rule M5, so that the first route that holds wins; it
/// visits a node once at most. Filled first, then shared and only read: all const members may run on several threads.
/// Outlives the requests it matched: they refer to the names of its parameters. Paths over 65535 bytes match nothing.
class RouteTable {
 public:
  /// Adds `route`; or does not, and gives back the index of the route that some request matches with equal specificity.
  [[nodiscard]] std::optional<std::size_t> add(Route route);

  /// Finds the winner and gives `request` its parameters and tail (none unless found). Does not allocate.
  RouteMatch match(Request& request) const noexcept { return match(request, request.method(), request.method_token()); }
  /// The same, were it a request of that method.
  RouteMatch match(Request& request, Method method, std::string_view token) const noexcept;
  /// Allow for this path: the methods of all routes that match but for the method (M6), HEAD and OPTIONS included.
  [[nodiscard]] std::string allow(const Request& request) const;
  /// Allow for the server as a whole (OPTIONS *): the methods of all routes.
  [[nodiscard]] std::string allow_all() const;
  /// Every route whose pattern matches, in the order of precedence.
  [[nodiscard]] std::vector<RouteCandidate> explain(const Request& request) const;
  [[nodiscard]] bool empty() const noexcept { return routes_.empty(); }

 private:
  using Id = std::uint32_t;  ///< of a node; of a route
  static constexpr Id kNone = 0;
  static constexpr Id kWholePath = ~Id{0};  ///< the parent of edges that lead from a whole path to its node
  /// kInt to kAny: the kinds of segment that have one child each.
  static constexpr std::size_t kWildKinds = 6;
  static constexpr SegmentKind wild_kind(std::size_t index) noexcept { return static_cast<SegmentKind>(index + 1); }
  static constexpr std::size_t wild_index(SegmentKind kind) noexcept { return static_cast<std::size_t>(kind) - 1; }

  struct Node {
    Id literals = 0;                    ///< how many children are literals
    Id wilds = 0;                       ///< how many are not
    std::array<Id, kWildKinds> wild{};  ///< by kind, the most specific first; kNone: the root is no child
    std::vector<Id> ends;               ///< routes that end here, most matchers first
    std::vector<Id> tails;              ///< routes that go on with `**`
  };
  /// An entry of the hash table of all literal segments. child == kNone: free.
  struct Edge {
    std::uint64_t hash = 0;
    Id parent = 0;
    Id child = kNone;
    std::string segment;
  };
  template <class Visit>
  class Search;

  [[nodiscard]] Id literal_child(Id parent, std::string_view segment) const noexcept;
  Id child_for(Id parent, const RoutePattern::Segment& segment);
  void add_edge(Id parent, std::string_view segment, Id child);
  void insert_edge(Edge edge);
  void grow_edges();

  std::vector<Route> routes_;
  std::vector<Node> nodes_{Node{}};  ///< the first is the root
  std::vector<Edge> edges_;          ///< open addressing, a power of two, at most half full
  std::size_t edge_count_ = 0;
};

}  // namespace flare::http
