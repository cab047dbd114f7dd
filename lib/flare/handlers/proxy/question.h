// What a proxy asks of an upstream server, whichever that will be.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "flare/handlers/upstream/retry_budget.h"
#include "flare/handlers/upstream/upstream_options.h"
#include "flare/http/exchange.h"
#include "flare/http/method.h"
#include "flare/runtime/cancellation.h"

namespace flare::handlers::proxy {

/// Everything it refers to outlives it.
struct Question {
  http::Method method = http::Method::kGet;
  std::string_view at_hand;                      ///< content that is there already
  std::unique_ptr<http::ContentSource> content;  ///< or is on its way; whoever sends it has it then
  bool chunked = false;                          ///< how that goes upstream
  std::string_view upgrade;                      ///< what the client wants to switch to
  http::Exchange* interim = nullptr;             ///< who is told of interim answers; may be nullptr
  runtime::Cancellation& client;
  std::uint64_t hash = 0;
  const UpstreamServer* preferred = nullptr;
  const http::ClientLimits* limits = nullptr;
  const RetryOptions* retry = nullptr;
  RetryBudget* budget = nullptr;  ///< nullptr: the pool's

  unsigned attempts = 0;  ///< that it took
};

/// RFC 9110 §9.2.2.
constexpr bool is_idempotent(http::Method method) noexcept {
  switch (method) {
    case http::Method::kGet:
    case http::Method::kHead:
    case http::Method::kOptions:
    case http::Method::kPut:
    case http::Method::kDelete: return true;
    default: return false;
  }
}

}  // namespace flare::handlers::proxy
