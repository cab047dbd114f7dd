// Redirect: a Location made of what the request asked for (config.md M9).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/exception.h"
#include "flare/http/request.h"
#include "flare/http/response.h"

namespace flare::handlers {

/// A target or status that cannot be used. Quotes it and says what to write instead.
class RedirectError : public Exception {
  using Exception::Exception;
};

/// Placeholders: {path} as received, {tail} what the route's trailing `*` or `/**` matched, {query} with its '?' where
/// there is one, {host} without port, {param.NAME}. Values keep their triplets; every byte that is no URI character
/// becomes one, quotes and controls foremost. What a peer sends never chooses the host: a target starts with "/",
/// "http://", "https://" or {path}, and none that does not begin with "//" itself yields one that does. A request
/// without a host answers 400 where {host} is needed.
class Redirect {
 public:
  static constexpr bool kIgnoresContent = true;

  /// `status`: 301, 302, 303, 307 or 308. Throws RedirectError.
  explicit Redirect(std::string_view target, http::Status status = http::Status::kFound);

  http::Response operator()(const http::Request& request) const;
  /// The names of {param.NAME}: those that the route's pattern should have.
  [[nodiscard]] std::vector<std::string_view> param_names() const;

 private:
  enum class PieceKind : std::uint8_t { kLiteral, kPath, kTail, kQuery, kHost, kParam };
  struct Piece {
    PieceKind kind = PieceKind::kLiteral;
    std::string text;  ///< a literal's bytes, a parameter's name
  };

  static Piece placeholder(std::string_view target, std::string_view name);
  /// False where a value that is needed is missing.
  static bool append(std::string& out, const Piece& piece, const http::Request& request);

  http::Status status_;
  bool network_path_;  ///< the target itself begins with "//"
  std::vector<Piece> pieces_;
};

}  // namespace flare::handlers
