#include "flare/handlers/hub/hub.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"
#include "flare/base/utf8.h"
#include "flare/handlers/hub/event_stream.h"
#include "flare/http/pairs.h"
#include "flare/http/quality.h"
#include "flare/ws/subscription.h"

namespace flare::handlers {
namespace {

constexpr std::string_view kAllow = "GET, HEAD, POST, OPTIONS";

http::Response refuse(Reason why) {
  http::Response response = http::error_response(http::status_for(why), why);
  if (response.status == http::Status::kServiceUnavailable) response.headers.append("Retry-After", "1");
  if (response.status == http::Status::kUnauthorized) response.headers.append("WWW-Authenticate", "Bearer");
  return response;
}

http::Response answer_method(http::Method method) {
  http::Response response = method == http::Method::kOptions
                                ? http::no_content()
                                : http::error_response(http::Status::kMethodNotAllowed, Reason::kMethodNotAllowed);
  response.headers.append("Allow", kAllow);
  return response;
}

/// Ids that are none ask for all that is kept.
std::uint64_t last_seen(const http::Request& request) {
  if (const auto id = request.header("Last-Event-ID")) return parse_decimal<std::uint64_t>(*id).value_or(0);
  const auto since = http::query_value(request.query(), "since");
  return since ? parse_decimal<std::uint64_t>(*since).value_or(0) : 0;
}

/// Named, not only admitted by a wildcard.
bool wants_events(const http::Request& request) {
  constexpr std::string_view kType = "text/event-stream";
  const auto same = [](char a, char b) { return ascii::to_lower(a) == b; };
  const bool named = std::ranges::any_of(request.headers(), [&](const http::Field& field) {
    return ascii::iequals(field.name, "Accept") && !std::ranges::search(field.value, kType, same).empty();
  });
  return named && http::accept_weight(request.headers(), kType) != 0;
}

bool is_upgrade(const http::Request& request) { return request.headers().contains("Upgrade"); }

bool is_binary(const http::Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return ascii::iequals(ascii::trim(type.substr(0, type.find(';'))), "application/octet-stream");
}

/// A subscriber that is a session.
class Seat final : public ws::Subscriber, private ws::Session::RoomListener {
 public:
  explicit Seat(ws::Session& session) noexcept : session_(session) { session_.set_room_listener(this); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() { session_.set_room_listener(nullptr); }

  ws::Posted deliver(std::uint64_t, ws::Broadcast& message, bool waits) override {
    return session_.post(message, waits);
  }
  void take(ws::Subscription* subscription) noexcept { subscription_ = subscription; }

 private:
  void on_room() override {
    if (subscription_ != nullptr) subscription_->has_room();
  }

  ws::Session& session_;
  ws::Subscription* subscription_ = nullptr;
};

}  // namespace

struct Hub::Shared {
  explicit Shared(HubOptions given)
      : options(std::move(given)),
        endpoint(std::make_shared<const ws::EndpointOptions>(options.endpoint)),
        topics({.limits = options.topics,
                .on_slow = options.endpoint.session.on_slow,
                .queue = options.endpoint.session.queue}) {}

  [[nodiscard]] bool may_publish(const http::Request& request) const {
    if (options.anyone_publishes) return true;
    constexpr std::string_view kBearer = "bearer ";
    const auto field = request.header("Authorization").value_or("");
    if (options.publish_token.empty() || !ascii::iequals(field.substr(0, kBearer.size()), kBearer)) return false;
    const std::string_view token = ascii::trim(field.substr(std::min(field.size(), kBearer.size())));
    return token.size() == options.publish_token.size() &&
           CRYPTO_memcmp(token.data(), options.publish_token.data(), token.size()) == 0;
  }

  http::Response subscribe_session(const http::Request& request, const std::shared_ptr<Shared>& self);
  http::Response subscribe_stream(const http::Request& request);
  [[nodiscard]] http::Response tell_presence(const http::Request& request) const;

  HubOptions options;
  std::shared_ptr<const ws::EndpointOptions> endpoint;
  ws::Topics topics;
};

namespace {

/// What a session does at its topic. A std::function's target is copied: what cannot be is behind a pointer.
template <class Shared>
struct AtTopic {
  std::shared_ptr<Shared> hub;
  std::shared_ptr<ws::Topics::Place> place;
  std::uint64_t after = 0;
  bool may_publish = false;

