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

}  // namespace

Discovery::Discovery(std::shared_ptr<UpstreamPool> pool, runtime::Worker& worker, dns::Resolver& resolver,
                     runtime::Cancellation& stop, Tell tell)
    : pool_(std::move(pool)), worker_(worker), resolver_(resolver), stop_(stop), tell_(std::move(tell)) {
  const UpstreamOptions& options = pool_->options();
  const Members members = pool_->members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].where.empty()) {
      fixed_.push_back(members[i]);
      continue;
    }
    names_.push_back({.text = members[i].server->address, .members = {members[i]}});
    servers_.push_back(options.servers[i]);
  }
  if (options.discover) names_.push_back({.text = options.discover->name, .members = {}});
}

Task<void> Discovery::run(std::function<void()> looked) {
  const UpstreamOptions& options = pool_->options();
  for (bool goes_on = true; goes_on;) {
    next_look_ = options.resolve.max_ttl;
    for (std::size_t i = 0; i < names_.size() && !stop_.is_cancelled(); ++i) {
      Members before = names_[i].members;
      Task<Result<Members>> look = i < servers_.size() ? find_server(servers_[i], std::move(before))
                                   : options.discover->type == Type::kService
                                       ? find_services(*options.discover, std::move(before))
                                       : find_addresses(*options.discover, std::move(before));
      auto found = co_await std::move(look);
      take(names_[i], std::move(found));
    }
    publish();
    if (looked) std::exchange(looked, nullptr)();
    goes_on = co_await worker_.sleep(std::clamp(next_look_, options.resolve.min_ttl, options.resolve.max_ttl), stop_);
  }
}

Task<Result<Discovery::Members>> Discovery::find_server(const ServerOptions& server, Members before) {
  const auto name = ServerName::parse(server.address);
  auto answer = co_await resolver_.resolve(name->host, dns::Family::kAny, &stop_);
  if (!answer) co_return std::unexpected(answer.error());
  expires(answer->ttl);
  auto where = endpoints(*answer, name->port);
  if (!is_same(before.front().where, where)) before.front().where = std::move(where);
  co_return before;
}

Task<Result<Discovery::Members>> Discovery::find_addresses(const DiscoverOptions& discover, Members before) {
  auto answer = co_await resolver_.resolve(discover.name, family_of(discover.type), &stop_);
  if (!answer) co_return std::unexpected(answer.error());
  expires(answer->ttl);
  Members found;
  for (const net::Endpoint& where : endpoints(*answer, discover.port)) {
    const std::string address = where.to_string();
    const auto known = std::ranges::find_if(before, [&](const auto& each) { return each.server->address == address; });
    found.push_back(
        {.server = known != before.end() ? known->server : pool_->make_server(address, 1, false), .where = {where}});
  }
  co_return found;
}

/// The services of the least priority are the servers, the others their backups (RFC 2782).
Task<Result<Discovery::Members>> Discovery::find_services(const DiscoverOptions& discover, Members before) {
  auto services = co_await resolver_.resolve_service(discover.name, &stop_);
  if (!services) co_return std::unexpected(services.error());
  Members found;
  for (const dns::Service& service : *services) {
    expires(service.ttl);
    auto answer = co_await resolver_.resolve(service.target, dns::Family::kAny, &stop_);
    if (!answer) continue;  // the others may do
    expires(answer->ttl);
    const std::string address = service.target + ":" + std::to_string(service.port);
    const bool backup = service.priority != services->front().priority;
    const auto known = std::ranges::find_if(before, [&](const auto& each) {
      return each.server->address == address && each.server->backup == backup &&
             each.server->weight == std::max<std::uint32_t>(1, service.weight);
    });
    auto where = endpoints(*answer, service.port);
    if (known != before.end() && is_same(known->where, where)) where = known->where;
    found.push_back(
        {.server = known != before.end() ? known->server : pool_->make_server(address, service.weight, backup),
         .where = std::move(where)});
  }
  if (found.empty()) co_return fail(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound);
  co_return found;
}

void Discovery::take(Name& name, Result<Members> found) {
  const UpstreamOptions& options = pool_->options();
  if (found) {
    if (name.is_failing) tell_("upstream " + options.name + ": " + name.text + " resolves again");
    name.is_failing = false;
    name.good = worker_.now();
    name.members = std::move(*found);
    return;
  }
  if (stop_.is_cancelled()) return;
  next_look_ = std::min(next_look_, kAgain);
  if (!std::exchange(name.is_failing, true))
    tell_("upstream " + options.name + ": " + name.text + " does not resolve (" + describe(found.error()) + ")");
  const bool keeps = !options.discover || options.discover->keep;
  if (keeps && name.good != runtime::TimePoint() && worker_.now() - name.good < options.resolve.stale) return;
  const bool is_server = &name - names_.data() < static_cast<std::ptrdiff_t>(servers_.size());
  if (is_server) {
    name.members.front().where.clear();
  } else {
    name.members.clear();
  }
}

void Discovery::publish() {
  Members members = fixed_;
  for (const Name& name : names_) members.insert(members.end(), name.members.begin(), name.members.end());
  const Members before = pool_->members();
  const bool same = std::ranges::equal(
      before, members, [](const auto& a, const auto& b) { return a.server == b.server && a.where == b.where; });
  if (!same) pool_->set_members(std::move(members));
}

void Discovery::expires(std::chrono::seconds ttl) {
  if (ttl.count() == 0) ttl = kHostsFile;
  next_look_ = std::min(next_look_, std::chrono::milliseconds(std::min(ttl, std::chrono::seconds(86'400))));
}

}  // namespace flare::handlers
