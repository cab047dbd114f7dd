// From an authority to a host of the configuration: validation against the reference's grammar, normalisation and
// HostTable against rule M2 read literally. Input: lines; "=name" is a host of the configuration, any other line an
// authority.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/path.h"
#include "server/site/host_table.h"
#include "tests/support/reference_head.h"

namespace {

using namespace flare;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Without port and one trailing dot, in lower case.
std::string plain_host(const std::string& authority) {
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  std::string host = authority.substr(0, authority.find(':', bracket));
  if (host.size() > 1 && host.back() == '.') host.pop_back();
  for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return host;
}

/// Exact, then the longest "*.suffix" with something in front of it, then "_".
std::optional<std::size_t> look_up(const std::vector<std::string>& names, const std::string& host) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == host && names[i] != "_" && !names[i].starts_with("*.")) return i;
    const std::string suffix = names[i].starts_with("*.") ? names[i].substr(1) : "";
    const bool matches = names[i] == "_" || (!suffix.empty() && host.size() > suffix.size() && host.ends_with(suffix));
    if (matches && (!best || names[*best].size() < names[i].size())) best = i;
  }
  return best;
}

void check_authority(std::string_view authority, const std::vector<std::string>& names,
                     const server::site::HostTable& table) {
  const bool valid = http::is_valid_authority(authority);
  require(valid == test::is_reference_authority(std::string(authority)));
  std::string scratch;
  const std::string host(http::normalize_host(authority, scratch));
  require(host.size() <= authority.size());
  if (!valid) return;
  require(host == plain_host(std::string(authority)));
  require(http::is_valid_authority(host));
  require(table.find(host) == look_up(names, host));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> names;
  server::site::HostTable table;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (!line.starts_with('=')) {
      check_authority(line, names, table);
    } else if (const std::string name(line.substr(1)); std::ranges::find(names, name) == names.end()) {
      table.add(name, names.size());
      names.push_back(name);
    }
  }
  return 0;
}
