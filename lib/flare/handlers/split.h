// Split: a part of the requests goes to another handler, as for a canary.
#pragma once

#include <optional>

#include "flare/handlers/upstream/hash_key.h"
#include "flare/http/handler.h"

namespace flare::handlers {

/// `share` of the requests, 0 to 1, go to `other`. With `by` all requests with one value of it go the same way, in
/// every process; without it each goes its own.
class Split {
 public:
  Split(http::Handler handler, http::Handler other, double share, std::optional<HashKey> by = {});

  http::Reply operator()(http::Request& request) const;

 private:
  http::Handler handler_;
  http::Handler other_;
  double share_;
  std::optional<HashKey> by_;
};

}  // namespace flare::handlers
