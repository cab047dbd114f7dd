// State and middleware: handlers share counters, a logger wraps a guard wraps the router.
#include <atomic>
#include <iostream>
#include <string>
#include <string_view>

#include "flare/http/app.h"
#include "flare/http/router.h"

namespace http = flare::http;

/// All workers use it at the same time, hence atomic.
struct Visits {
  std::atomic<int> count = 0;
};

http::Response hello(const http::Request& request, Visits& visits) {
  return http::ok("Hello " + request.param("name") + ", visit " + std::to_string(++visits.count) + "\n");
}

/// Refuses before the content has arrived: that is why it takes a Request& and gives back a Reply.
struct RequireToken {
  std::string token;
  http::Handler next;

  http::Reply operator()(http::Request& request) const {
    if (request.header("Authorization") == "Bearer " + token) return next(request);
    http::Response refusal = http::error_response(http::Status::kUnauthorized);
    refusal.headers.set("WWW-Authenticate", "Bearer");
    return refusal;
  }
};

struct Log {
  http::Handler next;

  http::Reply operator()(http::Request& request) const {
    const std::string line = std::string(request.method_token()) + " " + std::string(request.target());
    return http::then(next(request), [line](http::Response response) {
      std::cout << line << " " << code(response.status) << "\n";
      return response;
    });
  }
};

/// Prints what `handler` answers to a GET.
void show(const http::Handler& handler, std::string_view target, std::string_view fields) {
  const http::Limits limits;
  const std::string text =
      "GET " + std::string(target) + " HTTP/1.1\r\nHost: example.com\r\n" + std::string(fields) + "\r\n";
  http::Request request;
  if (!request.parse(text, limits)) return;
  http::Reply reply = handler(request);
  std::cout << reply.now()->body.bytes();  // these handlers do not wait
}

int main() {
  Visits visits;
  http::Router router;
  router.get("/hello/:name", http::App{visits, hello});
  const http::Handler site = Log{RequireToken{"secret", router}};

  show(site, "/hello/stranger", "");
  show(site, "/hello/friend", "Authorization: Bearer secret\r\n");
  show(site, "/hello/friend", "Authorization: Bearer secret\r\n");
}
