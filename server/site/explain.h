// Which listener, host and route a request would get, and why the others lose: the decision without the serving.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "flare/http/request.h"
#include "flare/http/route_table.h"
#include "server/site/site.h"

namespace flare::server::site {

struct Asked {
  std::string method;
  std::string url;                  ///< http://host[:port]/path?query
  std::vector<std::string> fields;  ///< "Name: value"
  net::IpAddr from = net::IpAddr::localhost();
};

struct Explanation {
  std::size_t listener = 0;         ///< in Config::listeners
  bool listener_by_port = false;    ///< an address of it has the URL's port
  std::optional<std::size_t> host;  ///< in Config::hosts
  http::RouteVerdict verdict = http::RouteVerdict::kNotFound;
  std::optional<std::size_t> route;  ///< in Host::routes
  std::vector<http::RouteCandidate> candidates;
  std::string allow;      ///< with kMethodNotAllowed
  std::string path;       ///< canonical
  std::string host_name;  ///< normalized
};

/// What is wrong with the question or, as a server would say it, with the request, comes back as text.
std::expected<Explanation, std::string> explain(const Snapshot& snapshot, const Asked& asked);

}  // namespace flare::server::site
