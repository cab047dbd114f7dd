#include "flare/dns/resolver.h"

#include <optional>
#include <utility>

#include "flare/dns/channel.h"

namespace flare::dns {
namespace {

/// co_await: until the lookup is done, or cancelled; false: cancelled.
class Wait final {
 public:
  Wait(std::shared_ptr<Lookup> lookup, runtime::Cancellation* cancelled) : lookup_(std::move(lookup)) {
    if (cancelled != nullptr) listener_.emplace(*cancelled, *lookup_);
  }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait() { lookup_->waiting = {}; }

  bool await_ready() const noexcept { return lookup_->done; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept { lookup_->waiting = waiting; }
  bool await_resume() const noexcept { return lookup_->done; }

 private:
  struct Listener final : runtime::Cancellation::Listener {
    Listener(runtime::Cancellation& cancellation, Lookup& of) noexcept
        : runtime::Cancellation::Listener(cancellation), lookup(of) {}
    void on_cancel() override {
      if (lookup.waiting) std::exchange(lookup.waiting, {}).resume();
    }
    Lookup& lookup;
  };

  std::shared_ptr<Lookup> lookup_;
  std::optional<Listener> listener_;
};

Error error_of(int status) noexcept {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME: return Error::of(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound);
    case ARES_ETIMEOUT: return Error::of(ErrorKind::kTimeout, Reason::kDnsTimeout);
    case ARES_ENOMEM: return Error::of(ErrorKind::kResource, Reason::kDnsFailed);
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return Error::of(ErrorKind::kCancelled);
    default: return Error::of(ErrorKind::kUnreachable, Reason::kDnsFailed);
  }
}

std::unexpected<Error> upstream(Error error) noexcept {
  error.source = ErrorSource::kUpstream;
  return std::unexpected(error);
}

bool fits(const net::IpAddr& ip, Family family) noexcept {
  return family == Family::kAny || ip.is_v6() == (family == Family::kV6);
}

}  // namespace

Resolver::Resolver(runtime::Worker& worker, const ResolverOptions& options)
    : channel_(std::make_unique<Channel>(worker, options)) {}
Resolver::~Resolver() = default;

runtime::Task<Result<Answer>> Resolver::resolve(std::string name, Family family, runtime::Cancellation* cancelled) {
  if (const auto ip = net::IpAddr::try_parse(name)) {
    if (!fits(*ip, family)) co_return upstream(error_of(ARES_ENODATA));
    Answer answer{.addresses = {}, .ttl = std::chrono::seconds::max()};
    answer.addresses.push_back({.ip = *ip, .ttl = answer.ttl});
    co_return answer;
  }
  if (cancelled != nullptr && cancelled->is_cancelled()) co_return upstream(Error::of(ErrorKind::kCancelled));
  const auto lookup = std::make_shared<Lookup>();
  channel_->ask_addresses(name, family, lookup);
  Wait wait(lookup, cancelled);
  const bool done = co_await wait;
  if (!done) co_return upstream(Error::of(ErrorKind::kCancelled));
  if (lookup->status != ARES_SUCCESS) co_return upstream(error_of(lookup->status));
  co_return std::move(lookup->answer);
}

runtime::Task<Result<std::vector<Service>>> Resolver::resolve_service(std::string name,
                                                                      runtime::Cancellation* cancelled) {
  if (cancelled != nullptr && cancelled->is_cancelled()) co_return upstream(Error::of(ErrorKind::kCancelled));
  const auto lookup = std::make_shared<Lookup>();
  channel_->ask_services(name, lookup);
  Wait wait(lookup, cancelled);
  const bool done = co_await wait;
  if (!done) co_return upstream(Error::of(ErrorKind::kCancelled));
  if (lookup->status != ARES_SUCCESS) co_return upstream(error_of(lookup->status));
  co_return std::move(lookup->services);
}

}  // namespace flare::dns
