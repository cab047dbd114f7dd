#include "server/config/read_proxy.h"

#include <fmt/format.h>

#include <algorithm>

#include "flare/base/ascii.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kUnix = "unix:";
constexpr std::uint16_t kHttpPort = 80;

class ProxyReader {
 public:
  ProxyReader(LoadContext& context, const Node& table) : context_(context), table_(table) {}

  std::optional<Proxy> read() {
    const Node* const to = table_.find("to");
    if (to == nullptr || !read_server(*to)) return std::nullopt;
    proxy_.to = to->text;
    handlers::proxy::ForwardOptions& forward = proxy_.options.forward;
    read_prefix("strip_prefix", forward.strip_prefix);
    read_prefix("add_prefix", forward.add_prefix);
    if (const Node* host = table_.find("host")) read_host(*host, forward);
    forward.forwarded = table_.find("forwarded") != nullptr && table_.find("forwarded")->text == "rfc7239";
    if (const Node* timeout = table_.find("timeout")) read_timeouts(*timeout);
    return std::move(proxy_);
  }

 private:
  void fail(const Node& node, std::string message, std::string help) {
    context_.report("FL0003", node.at, std::move(message), std::move(help));
  }

  /// "http://127.0.0.1:3000", "http://[::1]:3000", "unix:/run/app.sock".
  bool read_server(const Node& to) {
    constexpr const char* kHelp = "write \"http://127.0.0.1:3000\", \"http://[::1]:3000\" or \"unix:/run/app.sock\"";
    std::string where = to.text;
    if (where.starts_with(kHttp)) {
      where.erase(0, kHttp.size());
      if (where.ends_with('/')) where.pop_back();
      if (where.contains('/') || where.contains('?') || where.contains('@')) {
        fail(to, fmt::format("proxy.to {} is more than a server", shown(to)),
             "scheme, address and port only; strip_prefix and add_prefix change the path");
        return false;
      }
      const bool has_port = where.starts_with('[') ? where.contains("]:") : where.contains(':');
      if (!has_port) where += fmt::format(":{}", kHttpPort);
    } else if (!where.starts_with(kUnix)) {
      fail(to, fmt::format("proxy.to {} is no server", shown(to)), kHelp);
      return false;
    }
    try {
      if (!where.starts_with(':')) {
        proxy_.server = net::Endpoint::parse(where);
        return true;
      }
    } catch (const AddressParseError&) {  // said below, with its place
    }
    fail(to, fmt::format("proxy.to {} has no address and port", shown(to)), kHelp);
    return false;
  }

  void read_prefix(std::string_view key, std::string& prefix) {
    const Node* const node = table_.find(key);
    if (node == nullptr) return;
    prefix = node->text;
    if (prefix.ends_with('/')) prefix.pop_back();
    const bool visible = std::ranges::all_of(prefix, [](char c) { return c > ' ' && c != 0x7F; });
    if (!prefix.empty() && (!prefix.starts_with('/') || prefix.contains('?') || prefix.contains('#') || !visible)) {
      fail(*node, fmt::format("proxy.{} {} is no path", key, shown(*node)), "such as \"/api\"");
    }
  }

  void read_host(const Node& host, handlers::proxy::ForwardOptions& forward) {
    using handlers::proxy::HostPolicy;
    if (host.text == "original") return;
    forward.host = host.text == "upstream" ? HostPolicy::kUpstream : HostPolicy::kLiteral;
    forward.host_name = host.text;
    const bool valid = !host.text.empty() && std::ranges::all_of(host.text, [](char c) {
      return ascii::is_alnum(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']' || c == '_';
    });
    if (!valid) {
      fail(host, fmt::format("proxy.host {} cannot be sent as Host", shown(host)),
           "\"original\", \"upstream\", or a name such as \"app.example.com\"");
    }
  }

  void read_timeouts(const Node& table) {
    const auto read = [&](std::string_view key, std::chrono::milliseconds& value) {
      if (const Node* node = table.find(key)) value = parse_duration(node->text).value_or(value);
    };
    read("connect", proxy_.options.connect.timeout);
    read("first_byte", proxy_.options.limits.first_byte);
    read("idle", proxy_.options.limits.body_idle);
    proxy_.options.limits.write_idle = proxy_.options.limits.body_idle;
    read("tunnel_idle", proxy_.options.tunnel_idle);
  }

  LoadContext& context_;
  const Node& table_;
  Proxy proxy_;
};

}  // namespace

std::optional<Proxy> read_proxy(LoadContext& context, const Node& table) { return ProxyReader(context, table).read(); }

}  // namespace flare::server::config
