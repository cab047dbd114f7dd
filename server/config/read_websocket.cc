#include "server/config/read_websocket.h"

#include <fmt/format.h>

#include <algorithm>

#include "flare/base/ascii.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::string_view kHidden = "***";  ///< what dumps show instead: they are to load again
/// What the longest message takes more than its own bytes.
constexpr std::size_t kFrameHead = ws::kMaxFrameHead;

class SessionReader {
 public:
  SessionReader(LoadContext& context, const Node& route, const Node& action)
      : context_(context), action_(action), ws_(route.find("ws")) {}

  std::optional<ws::EndpointOptions> read(bool shared) {
    read_upgrade(shared);
    if (ws_ != nullptr) {
      ws::SessionOptions& session = options_.session;
      read_size("message", session.limits.bytes);
      if (const Node* node = ws_->find("fragments"))
        session.limits.fragments = static_cast<std::uint32_t>(node->integer);
      read_time("ping", session.ping);
      read_time("idle", session.idle);
      read_time("close_timeout", session.close_timeout);
      read_on_slow();
      check_times();
    }
    read_queue();
    if (failed_) return std::nullopt;
    return std::move(options_);
  }

  void fail(std::string_view id, const Node& node, std::string message, std::string help) {
    failed_ = true;
    context_.report(id, node.at, std::move(message), std::move(help));
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  /// `shared`: a message is compressed once for all sessions, so none has a context of its own.
  void read_upgrade(bool shared) {
    for (const Node* node : elements(action_.find("origins"))) read_origin(*node);
    if (const Node* node = action_.find("origin_required")) options_.upgrade.origin_required = node->boolean;
    for (const Node* node : elements(action_.find("subprotocols"))) {
      if (ascii::is_token(node->text)) {
        options_.upgrade.subprotocols.push_back(node->text);
      } else {
        fail("FL0003", *node, fmt::format("{} is not a subprotocol", shown(*node)), "such as \"chat.v2\"");
      }
    }
    const Node* const deflate = action_.find("deflate");
    const Node* const memory = ws_ != nullptr ? ws_->find("deflate_memory") : nullptr;
    const bool compresses = deflate != nullptr && deflate->boolean;
    if (memory != nullptr && (!compresses || shared))
      fail("FL0003", *memory, "ws.deflate_memory is for routes with websocket = { deflate = true }",
           "nothing else keeps anything between two messages");
    if (!compresses) return;
    ws::DeflateOptions& options = options_.upgrade.deflate.emplace();
    if (memory != nullptr) options.memory = size_of(*memory);
    if (shared) options.memory = 0;
  }

  void read_origin(const Node& node) {
    const std::size_t scheme = node.text.find("://");
    const std::string_view authority =
        scheme == std::string::npos ? "" : std::string_view(node.text).substr(scheme + 3);
    if (node.text == "*" || (!authority.empty() && !authority.contains('/') && !authority.contains('*'))) {
      options_.upgrade.origins.push_back(node.text);
    } else {
      fail("FL0003", node, fmt::format("{} is not an origin", shown(node)),
           "write scheme and host, as browsers do: \"https://www.example.com\"; or \"*\" for any");
    }
  }

  static std::size_t size_of(const Node& node) { return static_cast<std::size_t>(parse_size(node.text).value_or(0)); }
  void read_size(std::string_view key, std::size_t& value) {
    if (const Node* node = ws_->find(key)) value = size_of(*node);
  }
  void read_time(std::string_view key, std::chrono::milliseconds& value) {
    if (const Node* node = ws_->find(key)) value = parse_duration(node->text).value_or(value);
  }

  void read_on_slow() {
    const Node* const node = ws_->find("on_slow");
    if (node == nullptr) return;
    using enum ws::OnSlow;
    for (const ws::OnSlow policy : {kClose, kDropNewest, kDropOldest, kPauseProducer}) {
      if (to_string(policy) == node->text) options_.session.on_slow = policy;
    }
  }

  void check_times() {
    const ws::SessionOptions& session = options_.session;
    if (session.ping.count() == 0 || session.idle.count() == 0 || session.ping < session.idle) return;
    const Node* const idle = ws_->find("idle");
    fail("FL0603", idle != nullptr ? *idle : *ws_->find("ping"),
         fmt::format("ws.idle ({}) is not longer than ws.ping ({})", format_duration(session.idle),
                     format_duration(session.ping)),
         "sessions would end before they were asked whether they are alive: three times the ping is usual");
  }

  void read_queue() {
    ws::SessionOptions& session = options_.session;
    const std::size_t longest = session.limits.bytes + kFrameHead;
    const Node* const queue = ws_ != nullptr ? ws_->find("queue") : nullptr;
    if (queue == nullptr) {
      session.queue = std::max(session.queue, longest);
      return;
    }
    session.queue = size_of(*queue);
    const bool is_known = ws_->member("message") == nullptr || ws_->find("message") != nullptr;
    if (is_known && session.queue < longest)
      fail("FL0003", *queue,
           fmt::format("ws.queue ({}) has no room for the longest message, ws.message ({})", queue->text,
                       format_size(session.limits.bytes)),
           "make it longer by at least a frame's head, 14 bytes, or let messages be shorter");
  }

  LoadContext& context_;
  const Node& action_;
  const Node* ws_;
  ws::EndpointOptions options_;
  bool failed_ = false;
};

void read_publish(SessionReader& reader, const Node& action, handlers::HubOptions& options) {
  const Node* const publish = action.find("publish");
  const bool is_known = publish != nullptr || action.member("publish") == nullptr;  // else it was reported
  const Node* const token = action.find("publish_token");
  options.anyone_publishes = publish != nullptr && publish->text == "anyone";
  if (token != nullptr) options.publish_token = token->text;
  if (options.anyone_publishes && token != nullptr) {
    reader.fail("FL0003", *token, "hub.publish_token is asked of nobody where publish = \"anyone\"",
                "remove one of the two");
  } else if (is_known && !options.anyone_publishes && action.member("publish_token") == nullptr) {
    reader.fail("FL0003", action, "nobody could publish to this hub",
                "add publish_token = \"@env:NAME\" or \"@file:PATH\", or publish = \"anyone\"");
  } else if (token != nullptr && token->text.size() < kShortestToken && token->text != kHidden) {
    reader.fail("FL0003", *token, "hub.publish_token is too short to be a secret",
                fmt::format("at least {} characters, such as `openssl rand -hex 16` makes", kShortestToken));
  }
}

}  // namespace

