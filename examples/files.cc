// Ready-made handlers: a folder of files, a redirect and a fixed response, side by side in one router.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "flare/handlers/redirect.h"
#include "flare/handlers/respond.h"
#include "flare/handlers/static_files.h"
#include "flare/http/router.h"

namespace http = flare::http;
namespace handlers = flare::handlers;

/// Prints what `handler` answers to a GET.
void show(const http::Handler& handler, std::string_view target) {
  const http::Limits limits;
  const std::string text = "GET " + std::string(target) + " HTTP/1.1\r\nHost: example.com\r\n\r\n";
  http::Request request;
  if (!request.parse(text, limits)) return;
  http::Reply reply = handler(request);
  const http::Response& response = *reply.now();  // no worker runs here, so nothing waits for one
  std::cout << target << " -> " << code(response.status);
  for (std::string_view name : {"Content-Type", "Location"}) {
    if (const auto value = response.headers.get(name)) std::cout << "  " << name << ": " << *value;
  }
  std::cout << "  " << response.body.size().value_or(0) << " bytes\n";
}

int main() {
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("flare-example-" + std::to_string(::getpid()));
  std::filesystem::create_directories(root / "docs");
  std::ofstream(root / "index.html") << "<h1>It works</h1>\n";
  {
    http::Router router;
    router.any("/**", handlers::StaticFiles(root.string()));
    router.any("/browse/**", handlers::StaticFiles(root.string(), {.index = {}, .list = handlers::ListFormat::kJson}));
    router.any("/app/**", handlers::StaticFiles(root.string(), {.fallback = "index.html"}));
    router.get("/healthz", handlers::Respond(http::Status::kOk, "text/plain", "ok\n"));
    router.any("/old/**", handlers::Redirect("/docs/{tail}{query}", http::Status::kMovedPermanently));

    show(router, "/");
    show(router, "/docs");           // a folder: redirected to /docs/
    show(router, "/../etc/passwd");  // never becomes a request
    show(router, "/.git/config");    // 404
    show(router, "/browse/docs/");   // a list of what is there: nothing
    show(router, "/app/users/1");    // nothing of that name: the application's page
    show(router, "/healthz");
    show(router, "/old/page?x=1");
  }
  std::filesystem::remove_all(root);
}
