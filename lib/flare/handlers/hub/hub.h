// A hub: topics by the path of the request, to which WebSockets and event streams subscribe, and which they, or POST
// requests, publish to.
#pragma once

#include <memory>
#include <string>

#include "flare/http/handler.h"
#include "flare/ws/endpoint.h"
#include "flare/ws/topics.h"

namespace flare::handlers {

struct HubOptions {
  ws::TopicLimits topics;
  ws::EndpointOptions endpoint;  ///< of sessions; limits, queue, on_slow, ping and drain_spread hold for streams too
  bool anyone_publishes = false;
  std::string publish_token;  ///< whoever has it may publish (`Authorization: Bearer`); "": nobody, if not anyone
  bool presence = false;      ///< `GET` answers how many subscribe
};

/// What a request gets at a topic, which is its path:
///   an upgrade to WebSocket    what is kept of the topic, then each message as it comes; what it sends is published,
///   or
///                              ends it with 1008 where it may not
///   GET, Accept: text/event-stream   the same as server-sent events, with ids (WHATWG HTML §9.2)
///   POST                       its content is published: 200 and {"id":N,"subscribers":N}; 401 where it may not
///   GET                        with presence {"subscribers":N}, else 426
/// `Last-Event-ID`, or `?since=`, asks for what came behind that id, instead of all that is kept. Copies share topics.
/// Outlives the workers it is used on.
class Hub {
 public:
  explicit Hub(HubOptions options);
  http::Reply operator()(http::Request& request) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  http::Handler publish_;
};

}  // namespace flare::handlers
