#include "server/site/explain.h"

#include <algorithm>

#include "flare/base/numbers.h"
#include "flare/http/path.h"
#include "flare/http/status.h"
#include "server/site/certificates.h"

namespace flare::server::site {
namespace {

struct Url {
  bool secure = false;
  std::string authority;
  std::string target;
  std::uint16_t port = 80;
};

std::expected<Url, std::string> split_url(const std::string& text) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kSecure = "https://";
  const bool secure = text.starts_with(kSecure);
  if (!secure && !text.starts_with(kPlain)) {
    return std::unexpected("\"" + text +
                           "\" is not a URL that this server answers: write http://host[:port]/path, or https://");
  }
  const std::size_t begin = secure ? kSecure.size() : kPlain.size();
  Url url{.secure = secure, .authority = {}, .target = {}, .port = std::uint16_t(secure ? 443 : 80)};
  const std::size_t slash = std::min(text.find_first_of("/?", begin), text.size());
  url.authority = text.substr(begin, slash - begin);
  url.target = text.substr(slash);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!http::is_valid_authority(url.authority))
    return std::unexpected("\"" + url.authority + "\" is not a host[:port]");
  const std::size_t colon = url.authority.rfind(':');
  if (colon != std::string::npos && url.authority.find(']', colon) == std::string::npos) {
    if (const auto port = parse_decimal<std::uint16_t>(url.authority.substr(colon + 1))) url.port = *port;
  }
  return url;
}

bool has_port(const config::Listener& listener, std::uint16_t port) {
  return std::ranges::any_of(listener.addresses, [&](const config::ListenAddress& address) {
    return address.endpoint.address() != nullptr && address.endpoint.address()->port() == port;
  });
}

/// The one that the request would reach; failing that the only one it can mean; or nullopt.
std::optional<std::size_t> find_listener(const config::Config& config, const Url& url) {
  std::vector<std::size_t> right_port;
  std::vector<std::size_t> right_scheme;
  for (std::size_t index = 0; index < config.listeners.size(); ++index) {
    const bool scheme = *config.listeners[index].tls == url.secure;
    const bool port = has_port(config.listeners[index], url.port);
    if (scheme && port) return index;
    if (port) right_port.push_back(index);
    if (scheme) right_scheme.push_back(index);
  }
  if (!right_port.empty()) return right_port.front();
  if (right_scheme.size() == 1) return right_scheme.front();
  if (config.listeners.size() == 1) return 0;
  return std::nullopt;
}

Handshake explain_handshake(const Snapshot& snapshot, std::size_t listener, const std::string& host_name) {
  const config::Config& config = snapshot.config();
  Handshake found;
  if (!host_name.starts_with('[') && !net::IpAddr::try_parse(host_name)) found.server_name = host_name;
  found.certificates = Certificates(config, std::chrono::system_clock::now()).serving(found.server_name);
  const auto host = snapshot.site(listener).find_host(found.server_name);
  if (host && config.hosts[host->host].client_auth) found.client_auth = host->host;
  return found;
}

}  // namespace

std::expected<Explanation, std::string> explain(const Snapshot& snapshot, const Asked& asked) {
  const config::Config& config = snapshot.config();
  const auto url = split_url(asked.url);
  if (!url) return std::unexpected(url.error());

  const auto listener = find_listener(config, *url);
  if (!listener)
    return std::unexpected("no listener has port " + std::to_string(url->port) + ": name one of theirs in the URL");
  Explanation result;
  result.listener = *listener;
  result.listener_by_port = has_port(config.listeners[*listener], url->port);
  result.listener_by_scheme = *config.listeners[*listener].tls == url->secure;
  std::string scratch;
  result.host_name = http::normalize_host(url->authority, scratch);
  if (!result.listener_by_scheme) return result;
  if (url->secure) {
    result.handshake = explain_handshake(snapshot, *listener, result.host_name);
    if (result.handshake->certificates.empty()) return result;
  }

  std::string head = asked.method + " " + url->target + " HTTP/1.1\r\nHost: " + url->authority + "\r\n";
  for (const std::string& field : asked.fields) head.append(field).append("\r\n");
  head.append("\r\n");
  http::Request request;
  const auto parsed = request.parse(head, config.limits.values);
  if (!parsed || *parsed != head.size()) {
    const Reason why = parsed ? Reason::kBadHeaderValue : parsed.error();
    return std::unexpected("the request would be refused with " + std::to_string(http::code(http::status_for(why))) +
                           " (why=" + std::string(to_string(why)) + ")");
  }
  request.set_peer(net::SocketAddr(asked.from, 1), url->secure);
  result.path = request.path();

  const auto found = snapshot.site(result.listener).find_host(request.authority());
  if (!found) return result;
  result.host = found->host;
  result.candidates = found->table->explain(request);
  const http::RouteMatch match = found->table->match(request);
  result.verdict = match.verdict;
  if (match.verdict == http::RouteVerdict::kFound) result.route = match.index;
  const config::Host& host = config.hosts[found->host];
  const config::Settings& settings = result.route ? host.routes[*result.route].settings : host.settings;
  result.admitted = settings.access.rules().admits(request);
  if (match.verdict == http::RouteVerdict::kMethodNotAllowed) result.allow = found->table->allow(request);
  return result;
}

}  // namespace flare::server::site
