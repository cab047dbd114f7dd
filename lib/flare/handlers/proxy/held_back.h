// Answers of HTTP/1.0 servers whose content ends with the connection, gathered where they are short (P-2).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "flare/base/ascii.h"
#include "flare/handlers/proxy/ask.h"
#include "flare/http/response_head_parser.h"
#include "flare/runtime/cancellation.h"

namespace flare::handlers::proxy {

/// Not events, nor what says that it is not to be buffered (P-21).
inline bool is_held_back(const http::ResponseHead& head) noexcept {
  if (head.framing != http::BodyFraming::kUntilClose || head.minor_version != 0) return false;
  const http::Fields fields(head.fields);
  const std::string_view type = fields.get("Content-Type").value_or("");
  return !ascii::iequals(ascii::trim(type.substr(0, type.find(';'))), "text/event-stream") &&
         !ascii::iequals(fields.get("X-Accel-Buffering").value_or(""), "no");
}

/// True: `content` is all of it, and its length can be told; what broke off before is an error. False: its beginning,
/// since it is long, or slow. `from` outlives the task; its head's views do not.
template <class Stream>
runtime::Task<Result<bool>> hold_back(const typename WorkerUpstream<Stream>::Borrowed& from,
                                      runtime::Cancellation& client, std::string& content) {
  constexpr std::size_t kMost = 64 * 1024;
  constexpr std::chrono::seconds kLongest{1};
  if (client.is_cancelled()) co_return fail(ErrorKind::kCancelled);
  const CancelExchange<typename WorkerUpstream<Stream>::Connection> listener(client, *from);
  const auto due = from.place.upstream().worker.now() + kLongest;
  while (content.size() < kMost) {
    const auto piece = co_await from->next_before(due);
    if (!piece && piece.error().kind == ErrorKind::kWouldBlock) break;
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return true;
    content.append(*piece);
  }
  co_return false;
}

}  // namespace flare::handlers::proxy
