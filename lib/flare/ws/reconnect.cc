#include "flare/ws/reconnect.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "flare/base/random.h"
#include "flare/tls/client_context.h"

namespace flare::ws {
namespace {

struct CancelClient final : runtime::Cancellation::Listener {
  CancelClient(runtime::Cancellation& cancelled, Client& of) : Listener(cancelled), client(of) {}
  void on_cancel() override { client.cancel(); }
  Client& client;
};

std::unexpected<Error> gave_up() noexcept {
  return std::unexpected(Error{.kind = ErrorKind::kCancelled, .source = ErrorSource::kUpstream});
}

/// From the handshake to the connection's end; an error: the server is to be asked again.
runtime::Task<Result<void>> run_session(Client& client, const SessionHandler& handler,
                                        runtime::Cancellation& cancelled) {
  const CancelClient ear(cancelled, client);
  Session& session = client.session();
  std::exception_ptr thrown;
  try {
    co_await handler(session);
  } catch (...) {
    thrown = std::current_exception();
  }
  const bool left = session.is_open();
  co_await client.close(thrown ? CloseCode::kInternalError : CloseCode::kNormal);
  if (thrown) std::rethrow_exception(thrown);
  if (left || session.close_code() == CloseCode::kNormal) co_return Result<void>();
  const auto end = co_await session.receive();  // says how it ended
  co_return std::unexpected(end.error());
}

/// Asking again would give the same answer.
bool is_final(const Answer& answer) noexcept {
  return answer.status && http::code(*answer.status) >= 300 && http::code(*answer.status) < 500;
}

}  // namespace

std::chrono::milliseconds reconnect_delay(const Reconnect& options, std::size_t failures, std::uint32_t word) noexcept {
  std::chrono::milliseconds longest = std::min(options.first, options.most);
  for (; failures != 0 && longest < options.most && longest.count() != 0; --failures)
    longest = longest > options.most / 2 ? options.most : longest * 2;
  const auto part = static_cast<std::uint64_t>(longest.count()) + 1;
  const std::uint64_t whole = (part >> 32U) * word + ((part & 0xFFFFFFFFU) * word >> 32U);  // part * word / 2^32
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole));
}

runtime::Task<Result<void>> run_client(runtime::Worker& worker, http::Url url, ConnectOptions options,
                                       Reconnect reconnect, SessionHandler handler, runtime::Cancellation& cancelled) {
  if (url.is_tls() && options.tls == nullptr) options.tls = tls::ClientContext::make();  // once, not each time
  for (std::size_t failures = 0;; ++failures) {
    Answer answer;
    auto client = co_await connect(worker, url, options, &cancelled, &answer);
    Result<void> end;
    if (client) {
      const runtime::TimePoint since = worker.now();
      end = co_await run_session(*client, handler, cancelled);
      if (end) co_return end;
      if (worker.now() - since >= reconnect.most) failures = 0;
    } else {
      end = std::unexpected(client.error());
      if (is_final(answer)) co_return end;
    }
    if (cancelled.is_cancelled()) co_return gave_up();
    if (failures == reconnect.attempts) co_return end;
    const bool slept = co_await worker.sleep(reconnect_delay(reconnect, failures, random_word()), cancelled);
    if (!slept) co_return gave_up();
  }
}

}  // namespace flare::ws
