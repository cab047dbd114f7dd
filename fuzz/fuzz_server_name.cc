// The server_name extension of a ClientHello: whatever parse_server_name takes could have been written like this, and
// what is written like this is taken.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "flare/net/ip_addr.h"
#include "flare/tls/server_name.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

std::string written(const std::string& name) {
  const auto two = [](std::size_t number) {
    return std::string{static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
  };
  return two(name.size() + 3) + std::string(1, '\0') + two(name.size()) + name;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && !("." + name + ".").contains("..") &&
         std::ranges::all_of(name,
                             [](char c) {
                               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ||
                                      c == '_';
                             }) &&
         !flare::net::IpAddr::try_parse(name);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto name = flare::tls::parse_server_name({data, size})) {
    check(is_name(*name) && *name == lower(*name));
    check(lower(bytes) == written(*name) || lower(bytes) == written(*name + "."));
  }
  const std::string extension = written(bytes);
  const auto name = flare::tls::parse_server_name(
      {reinterpret_cast<const unsigned char*>(extension.data()), std::min(extension.size(), std::size_t{65'000})});
  const std::string bare = bytes.ends_with('.') ? bytes.substr(0, size - 1) : bytes;
  check(name.has_value() == is_name(bare));
  check(!name || *name == lower(bare));
  return 0;
}
