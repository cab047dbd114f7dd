// Trailer fields that a proxy passes on (RFC 9110 §6.5).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "flare/http/field.h"

namespace flare::handlers::proxy {

/// A copy of those that may come behind content: none that frames, routes or describes it, or that authenticates; nor
/// any that `may_pass` says no to.
class Trailers {
 public:
  Trailers() noexcept = default;
  explicit Trailers(std::span<const http::Field> received, const std::function<bool(std::string_view)>& may_pass = {});

  /// Live as long as this stays where it is.
  [[nodiscard]] std::span<const http::Field> fields() const noexcept { return fields_; }

 private:
  std::vector<char> text_;  ///< keeps its place when it is moved
  std::vector<http::Field> fields_;
};

}  // namespace flare::handlers::proxy
