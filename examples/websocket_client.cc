// A blocking WebSocket client, talking to a server of this program; with a URL, to that one: each line of its input
// is a message, and what comes back is printed. example_websocket_client wss://example.com/chat [--deflate]
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "flare/http/server.h"
#include "flare/ws/blocking_client.h"
#include "flare/ws/endpoint.h"

using namespace flare;

namespace {

constexpr std::chrono::seconds kPatience(10);

void print(const ws::Received& message) {
  if (message.type == ws::MessageType::kText) {
    std::printf("%s\n", message.data.c_str());
  } else {
    std::printf("%zu bytes\n", message.data.size());
  }
}

int talk(const std::string& url, bool deflate) {
  ws::ConnectOptions options;
  options.session.limits.bytes = 16 * 1024 * 1024;
  if (deflate) options.handshake.deflate.emplace();
  auto client = ws::BlockingClient::connect(url, std::move(options));
  for (std::string line; client.is_open() && std::getline(std::cin, line);) {
    client.send_text(line);
    if (const auto message = client.receive(kPatience)) print(*message);
  }
  client.close();
  std::printf("closed: %d %s\n", static_cast<int>(client.close_code()), std::string(client.close_reason()).c_str());
  return 0;
}

bool talk_to_ourselves() {
  auto server = http::Server::bind(net::Endpoint::parse("127.0.0.1:0"));
  server.start(ws::Endpoint(ws::echo, {.upgrade = {.subprotocols = {"echo"}}}));
  const std::string url = "ws://" + server.local_addr().to_string() + "/";
  auto client = ws::BlockingClient::connect(url, {.handshake = {.subprotocols = {"echo"}}});
  client.send_text("hello");
  client.send_binary(std::string(1000, '\0'));
  bool good = client.subprotocol() == "echo";
  for (int i = 0; i < 2; ++i) {
    const auto message = client.receive(kPatience);
    good = good && message;
    if (message) print(*message);
  }
  client.close(ws::CloseCode::kGoingAway, "that was all");
  std::printf("closed: %d\n", static_cast<int>(client.close_code()));  // which the server has sent back
  return server.shutdown() && good && client.close_code() == ws::CloseCode::kGoingAway;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  try {
    if (words.size() > 1) return talk(words[1], words.back() == "--deflate");
    return talk_to_ourselves() ? 0 : 1;
  } catch (const Exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