std::optional<WebSocket> read_websocket(LoadContext& context, const Node& table, const Node& action) {
  SessionReader reader(context, table, action);
  const Node* const echo = action.find("echo");
  const bool is_reported = echo == nullptr && action.member("echo") != nullptr;
  if (!is_reported && (echo == nullptr || !echo->boolean))
    reader.fail("FL0104", action, "websocket has nobody to talk to", "write websocket = { echo = true }, or use a hub");
  auto options = reader.read(false);
  if (!options) return std::nullopt;
  return WebSocket{.options = std::move(*options)};
}

std::optional<Hub> read_hub(LoadContext& context, const Node& table, const Node& action) {
  SessionReader reader(context, table, action);
  Hub hub;
  handlers::HubOptions& options = hub.options;
  read_publish(reader, action, options);
  const auto read_count = [&action](std::string_view key, std::size_t& value) {
    if (const Node* node = action.find(key)) value = static_cast<std::size_t>(node->integer);
  };
  read_count("history", options.topics.history);
  read_count("topics", options.topics.topics);
  read_count("subscribers", options.topics.subscribers);
  if (const Node* node = action.find("history_bytes"))
    options.topics.history_bytes = static_cast<std::size_t>(parse_size(node->text).value_or(0));
  if (const Node* node = action.find("presence")) options.presence = node->boolean;
  auto endpoint = reader.read(true);
  if (!endpoint) return std::nullopt;
  options.endpoint = std::move(*endpoint);
  return hub;
}

}  // namespace flare::server::config
