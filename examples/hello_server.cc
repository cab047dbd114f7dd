// The server of README.md on a port of its own; this program is its client too, then shuts it down.
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <string>

#include "flare/http/router.h"
#include "flare/http/server.h"

using namespace flare;

namespace {

/// A plain blocking client: one request, the whole answer.
std::string ask(const net::Endpoint& where, const std::string& target) {
  sockaddr_storage native{};
  const socklen_t length = where.to_native(native);
  const net::UniqueFd client(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&native), length) != 0) return "no connection";
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "no request";
  std::string answer;
  std::array<char, 4096> piece{};
  for (ssize_t count = 0; (count = ::recv(client.get(), piece.data(), piece.size(), 0)) > 0;) {
    answer.append(piece.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

int main() {
  http::Router router;
  router.get("/", [](const http::Request&) { return http::ok("hello\n"); });
  router.get("/users/:id", [](const http::Request& request) { return http::ok(request.param("id")); });
  auto server = http::Server::bind(net::Endpoint::parse("127.0.0.1:0"));
  server.start(router, {.workers = 2});

  const std::string hello = ask(server.local_addr(), "/");
  const std::string user = ask(server.local_addr(), "/users/42");
  std::printf("%s\n---\n%s\n", hello.c_str(), user.c_str());
  return hello.ends_with("\r\n\r\nhello\n") && user.ends_with("\r\n\r\n42") && server.shutdown() ? 0 : 1;
}
