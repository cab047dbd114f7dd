#include "flare/http/error_page.h"

#include <algorithm>
#include <array>
#include <string>

#include "flare/http/quality.h"

namespace flare::http {
namespace {

constexpr int kFirstError = 400;
constexpr std::size_t kErrors = 200;

struct Pages {
  std::array<std::string, kErrors> html;
  std::array<std::string, kErrors> problem;
};

const Pages& pages() {
  static const Pages all = [] {
    Pages made;
    for (std::size_t i = 0; i < kErrors; ++i) {
      const auto status = static_cast<Status>(kFirstError + i);
      const std::string number = std::to_string(code(status));
      const std::string phrase(reason_phrase(status));
      std::string title = number;
      if (!phrase.empty()) title.append(" ").append(phrase);
      made.html[i] = "<!doctype html>\n<html lang=\"en\"><title>" + title + "</title><h1>" + title + "</h1></html>\n";
      made.problem[i] = R"({"type":"about:blank","title":")" + phrase + R"(","status":)" + number + "}\n";
    }
    return made;
  }();
  return all;
}

}  // namespace

bool prefers_problem(const Request& request) noexcept {
  const std::uint16_t json = std::max(accept_weight(request.headers(), "application/problem+json"),
                                      accept_weight(request.headers(), "application/json"));
  return json > accept_weight(request.headers(), "text/html");
}

void render_error_page(Response& response, const Request& request) {
  if (!response.error_page) return;
  const int index = code(response.status) - kFirstError;
  if (index < 0 || index >= static_cast<int>(kErrors)) return;
  const bool problem = prefers_problem(request);
  response.headers.set("Content-Type", problem ? "application/problem+json" : "text/html; charset=utf-8");
  response.body = Body::borrowed((problem ? pages().problem : pages().html)[static_cast<std::size_t>(index)]);
}

}  // namespace flare::http
