#include "flare/handlers/upstream/health_check.h"

#include <algorithm>
#include <utility>

#include "flare/base/random.h"
#include "flare/handlers/upstream/open_stream.h"
#include "flare/handlers/upstream/server_name.h"
#include "flare/http/client_connection.h"

namespace flare::handlers {
namespace {

using runtime::Task;

UpstreamOptions with_time_limit(UpstreamOptions options) {
  options.connect.timeout = options.health->timeout;
  return options;
}

template <class Connection>
struct CancelCheck final : runtime::Cancellation::Listener {
  CancelCheck(runtime::Cancellation& stop, Connection& of) noexcept : Listener(stop), connection(of) {}
  void on_cancel() override { connection.cancel(); }
  Connection& connection;
};

bool is_expected(const HealthOptions& options, http::Status status) {
  const int code = http::code(status);
  if (options.expect.empty()) return code >= 200 && code < 400;
  return std::ranges::find(options.expect, code) != options.expect.end();
}

}  // namespace

std::chrono::milliseconds jittered(std::chrono::milliseconds time, std::uint64_t random) noexcept {
  const auto tenth = static_cast<std::uint64_t>(time.count() / 10);
  return time - time / 10 + std::chrono::milliseconds(random % (2 * tenth + 1));
}

HealthCheck::HealthCheck(std::shared_ptr<UpstreamPool> pool, runtime::Worker& worker, runtime::Cancellation& stop,
                         Tell tell)
    : pool_(std::move(pool)),
      worker_(worker),
      stop_(stop),
      tell_(std::move(tell)),
      options_(with_time_limit(pool_->options())),
      buffers_(options_.limits.head.header_bytes, 1) {}

Task<void> HealthCheck::run() {
  for (bool goes_on = true; goes_on;) {
    std::map<std::shared_ptr<UpstreamServer>, std::shared_ptr<Record>> records;
    for (UpstreamPool::Member& member : pool_->members()) {
      auto& record = records[member.server];
      const auto known = records_.find(member.server);
      record = known != records_.end() ? known->second : make_record();
      if (!record->is_being_asked && !member.where.empty()) worker_.spawn(look(std::move(member), record));
    }
    records_ = std::move(records);
    goes_on = co_await worker_.sleep(jittered(options_.health->interval, random_word()), stop_);
  }
}

std::shared_ptr<HealthCheck::Record> HealthCheck::make_record() const {
  const auto record = std::make_shared<Record>();
  record->spread =
      std::chrono::milliseconds(random_word() % std::max<std::int64_t>(1, options_.health->interval.count() / 10));
  return record;
}

Task<void> HealthCheck::look(UpstreamPool::Member member, std::shared_ptr<Record> record) {
  record->is_being_asked = true;
  const bool goes_on = co_await worker_.sleep(record->spread, stop_);
  if (!goes_on) co_return;
  const auto outcome = co_await ask(member);
  // What this machine cannot do says nothing of the server.
  const bool tells = outcome || outcome.error().source == ErrorSource::kUpstream;
  if (tells && !stop_.is_cancelled()) judge(*member.server, *record, outcome);
  record->is_being_asked = false;
}

Task<Result<void>> HealthCheck::ask(const UpstreamPool::Member& member) {
  if (options_.tls) return ask_by<tls::TlsStream>(member);
  return ask_by<tcp::TcpStream>(member);
}

template <class Stream>
Task<Result<void>> HealthCheck::ask_by(const UpstreamPool::Member& member) {
  const HealthOptions& health = *options_.health;
  const runtime::TimePoint due = worker_.now() + health.timeout;
  auto stream = co_await open_stream(OfKind<Stream>(), worker_, member, options_, &stop_);
  if (!stream) co_return std::unexpected(stream.error());
  if (health.path.empty()) co_return Result<void>();
  using Connection = http::ClientConnection<Stream>;
  Connection connection(worker_, buffers_, std::move(*stream));
  const CancelCheck<Connection> listener(stop_, connection);
  http::ClientLimits limits = options_.limits;
  limits.first_byte = limits.write_idle = std::max(
      std::chrono::milliseconds(1), std::chrono::duration_cast<std::chrono::milliseconds>(due - worker_.now()));
  connection.begin(http::Method::kGet, limits);
  const std::string host = !health.host.empty()                      ? health.host
                           : host_of(member.server->address).empty() ? "localhost"
                                                                     : member.server->address;
  const std::string request = "GET " + health.path + " HTTP/1.1\r\nHost: " + host +
                              "\r\nUser-Agent: flared-health-check\r\nConnection: close\r\n\r\n";
  const io::Pieces pieces{std::string_view(request)};
  const auto sent = co_await connection.send(pieces);
  if (!sent) co_return sent;
  for (;;) {
    const auto head = co_await connection.receive_head();
    if (!head) co_return std::unexpected(head.error());
    if ((*head)->is_interim()) continue;
    if (is_expected(health, (*head)->status)) co_return Result<void>();
    co_return std::unexpected(Error{.kind = ErrorKind::kProtocol,
                                    .source = ErrorSource::kUpstream,
                                    .reason = Reason::kUpstreamStatus,
                                    .sys_errno = 0});
  }
}

void HealthCheck::judge(UpstreamServer& server, Record& record, const Result<void>& outcome) {
  const HealthOptions& health = *options_.health;
  record.good = outcome ? record.good + 1 : 0;
  record.bad = outcome ? 0 : record.bad + 1;
  const Health before = server.health.load(std::memory_order_relaxed);
  if (outcome && before != Health::kUp && (before == Health::kUnknown || record.good >= health.rise)) {
    if (before == Health::kDown) server.up_since.store(nanoseconds(worker_.now()), std::memory_order_relaxed);
    server.health.store(Health::kUp, std::memory_order_relaxed);
    if (before == Health::kDown) tell_("upstream " + options_.name + ": " + server.address + " is up again");
  }
  if (!outcome && before != Health::kDown && record.bad >= health.fall) {
    server.health.store(Health::kDown, std::memory_order_relaxed);
    tell_("upstream " + options_.name + ": " + server.address + " is down: " + describe(outcome.error()));
  }
}

}  // namespace flare::handlers
