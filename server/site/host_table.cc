#include "server/site/host_table.h"

namespace flare::server::site {

void HostTable::add(std::string_view name, std::size_t host) {
  if (name == "_") {
    any_ = host;
  } else if (name.starts_with("*.")) {
    suffixes_.emplace(name.substr(2), host);
  } else {
    exact_.emplace(name, host);
  }
}

std::optional<std::size_t> HostTable::find(std::string_view name) const noexcept {
  if (!exact_.empty()) {
    if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
  }
  if (!suffixes_.empty()) {
    // "*.suffix" stands for one or more labels: from the first dot on, the longest suffix comes first.
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      if (const auto found = suffixes_.find(name.substr(dot + 1)); found != suffixes_.end() && dot != 0)
        return found->second;
    }
  }
  return any_;
}

}  // namespace flare::server::site
