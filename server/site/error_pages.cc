#include "server/site/error_pages.h"

#include <fstream>
#include <iterator>

#include "flare/base/exception.h"
#include "flare/base/numbers.h"
#include "flare/base/quote.h"
#include "flare/http/error_page.h"
#include "flare/http/mime.h"

namespace flare::server::site {
namespace {

constexpr int kFirst = 400;

std::string read_page(const config::ErrorPage& page) {
  std::ifstream file(page.path, std::ios::binary);
  std::string content(ErrorPages::kLargest + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || !file.eof()) {
    throw Exception("error page " + quote(page.path) + (file ? " is larger than 1 MiB" : " cannot be read") +
                    "; error_pages." + page.status + " at " + page.origin.to_string() + " names it");
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  return content;
}

}  // namespace

ErrorPages::ErrorPages(const std::vector<config::ErrorPage>& pages) {
  for (const config::ErrorPage& page : pages) {
    pages_.push_back(std::make_unique<const Page>(Page{std::string(http::mime_type(page.path)), read_page(page)}));
    const Page* const made = pages_.back().get();
    if (page.status.ends_with("xx")) {
      classes_[page.status.starts_with('4') ? 0 : 1] = made;
    } else if (const auto status = parse_decimal<std::uint32_t>(page.status)) {
      exact_.at(*status - static_cast<std::uint32_t>(kFirst)) = made;
    }
  }
}

const ErrorPages::Page* ErrorPages::find(int status) const noexcept {
  const auto index = static_cast<std::size_t>(status - kFirst);
  if (status < kFirst || index >= exact_.size()) return nullptr;
  return exact_[index] != nullptr ? exact_[index] : classes_[index / 100];
}

void ErrorPages::apply(http::Response& response, const http::Request& request) const {
  if (!response.error_page) return;
  const Page* const page = find(code(response.status));
  if (page == nullptr || http::prefers_problem(request)) return;
  response.error_page = false;
  response.headers.set("Content-Type", page->type);
  response.body = http::Body::borrowed(page->content);
}

}  // namespace flare::server::site
