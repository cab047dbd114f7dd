// A request's content as it goes upstream.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "flare/handlers/proxy/forward_request.h"
#include "flare/handlers/proxy/trailers.h"
#include "flare/http/content.h"
#include "flare/http/request.h"

namespace flare::handlers::proxy {

/// With those of its trailers that may go on. The request outlives it, `options` too.
class ForwardedContent final : public http::ContentSource {
 public:
  ForwardedContent(http::Request& request, std::shared_ptr<const ForwardOptions> options) noexcept
      : request_(request), from_(*request.content_source()), options_(std::move(options)) {}

  runtime::Task<Result<std::string_view>> next() override { return from_.next(); }
  runtime::Task<Result<void>> invite() override { return from_.invite(); }
  void interrupt() noexcept override { from_.interrupt(); }
  [[nodiscard]] std::span<const http::Field> trailers() const noexcept override {
    if (!from_.trailers().empty() && trailers_.fields().empty())
      trailers_ = Trailers(from_.trailers(), [this](std::string_view name) { return may_trail(name); });
    return trailers_.fields();
  }

 private:
  [[nodiscard]] bool may_trail(std::string_view name) const noexcept { return !is_withheld(name, request_, *options_); }

  const http::Request& request_;
  http::ContentSource& from_;
  std::shared_ptr<const ForwardOptions> options_;
  mutable Trailers trailers_;  ///< made when they are first asked for
};

}  // namespace flare::handlers::proxy
