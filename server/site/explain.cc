#include "server/site/explain.h"

#include <algorithm>

#include "flare/base/numbers.h"
#include "flare/http/path.h"
#include "flare/http/status.h"

namespace flare::server::site {
namespace {

struct Url {
  std::string authority;
  std::string target;
  std::uint16_t port = 80;
};

std::expected<Url, std::string> split_url(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) {
    return std::unexpected("\"" + text + "\" is not a URL that this server answers: write http://host[:port]/path");
  }
  Url url;
  const std::size_t slash = std::min(text.find_first_of("/?", kScheme.size()), text.size());
  url.authority = text.substr(kScheme.size(), slash - kScheme.size());
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

}  // namespace

std::expected<Explanation, std::string> explain(const Snapshot& snapshot, const Asked& asked) {
  const config::Config& config = snapshot.config();
  const auto url = split_url(asked.url);
  if (!url) return std::unexpected(url.error());

  Explanation result;
  for (std::size_t index = config.listeners.size(); index-- > 0;) {
    if (!has_port(config.listeners[index], url->port)) continue;
    result.listener = index;
    result.listener_by_port = true;
  }
  if (!result.listener_by_port && config.listeners.size() > 1) {
    return std::unexpected("no listener has port " + std::to_string(url->port) + ": name one of theirs in the URL");
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
  request.set_peer(net::SocketAddr(asked.from, 1), false);
  result.path = request.path();
  std::string scratch;
  result.host_name = http::normalize_host(request.authority(), scratch);

  const auto found = snapshot.site(result.listener).find_host(request.authority());
  if (!found) return result;
  result.host = found->host;
  result.candidates = found->table->explain(request);
  const http::RouteMatch match = found->table->match(request);
  result.verdict = match.verdict;
  if (match.verdict == http::RouteVerdict::kFound) result.route = match.index;
  if (match.verdict == http::RouteVerdict::kMethodNotAllowed) result.allow = found->table->allow(request);
  return result;
}

}  // namespace flare::server::site
