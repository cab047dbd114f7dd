// What one listener serves: hosts and their routes, compiled from the configuration.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flare/handlers/access/access_control.h"
#include "flare/handlers/rate_limit.h"
#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/http/handler.h"
#include "flare/http/peer_trust.h"
#include "flare/http/route_table.h"
#include "server/config/config.h"
#include "server/site/access.h"
#include "server/site/error_pages.h"
#include "server/site/host_table.h"

namespace flare::server::site {

/// The runtime graph of a configuration, the same for all workers: built once, then only read. Owns the configuration,
/// whose texts the answers refer to.
class Snapshot;

/// The handler of one listener (design.md, "A request's way"): match, limits, handler, filters.
class Site {
 public:
  http::Reply operator()(http::Request& request) const;

  struct Found {
    std::size_t host = 0;  ///< in Config::hosts
    const http::RouteTable* table = nullptr;
  };
  /// The host that answers for `authority`.
  [[nodiscard]] std::optional<Found> find_host(std::string_view authority) const;
  /// Who may name the client on this listener.
  [[nodiscard]] const http::PeerTrust& trust() const noexcept { return trust_; }

 private:
  friend class Snapshot;
  Site(const Snapshot& snapshot, HostTable names, http::PeerTrust trust)
      : snapshot_(&snapshot), names_(std::move(names)), trust_(std::move(trust)) {}

  const Snapshot* snapshot_;
  HostTable names_;
  http::PeerTrust trust_;
};

class Snapshot {
 public:
  /// Opens document roots. Throws flare::Exception where the outside world is not as the configuration says.
  /// `report` is told, on any thread, what goes wrong later and is not a request's: for the error log.
  explicit Snapshot(config::Config config, const Report& report = {});
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  [[nodiscard]] const config::Config& config() const noexcept { return config_; }
  /// By the listener's place in Config::listeners.
  [[nodiscard]] const Site& site(std::size_t listener) const noexcept { return sites_[listener]; }
  /// Every upstream pool.
  [[nodiscard]] std::vector<std::shared_ptr<handlers::UpstreamPool>> pools() const;

 private:
  friend class Site;
  /// How the responses of a host or a route are changed on the way out: error pages, then fields.
  struct ResponseFilter {
    ErrorPages pages;
    std::vector<std::string> unset;
    http::HeaderMap set;
    http::HeaderMap fallback;  ///< where the response has none of that name
    std::string hsts;          ///< Strict-Transport-Security, for https alone (RFC 6797 §7.2); "": none
    [[nodiscard]] bool empty() const noexcept {
      return pages.empty() && unset.empty() && set.empty() && fallback.empty() && hsts.empty();
    }
    void apply(http::Response& response, const http::Request& request) const;
  };
  struct Route {
    const config::Route* settings = nullptr;
    http::Handler handler;                         ///< filtered, compressed
    std::shared_ptr<const ResponseFilter> filter;  ///< for refusals before the handler
    bool cors = false;                             ///< the handler answers preflights
  };
  /// A handler whose responses are filtered.
  struct Filtered {
    std::shared_ptr<const ResponseFilter> filter;
    http::Handler handler;
    http::Reply operator()(http::Request& request) const;
  };
  struct Host {
    const config::Host* settings = nullptr;
    http::RouteTable table;
    std::vector<Route> routes;
    ResponseFilter filter;         ///< for answers that no route gives
    handlers::AccessRules access;  ///< for the same
  };
  static const Route* find_cors_route(const Host& host, http::Request& request, http::RouteMatch match);
  static ResponseFilter make_filter(const config::Settings& settings);
  using Limiters = std::unordered_map<std::string_view, std::shared_ptr<handlers::RateLimiter>>;
  static Limiters make_limiters(const std::vector<config::Rate>& rates);
  static Pools make_pools(const config::Config& config);
  [[nodiscard]] Host make_host(const config::Host& host, const Limiters& limiters, const Report& report) const;

  config::Config config_;
  Pools pools_;  ///< by the name, or the server, that routes have them by
  std::vector<Host> hosts_;
  std::vector<Site> sites_;
};

}  // namespace flare::server::site