  runtime::Task<void> operator()(ws::Session& session) const { return run(*this, session); }

  static runtime::Task<void> run(AtTopic at, ws::Session& session) {
    Seat seat(session);
    ws::Subscription subscription(std::move(*at.place), seat, at.after);
    seat.take(&subscription);
    while (auto message = co_await session.receive()) {
      if (!at.may_publish) {
        co_await session.close(ws::CloseCode::kPolicyViolation, "this topic is read-only");
        break;
      }
      auto shared = std::make_shared<const ws::SharedMessage>(*message);
      co_await at.hub->topics.publish(subscription.place(), std::move(shared));
    }
    seat.take(nullptr);
  }
};

/// A handler for requests that may publish.
template <class Shared>
struct Publish {
  std::shared_ptr<Shared> hub;

  runtime::Task<http::Response> operator()(const http::Request& request) const { return run(hub, request); }

  static runtime::Task<http::Response> run(std::shared_ptr<Shared> hub, const http::Request& request) {
    const std::string_view content = request.body();
    if (content.size() > hub->options.endpoint.session.limits.bytes) co_return refuse(Reason::kBodyBytes);
    const bool binary = is_binary(request);
    if (!binary && !is_utf8(content)) co_return refuse(Reason::kBadUtf8);
    auto place = hub->topics.publisher(request.path());
    if (!place) co_return refuse(place.error());
    const auto type = binary ? ws::MessageType::kBinary : ws::MessageType::kText;
    auto message = std::make_shared<const ws::SharedMessage>(ws::Message{type, content});
    const auto receipt = co_await hub->topics.publish(*place, std::move(message));
    if (!receipt) co_return refuse(Reason::kDraining);
    co_return http::ok_json("{\"id\":" + std::to_string(receipt->id) +
                            ",\"subscribers\":" + std::to_string(receipt->subscribers) + "}\n");
  }
};

}  // namespace

http::Response Hub::Shared::subscribe_session(const http::Request& request, const std::shared_ptr<Shared>& self) {
  auto upgrade = ws::accept_upgrade(request, endpoint->upgrade);
  if (!upgrade) return ws::refuse_upgrade(upgrade.error());
  auto place = topics.subscriber(request.path());
  if (!place) return refuse(place.error());
  AtTopic<Shared> at{.hub = self,
                     .place = std::make_shared<ws::Topics::Place>(std::move(*place)),
                     .after = last_seen(request),
                     .may_publish = may_publish(request)};
  return ws::begin_session(std::move(*upgrade), endpoint, std::make_shared<const ws::SessionHandler>(std::move(at)));
}

http::Response Hub::Shared::subscribe_stream(const http::Request& request) {
  if (runtime::Worker::current().is_draining()) return refuse(Reason::kDraining);
  http::Response response;
  response.headers.append("Content-Type", "text/event-stream");
  response.headers.append("Cache-Control", "no-store");
  response.headers.append("X-Accel-Buffering", "no");  // for proxies in front of us
  response.as_is = true;
  if (request.method() == http::Method::kHead) return response;
  auto place = topics.subscriber(request.path());
  if (!place) return refuse(place.error());
  response.body = http::Body(std::make_unique<EventStream>(endpoint, std::move(*place), last_seen(request)));
  return response;
}

http::Response Hub::Shared::tell_presence(const http::Request& request) const {
  http::Response response =
      http::ok_json("{\"subscribers\":" + std::to_string(topics.subscribers(request.path())) + "}\n");
  response.headers.append("Cache-Control", "no-store");
  return response;
}

Hub::Hub(HubOptions options)
    : shared_(std::make_shared<Shared>(std::move(options))), publish_(Publish<Shared>{shared_}) {}

http::Reply Hub::operator()(http::Request& request) const {
  switch (request.method()) {
    case http::Method::kGet:
    case http::Method::kHead:
      if (is_upgrade(request)) return shared_->subscribe_session(request, shared_);
      if (wants_events(request)) return shared_->subscribe_stream(request);
      if (shared_->options.presence) return shared_->tell_presence(request);
      return ws::refuse_upgrade(Reason::kWsUpgradeRequired);
    case http::Method::kPost:
      if (!shared_->may_publish(request)) return refuse(Reason::kHubToken);
      return publish_(request);
    default: return answer_method(request.method());
  }
}

}  // namespace flare::handlers
