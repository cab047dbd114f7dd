#include "flare/handlers/upstream/discovery.h"

#include <algorithm>
#include <utility>

#include "flare/handlers/upstream/server_name.h"
#include "flare/tcp/connect.h"

namespace flare::handlers {
namespace {

using runtime::Task;
using Type = DiscoverOptions::Type;

constexpr std::chrono::milliseconds kAgain{5'000};  ///< after a failure
constexpr std::chrono::seconds kHostsFile{10};      ///< what has no TTL

std::vector<net::Endpoint> endpoints(const dns::Answer& answer, std::uint16_t port) {
  std::vector<net::SocketAddr> addresses;
  for (const dns::Address& address : answer.addresses) addresses.emplace_back(address.ip, port);
  return tcp::interleave(addresses);
}

/// The same addresses, in whatever order: the DNS turns it with every answer.
bool is_same(std::vector<net::Endpoint> a, std::vector<net::Endpoint> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

dns::Family family_of(Type type) noexcept {
  return type == Type::kV4 ? dns::Family::kV4 : type == Type::kV6 ? dns::Family::kV6 : dns::Family::kAny;
}

/// Lets the next look be no later than this.
void expire(std::chrono::milliseconds& next_look, std::chrono::seconds ttl) {
  if (ttl.count() == 0) ttl = kHostsFile;
  next_look = std::min(next_look, std::chrono::milliseconds(std::min(ttl, std::chrono::seconds(86'400))));
}

}  // namespace

Discovery::Discovery(std::shared_ptr<UpstreamPool> pool, runtime::Worker& worker, dns::Resolver& resolver,
                     runtime::Cancellation& stop, Tell tell)
    : pool_(std::move(pool)), worker_(worker), resolver_(resolver), stop_(stop), tell_(std::move(tell)) {
  for (UpstreamPool::Member& member : pool_->members()) {
    if (!member.where.empty()) {
      fixed_.push_back(std::move(member));
      continue;
    }
    std::string text = member.server->address;
    names_.push_back({.text = std::move(text), .found = {{.member = std::move(member)}}});
  }
  servers_ = names_.size();
  if (pool_->options().discover) names_.push_back({.text = pool_->options().discover->name, .found = {}});
}

void Discovery::start(std::function<void()> looked) {
  looked_ = std::move(looked);
  unanswered_ = names_.size();
  for (Name& name : names_) worker_.spawn(keep(name));
}

Task<void> Discovery::keep(Name& name) {
  const ResolveOptions& resolve = pool_->options().resolve;
  for (bool is_first = true, goes_on = true; goes_on; is_first = false) {
    name.next_look = resolve.max_ttl;
    const auto outcome = co_await look(name);
    if (!stop_.is_cancelled()) {
      tell_how(name, outcome);
      publish();
    }
    if (is_first && --unanswered_ == 0) looked_();
    goes_on = co_await worker_.sleep(std::clamp(name.next_look, resolve.min_ttl, resolve.max_ttl), stop_);
  }
}

Task<Result<void>> Discovery::look(Name& name) {
  if (is_server(name)) return find_server(name);
  return pool_->options().discover->type == Type::kService ? find_services(name) : find_addresses(name);
}

Task<Result<void>> Discovery::find_server(Name& name) {
  const auto parsed = ServerName::parse(name.text);
  auto answer = co_await resolver_.resolve(parsed->host, dns::Family::kAny, &stop_);
  if (!answer) co_return std::unexpected(answer.error());
  expire(name.next_look, answer->ttl);
  Found& found = name.found.front();
  found.good = worker_.now();
  auto where = endpoints(*answer, parsed->port);
  if (!is_same(found.member.where, where)) found.member.where = std::move(where);
  co_return Result<void>();
}

Task<Result<void>> Discovery::find_addresses(Name& name) {
  const DiscoverOptions& discover = *pool_->options().discover;
  auto answer = co_await resolver_.resolve(discover.name, family_of(discover.type), &stop_);
  if (!answer) co_return std::unexpected(answer.error());
  expire(name.next_look, answer->ttl);
  std::vector<Found> found;
  for (const net::Endpoint& where : endpoints(*answer, discover.port)) {
    const std::string address = where.to_string();
    const auto known =
        std::ranges::find_if(name.found, [&](const Found& each) { return each.member.server->address == address; });
    auto server = known != name.found.end() ? known->member.server : pool_->make_server(address, 1, false);
    found.push_back({.member = {.server = std::move(server), .where = {where}}, .good = worker_.now()});
  }
  name.found = std::move(found);
  co_return Result<void>();
}

/// The services of the least priority are the servers, the others their backups (RFC 2782).
Task<Result<void>> Discovery::find_services(Name& name) {
  auto services = co_await resolver_.resolve_service(pool_->options().discover->name, &stop_);
  if (!services) co_return std::unexpected(services.error());
  std::vector<Found> all;
  for (const dns::Service& service : *services) {
    expire(name.next_look, service.ttl);
    const std::string address = service.target + ":" + std::to_string(service.port);
    const std::uint32_t weight = std::max<std::uint32_t>(1, service.weight);
    const bool backup = service.priority != services->front().priority;
    const auto known = std::ranges::find_if(name.found, [&](const Found& each) {
      const UpstreamServer& server = *each.member.server;
      return server.address == address && server.backup == backup && server.weight == weight;
    });
    auto answer = co_await resolver_.resolve(service.target, dns::Family::kAny, &stop_);
    if (answer) {
      expire(name.next_look, answer->ttl);
      auto where = endpoints(*answer, service.port);
      if (known != name.found.end() && is_same(known->member.where, where)) where = known->member.where;
      auto server = known != name.found.end() ? known->member.server : pool_->make_server(address, weight, backup);
      all.push_back({.member = {.server = std::move(server), .where = std::move(where)}, .good = worker_.now()});
      continue;
    }
    // The others may do, and where this one was is not forgotten by one answer that did not come.
    name.next_look = std::min(name.next_look, kAgain);
    if (known != name.found.end() && still_holds(*known)) all.push_back(*known);
  }
  if (all.empty()) co_return fail(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound);
  name.found = std::move(all);
  co_return Result<void>();
}

void Discovery::tell_how(Name& name, const Result<void>& outcome) {
  const bool was_failing = std::exchange(name.is_failing, !outcome);
  if (outcome) {
    if (was_failing) tell_("upstream " + pool_->options().name + ": " + name.text + " resolves again");
    return;
  }
  name.next_look = std::min(name.next_look, kAgain);
  if (!was_failing) {
    tell_("upstream " + pool_->options().name + ": " + name.text + " does not resolve (" + describe(outcome.error()) +
          ")");
  }
  forget(name);
}

void Discovery::forget(Name& name) {
  if (!is_server(name)) {
    std::erase_if(name.found, [this](const Found& each) { return !still_holds(each); });
  } else if (!still_holds(name.found.front())) {
    name.found.front().member.where.clear();
  }
}

void Discovery::publish() {
  auto members = fixed_;
  for (const Name& name : names_) {
    for (const Found& each : name.found) members.push_back(each.member);
  }
  const bool same = std::ranges::equal(pool_->members(), members, [](const auto& a, const auto& b) {
    return a.server == b.server && a.where == b.where;
  });
  if (!same) pool_->set_members(std::move(members));
}

bool Discovery::is_server(const Name& name) const noexcept {
  return &name - names_.data() < static_cast<std::ptrdiff_t>(servers_);
}

bool Discovery::still_holds(const Found& found) const noexcept {
  const UpstreamOptions& options = pool_->options();
  const bool keeps = !options.discover || options.discover->keep;
  return keeps && found.good != runtime::TimePoint() && worker_.now() - found.good < options.resolve.stale;
}

}  // namespace flare::handlers
