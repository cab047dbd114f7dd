// WebSockets beside HTTP, on one port: a coroutine, callbacks, and a room whose topic all workers share.
#include <cstdio>
#include <memory>
#include <string>

#include "flare/handlers/hub/hub.h"
#include "flare/http/router.h"
#include "flare/http/server.h"
#include "flare/ws/blocking_client.h"
#include "flare/ws/endpoint.h"

using namespace flare;

namespace {

constexpr std::chrono::seconds kPatience(10);

/// A session is a coroutine: each message as it comes, until there are no more.
runtime::Task<void> shout(ws::Session& session) {
  while (auto message = co_await session.receive()) {
    std::string loud(message->data);
    for (char& c : loud) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    const auto sent = co_await session.send_text(loud);
    if (!sent) co_return;
  }
}

/// The same kind of thing for those who prefer callbacks.
ws::Callbacks counter() {
  return {.on_open = [](ws::Session& session) { session.post({ws::MessageType::kText, "count with me"}); },
          .on_message =
              [](ws::Session& session, const ws::Message& message) {
                session.post({ws::MessageType::kText, std::to_string(message.data.size())});
              },
          .on_close = {}};
}

std::string next(ws::BlockingClient& client) {
  const auto message = client.receive(kPatience);
  return message ? message->data : "(nothing)";
}

}  // namespace

int main() {
  http::Router router;
  router.get("/hello", [](const http::Request&) { return http::ok("hello\n"); });
  router.get("/shout", ws::Endpoint(shout));
  router.get("/count", ws::Endpoint(ws::with_callbacks(counter())));
  router.get("/rooms/:name", handlers::Hub({.topics = {.history = 10}, .anyone_publishes = true}));

  auto server = http::Server::bind(net::Endpoint::parse("127.0.0.1:0"));
  server.start(router, {.workers = 2});
  const std::string url = "ws://" + server.local_addr().to_string();

  auto shouting = ws::BlockingClient::connect(url + "/shout");
  shouting.send_text("is anybody there?");
  std::printf("%s\n", next(shouting).c_str());

  auto counting = ws::BlockingClient::connect(url + "/count");
  std::printf("%s\n", next(counting).c_str());
  counting.send_text("four");
  std::printf("%s\n", next(counting).c_str());

  auto ann = ws::BlockingClient::connect(url + "/rooms/kitchen");
  ann.send_text("dinner is ready");
  std::printf("Ann hears: %s\n", next(ann).c_str());
  auto ben = ws::BlockingClient::connect(url + "/rooms/kitchen");
  std::printf("Ben hears: %s\n", next(ben).c_str());  // who comes later gets what was said

  for (auto* client : {&shouting, &counting, &ann, &ben}) client->close();
  return server.shutdown() ? 0 : 1;
}
