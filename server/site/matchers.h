// What a route asks beside path and method (config.md M4), compiled.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "flare/http/route_table.h"
#include "server/config/config.h"

namespace flare::server::site {

/// header, query, cookie, from and scheme of a route: all must hold, the values of each are alternatives.
class Matchers final : public http::RoutePredicate {
 public:
  /// `route` outlives the predicate. nullptr where the route has none of them.
  static std::shared_ptr<const Matchers> of(const config::Route& route);

  [[nodiscard]] bool holds(const http::Request& request) const noexcept override;
  [[nodiscard]] std::size_t count() const noexcept override;
  [[nodiscard]] bool excludes(const http::RoutePredicate& other) const noexcept override;
  [[nodiscard]] std::string describe_failure(const http::Request& request) const override;

 private:
  explicit Matchers(const config::Route& route) noexcept : route_(route) {}

  const config::Route& route_;
};

}  // namespace flare::server::site
