#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "flare/base/exception.h"
#include "flare/net/unique_fd.h"
#include "flare/runtime/reactor.h"
#include "flare/runtime/wakeup.h"

namespace flare::runtime {
namespace {

class EpollReactor final : public Reactor {
 public:
  EpollReactor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw_error("cannot create an epoll instance", Error::from_errno(errno));
    if (auto added = add(wakeup_.fd(), kWakeupToken, Interest::kRead, Trigger::kLevel); !added) {
      throw_error("cannot watch the wake-up descriptor", added.error());
    }
  }

  Result<void> add(int fd, Token token, Interest interest, Trigger trigger) override {
    return control(EPOLL_CTL_ADD, fd, token, interest, trigger);
  }
  Result<void> modify(int fd, Token token, Interest interest, Trigger trigger) override {
    return control(EPOLL_CTL_MOD, fd, token, interest, trigger);
  }
  Result<void> remove(int fd) override {
    ++calls_.controls;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) != 0) return fail_errno(errno);
    return {};
  }

  std::span<const Event> poll(std::optional<std::chrono::milliseconds> timeout) override {
    ++calls_.waits;
    const int count = ::epoll_wait(epoll_.get(), native_.data(), static_cast<int>(native_.size()), to_native(timeout));
    // EINTR is a turn in which nothing happened; other errors are impossible for a valid epoll descriptor.
    const std::size_t ready = count > 0 ? static_cast<std::size_t>(count) : 0;
    for (std::size_t i = 0; i < ready; ++i) {
      const auto [flags, data] = native_[i];
      if (data.u64 == kWakeupToken) wakeup_.clear();
      events_[i] = {.token = data.u64,
                    .readable = (flags & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0,
                    .writable = (flags & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0,
                    .hung_up = (flags & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0};
    }
    return {events_.data(), ready};
  }

  void wakeup() noexcept override { wakeup_.notify(); }
  ReactorCalls calls() const noexcept override { return calls_; }

 private:
  static constexpr std::size_t kBatch = 256;

  static int to_native(std::optional<std::chrono::milliseconds> timeout) noexcept {
    if (!timeout) return -1;
    return static_cast<int>(std::clamp<std::int64_t>(timeout->count(), 0, INT_MAX));
  }

  Result<void> control(int operation, int fd, Token token, Interest interest, Trigger trigger) {
    ++calls_.controls;
    const auto bits = static_cast<std::uint8_t>(interest);
    epoll_event event{};
    event.data.u64 = token;
    if ((bits & static_cast<std::uint8_t>(Interest::kRead)) != 0) event.events |= EPOLLIN;
    if ((bits & static_cast<std::uint8_t>(Interest::kWrite)) != 0) event.events |= EPOLLOUT;
    switch (trigger) {
      case Trigger::kEdge: event.events |= EPOLLET | EPOLLRDHUP; break;
      case Trigger::kLevel: break;
      case Trigger::kLevelExclusive: event.events |= EPOLLEXCLUSIVE; break;
    }
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return fail_errno(errno);
    return {};
  }

  net::UniqueFd epoll_;
  Wakeup wakeup_;
  ReactorCalls calls_;
  std::array<epoll_event, kBatch> native_{};
  std::array<Event, kBatch> events_{};
};

}  // namespace

std::unique_ptr<Reactor> make_reactor() { return std::make_unique<EpollReactor>(); }

}  // namespace flare::runtime
