// Whether a request may pass is asked of another server (P-23): forward auth, or nginx's auth_request.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flare/handlers/proxy/forward_request.h"
#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/http/handler.h"

namespace flare::handlers {

struct ForwardAuthOptions {
  std::string path = "/";         ///< of the question; with its query, if it has one
  std::vector<std::string> copy;  ///< fields of a positive answer that `handler` finds in the request
  /// Whom the question names as Host, Via, and whether with Forwarded; prefixes and edits are not for it.
  proxy::ForwardOptions forward;
};

/// Middleware: a GET without content goes to `pool`, with the request's fields and X-Forwarded-Method and
/// X-Forwarded-Uri. What the client itself sent in the fields of `copy` goes nowhere. 2xx: `handler` sees the request,
/// with those fields as the answer has them. 401 and 403 are the client's, with WWW-Authenticate. Anything else, and
/// what went wrong, is 502, 503 or 504: nobody passes. The request's content is not touched.
class ForwardAuth {
 public:
  ForwardAuth(std::shared_ptr<UpstreamPool> pool, ForwardAuthOptions options, http::Handler handler);

  http::Reply operator()(http::Request& request) const;

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace flare::handlers
