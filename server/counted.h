// Numbers with their nouns, for messages.
#pragma once

#include <cstddef>
#include <string>

namespace flare::server {

/// "1 route", "2 routes".
inline std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace flare::server
