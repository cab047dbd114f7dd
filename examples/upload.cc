// A handler that waits: it takes an upload piece by piece, at the client's pace, and never holds all of it.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>

#include "flare/http/router.h"
#include "flare/http/server.h"
#include "flare/http/status.h"

using namespace flare;

namespace {

/// The connection goes on with other work whenever the next piece is not here yet; so does its worker.
runtime::Task<http::Response> count_lines(http::Request& request) {
  if (!request.has_content()) co_return http::ok("0 lines\n");
  std::size_t lines = 0;
  for (;;) {
    const auto piece = co_await request.content_source()->next();
    if (!piece) {
      http::Response refusal = http::error_response(http::status_for(piece.error().reason), piece.error().reason);
      refusal.close = true;  // where the rest of the content ends is unknown now
      co_return refusal;
    }
    if (piece->empty()) break;
    lines += static_cast<std::size_t>(std::ranges::count(*piece, '\n'));
  }
  co_return http::ok(std::to_string(lines) + " lines\n");
}

/// A plain blocking client: sends `parts` one after the other, reads to the end.
std::string talk(const net::Endpoint& where, std::initializer_list<std::string_view> parts) {
  sockaddr_storage native{};
  const socklen_t length = where.to_native(native);
  const net::UniqueFd client(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&native), length) != 0) return "no connection";
  for (std::string_view part : parts) {
    if (::send(client.get(), part.data(), part.size(), MSG_NOSIGNAL) < 0) return "no request";
  }
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
  // Called before the content has arrived, because it takes a Request& and gives back a Reply.
  router.post("/lines", [](http::Request& request) -> http::Reply { return count_lines(request); });
  auto server = http::Server::bind(net::Endpoint::parse("127.0.0.1:0"));
  server.start(router);

  const std::string answer =
      talk(server.local_addr(),
           {"POST /lines HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
            "6\r\none\ntw\r\n", "8\r\no\nthree\n\r\n", "0\r\n\r\n"});
  std::printf("%s\n", answer.c_str());
  return answer.ends_with("\r\n\r\n3 lines\n") && server.shutdown() ? 0 : 1;
}
