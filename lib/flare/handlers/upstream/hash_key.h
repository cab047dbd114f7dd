// What a request is told apart by where like goes to like: consistent hashing, and shares of the traffic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flare/http/request.h"

namespace flare::handlers {

struct HashKey {
  enum class Kind : std::uint8_t {
    kUri,       ///< path and query, as received
    kPath,      ///< Request::path()
    kClientIp,  ///< Request::client()
    kHeader,    ///< the value of the field `name`
    kCookie,    ///< the value of the cookie `name`
  };
  Kind kind = Kind::kUri;
  std::string name;

  /// "uri", "path", "client_ip", "header:NAME" or "cookie:NAME".
  static std::optional<HashKey> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  /// The same in every process. A request without the field or cookie goes by its client's address.
  [[nodiscard]] std::uint64_t hash(const http::Request& request) const;
};

}  // namespace flare::handlers
