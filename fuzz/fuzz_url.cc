// URLs: what is taken can stand in a request line and a Host field as it is, says the reference's grammar too, and
// comes back from its own text; what is refused is refused by both ways to ask.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "flare/http/path.h"
#include "flare/http/url.h"
#include "flare/net/ip_addr.h"

namespace {

using namespace flare;

void check(bool holds) {
  if (!holds) std::abort();
}

bool throws(std::string_view text) {
  try {
    static_cast<void>(http::Url::parse(text));
    return false;
  } catch (const http::UrlParseError&) {
    return true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = http::Url::try_parse(text);
  check(url.has_value() != throws(text));
  if (!url) return 0;
  const std::string target = url->request_target();
  check(target.starts_with('/') &&
        std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7F' && c != '#'; }));
  check(http::is_valid_authority(url->authority()) && url->port() != 0);
  check(!url->host().contains('@') &&
        url->host() == url->authority().substr(url->host().contains(':') ? 1 : 0, url->host().size()));
  check(!url->host().contains(':') || net::IpAddr::try_parse(url->host()));
  check(http::Url::parse(url->to_string()) == *url);
  return 0;
}
