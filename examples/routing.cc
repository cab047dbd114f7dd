// Routes, parameters, and what the router answers by itself. No server is needed: a router is a handler, and a handler
// is called with a request.
#include <iostream>
#include <string>
#include <string_view>

#include "flare/http/router.h"

namespace http = flare::http;

/// Prints what `handler` answers.
void show(const http::Handler& handler, std::string_view method, std::string_view target) {
  const http::Limits limits;
  const std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: example.com\r\n\r\n";
  http::Request request;
  if (!request.parse(text, limits)) return;
  http::Reply reply = handler(request);
  const http::Response& response = *reply.now();  // these handlers do not wait
  std::cout << method << " " << target << " -> " << code(response.status) << " " << response.body.bytes();
  if (const auto allow = response.headers.get("Allow")) std::cout << " (Allow: " << *allow << ")";
  std::cout << "\n";
}

http::Response user(const http::Request& request) { return http::ok("user " + request.param("id")); }
http::Response user_by_number(const http::Request& request) { return http::ok("user number " + request.param("id")); }

int main() {
  http::Router router;
  router.get("/", [](const http::Request&) { return http::ok("home"); });
  router.get("/users/:id", user);
  router.get({"/users/:id", {{"id", http::SegmentKind::kInt}}}, user_by_number);  // more specific: wins for numbers
  router.post("/users/me", [](const http::Request&) { return http::ok("changed"); });
  router.get("/files/**", [](const http::Request& request) { return http::ok("file " + std::string(request.tail())); });

  show(router, "GET", "/");
  show(router, "GET", "/users/Jos%C3%A9");
  show(router, "GET", "/users/42");
  show(router, "GET", "/files/css/site.css");
  show(router, "HEAD", "/users/42");     // goes to the GET route
  show(router, "OPTIONS", "/users/me");  // answered by the router
  show(router, "DELETE", "/users/me");   // 405, and what is allowed
  show(router, "GET", "/nowhere");
}
