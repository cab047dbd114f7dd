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
  std::string url;                  ///< http://host[:port]/path?query, or https://
  std::vector<std::string> fields;  ///< "Name: value"
  net::IpAddr from = net::IpAddr::localhost();
};

/// What becomes of the handshake before the request.
struct Handshake {
  std::string server_name;                 ///< what the client asks for: "" where the URL has an address (RFC 6066 §3)
  std::vector<std::size_t> certificates;   ///< in TlsSettings::certificates: one for each kind of key; empty: an alert
  std::optional<std::size_t> client_auth;  ///< the host in Config::hosts whose client_auth holds
};

struct Explanation {
  std::size_t listener = 0;            ///< in Config::listeners
  bool listener_by_port = false;       ///< an address of it has the URL's port
  bool listener_by_scheme = true;      ///< it speaks TLS, or does not, as the URL's scheme wants; else nothing follows
  std::optional<Handshake> handshake;  ///< for https
  std::optional<std::size_t> host;     ///< in Config::hosts
  http::RouteVerdict verdict = http::RouteVerdict::kNotFound;
  std::optional<std::size_t> route;  ///< in Host::routes
  std::vector<http::RouteCandidate> candidates;
  bool admitted = true;   ///< by `allow` and `deny` of the route, or of the host where there is none
  std::string allow;      ///< with kMethodNotAllowed
  std::string path;       ///< canonical
  std::string host_name;  ///< normalized
};

/// What is wrong with the question or, as a server would say it, with the request, comes back as text.
std::expected<Explanation, std::string> explain(const Snapshot& snapshot, const Asked& asked);

}  // namespace flare::server::site
