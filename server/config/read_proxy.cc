#include "server/config/read_proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "flare/base/ascii.h"
#include "server/config/read_upstreams.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

class ProxyReader {
 public:
  ProxyReader(LoadContext& context, const Node& table) : context_(context), table_(table) {}

  std::optional<Proxy> read() {
    const Node* const to = table_.find("to");
    if (to == nullptr || !read_target(*to, proxy_.target)) return std::nullopt;
    handlers::proxy::ForwardOptions& forward = proxy_.options.forward;
    read_prefix("strip_prefix", forward.strip_prefix);
    read_prefix("add_prefix", forward.add_prefix);
    if (const Node* host = table_.find("host")) read_host(*host, forward);
    forward.forwarded = table_.find("forwarded") != nullptr && table_.find("forwarded")->text == "rfc7239";
    if (const Node* status = table_.find("proxy_status")) proxy_.options.proxy_status = status->boolean;
    if (const Node* buffer = table_.find("buffer"))
      proxy_.options.buffer = static_cast<std::size_t>(parse_size(buffer->text).value_or(0));
    if (const Node* timeout = table_.find("timeout")) read_timeouts(*timeout);
    if (const Node* retry = table_.find("retry")) {
      read_retry_options(context_, *retry, proxy_.options.retry.emplace());
    }
    if (const Node* split = table_.find("split")) read_split(*split);
    return std::move(proxy_);
  }

 private:
  void fail(const Node& node, std::string message, std::string help) {
    context_.report("FL0003", node.at, std::move(message), std::move(help));
  }

  /// That a pool's name is one is seen to elsewhere (check_upstream_names).
  bool read_target(const Node& to, ProxyTarget& target) {
    target.to = to.text;
    if (!is_server_url(to.text)) return true;
    auto upstream = implied_upstream(context_, to);
    if (!upstream) return false;
    target.implied = std::make_shared<const Upstream>(std::move(*upstream));
    return true;
  }

  void read_split(const Node& table) {
    Proxy::Split split;
    const Node* const to = table.find("to");
    const Node* const share = table.find("share");
    if (to == nullptr || share == nullptr || !read_target(*to, split.target)) return;
    const auto part = parse_percent(share->text);
    if (!part) return fail(*share, fmt::format("{} is not a percentage", shown(*share)), "write \"5%\"");
    split.share = *part;
    if (const Node* by = table.find("by")) {
      split.by = handlers::HashKey::parse(by->text);
      if (!split.by)
        fail(*by, fmt::format("{} names nothing to tell requests apart by", shown(*by)),
             "write \"client_ip\", \"header:NAME\", \"cookie:NAME\", \"uri\" or \"path\"");
    }
    proxy_.split = std::move(split);
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

  /// Where the route says nothing, what the pool says holds: the pool is not known here yet.
  void read_timeouts(const Node& table) {
    const auto read = [&](std::string_view key, std::optional<std::chrono::milliseconds>& value) {
      if (const Node* node = table.find(key)) value = parse_duration(node->text);
    };
    read("first_byte", proxy_.options.first_byte);
    read("idle", proxy_.options.idle);
    read("tunnel_idle", proxy_.options.tunnel_idle);
  }

  LoadContext& context_;
  const Node& table_;
  Proxy proxy_;
};

}  // namespace

std::optional<Proxy> read_proxy(LoadContext& context, const Node& table) { return ProxyReader(context, table).read(); }

}  // namespace flare::server::config
