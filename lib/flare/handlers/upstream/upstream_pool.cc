#include "flare/handlers/upstream/upstream_pool.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "flare/handlers/upstream/server_name.h"

namespace flare::handlers {
namespace {

std::optional<Breaker> make_breaker(const std::optional<BreakerOptions>& options) {
  if (!options || options->failures <= 0) return std::nullopt;
  const auto in_ns = [](std::chrono::milliseconds time) { return std::chrono::nanoseconds(time).count(); };
  return std::optional<Breaker>(std::in_place, Breaker::Options{.failures = options->failures,
                                                                .requests = options->requests,
                                                                .window = in_ns(options->window),
                                                                .open = in_ns(options->open)});
}

SipKey make_key(const std::optional<StickyOptions>& sticky) {
  if (!sticky) return {};
  if (sticky->secret.empty()) return SipKey::random();
  const Hash128 hash = siphash(SipKey{}, sticky->secret);
  return {.low = hash.low, .high = hash.high};
}

}  // namespace

UpstreamPool::UpstreamPool(UpstreamOptions options)
    : options_(std::move(options)), breaker_(make_breaker(options_.breaker)), cookie_key_(make_key(options_.sticky)) {
  if (options_.servers.empty() && !options_.discover) throw UpstreamError("an upstream pool without servers");
  for (const ServerOptions& each : options_.servers) {
    Member member{.server = make_server(each.address, each.weight, each.backup), .where = {}};
    try {
      member.where.push_back(net::Endpoint::parse(each.address));
    } catch (const AddressParseError&) {
      if (!ServerName::parse(each.address)) throw UpstreamError("no server: " + each.address);
    }
    members_.push_back(std::move(member));
  }
}

std::shared_ptr<UpstreamServer> UpstreamPool::make_server(std::string address, std::uint32_t weight,
                                                          bool backup) const {
  auto server = std::make_shared<UpstreamServer>();
  server->address = std::move(address);
  server->weight = std::max(1U, weight);
  server->max_conns = options_.max_conns;
  server->backup = backup;
  return server;
}

std::vector<UpstreamPool::Member> UpstreamPool::members() const {
  const std::lock_guard lock(mutex_);
  return members_;
}

void UpstreamPool::set_members(std::vector<Member> members) {
  const std::lock_guard lock(mutex_);
  for (const Member& before : members_) {
    const bool stays = std::ranges::any_of(members, [&](const Member& now) { return now.server == before.server; });
    before.server->draining.store(!stays, std::memory_order_relaxed);
  }
  members_ = std::move(members);
  generation_.fetch_add(1, std::memory_order_release);
}

bool UpstreamPool::wants_watch() const noexcept {
  const auto has_name = [](const Member& member) { return member.where.empty(); };
  return options_.health || options_.discover || std::ranges::any_of(members_, has_name);
}

void UpstreamPool::failed(UpstreamServer& server, Breaker::Admission admission, std::int64_t now) {
  if (breaker_) breaker_->count(false, admission, now);
  const EjectOptions& eject = options_.eject;
  if (eject.errors == 0) return;
  const std::lock_guard lock(mutex_);
  if (server.ejected_until.load(std::memory_order_relaxed) > now) return;
  if (now - server.errors_since > std::chrono::nanoseconds(eject.window).count()) {
    server.errors_since = now;
    server.errors = 0;
  }
  if (++server.errors < eject.errors) return;
  const auto out = std::ranges::count_if(members_, [now](const Member& member) {
    return member.server->ejected_until.load(std::memory_order_relaxed) > now;
  });
  if (static_cast<double>(out + 1) > eject.max_ejected * static_cast<double>(members_.size())) return;
  server.errors = 0;
  const auto until = now + std::chrono::nanoseconds(eject.duration).count();
  server.up_since.store(until, std::memory_order_relaxed);  // it comes back by slow start
  server.ejected_until.store(until, std::memory_order_relaxed);
}

std::string UpstreamPool::cookie_for(const UpstreamServer& server) const {
  const Hash128 hash = siphash(cookie_key_, server.address);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t half : {hash.high, hash.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kHex[half >> shift & 15]);
  }
  return text;
}

bool UpstreamPool::is_cookie_for(const UpstreamServer& server, std::string_view cookie) const {
  constexpr std::size_t kHalf = 16;
  if (cookie.size() != 2 * kHalf) return false;
  const auto read = [](std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
  };
  const auto high = read(cookie.substr(0, kHalf));
  const auto low = read(cookie.substr(kHalf));
  return high && low && siphash(cookie_key_, server.address) == Hash128{.low = *low, .high = *high};
}

void UpstreamPool::add_waiters(runtime::Worker& worker, const std::shared_ptr<Waiters>& waiters) {
  const std::lock_guard lock(mutex_);
  waiters_.push_back({.worker = &worker, .waiters = waiters.get(), .there = waiters});
}

void UpstreamPool::remove_waiters(const Waiters& waiters) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiters_, [&](const Waiting& each) { return each.waiters == &waiters; });
}

std::size_t UpstreamPool::find_waiting() const noexcept {
  for (std::size_t i = 0; i < waiters_.size(); ++i) {
    const std::size_t at = (turn_ + i) % waiters_.size();
    if (waiters_[at].waiters->waiting.load(std::memory_order_relaxed) != 0) return at;
  }
  return waiters_.size();
}

void UpstreamPool::tell(const Waiting& waiting) {
  waiting.worker->post([weak = waiting.there] {
    if (const auto there = weak.lock()) there->serve_line();
  });
}

void UpstreamPool::wake_next() {
  const std::lock_guard lock(mutex_);
  const std::size_t at = find_waiting();
  if (at == waiters_.size()) return;
  turn_ = at + 1;
  tell(waiters_[at]);
}

void UpstreamPool::wake_one_more() {
  const std::lock_guard lock(mutex_);
  const std::size_t at = find_waiting();
  if (at != waiters_.size()) tell(waiters_[at]);
}

}  // namespace flare::handlers
