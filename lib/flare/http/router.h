// Router: a handler that holds handlers, one a route (config.md M3-M6).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flare/base/exception.h"
#include "flare/http/handler.h"
#include "flare/http/route_table.h"

namespace flare::http {

/// A route that cannot be told from an earlier one: some request matches both with equal specificity. Names both.
class AmbiguousRouteError : public Exception {
  using Exception::Exception;
};

/// Literal segments, `:name` (one segment), `*` (one segment; Request::tail() has it where it is last), `/**` at the
/// end (zero or more segments; tail()). The most specific route wins: literal, typed `:name`, `:name`, `*`, `**`,
/// segment by segment; the order of registration never matters. A parameter takes a type in braces: get({"/users/:id",
/// {{"id", SegmentKind::kInt}}}, …).
///
/// HEAD goes to the GET route unless one takes HEAD itself; OPTIONS that no route takes answers 204 with Allow (H-30),
/// OPTIONS * too (H-10); another method that no route takes answers 405 with Allow (H-29); a path that no route takes
/// answers 404. Add all routes first, then serve: adding is for one thread, handling for any number. Outlives the
/// requests.
class Router {
 public:
  Router& get(RoutePattern pattern, Handler handler) { return route("GET", std::move(pattern), std::move(handler)); }
  Router& post(RoutePattern pattern, Handler handler) { return route("POST", std::move(pattern), std::move(handler)); }
  Router& put(RoutePattern pattern, Handler handler) { return route("PUT", std::move(pattern), std::move(handler)); }
  Router& patch(RoutePattern pattern, Handler handler) {
    return route("PATCH", std::move(pattern), std::move(handler));
  }
  Router& del(RoutePattern pattern, Handler handler) { return route("DELETE", std::move(pattern), std::move(handler)); }
  Router& head(RoutePattern pattern, Handler handler) { return route("HEAD", std::move(pattern), std::move(handler)); }
  Router& options(RoutePattern pattern, Handler handler) {
    return route("OPTIONS", std::move(pattern), std::move(handler));
  }
  /// Every method; a route for one method is more specific.
  Router& any(RoutePattern pattern, Handler handler);
  /// `method` is any token (RoutePatternError otherwise), case-sensitive. Throws AmbiguousRouteError.
  Router& route(std::string_view method, RoutePattern pattern, Handler handler);

  Reply operator()(Request& request) const;

 private:
  Router& add(MethodSet methods, RoutePattern pattern, Handler handler);

  RouteTable table_;
  std::vector<Handler> handlers_;      ///< by Route::index
  std::vector<std::string> patterns_;  ///< the same, as written
};

}  // namespace flare::http
