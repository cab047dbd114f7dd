#include "flare/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "flare/base/exception.h"

namespace flare::tls {
namespace {

constexpr std::size_t kMostKept = 64;

}  // namespace

TicketKeys::TicketKeys(std::chrono::seconds rotate, std::size_t keep, Clock::time_point now)
    : rotate_(rotate), keep_(keep), due_((now + rotate).time_since_epoch().count()) {
  if (rotate.count() <= 0) throw std::invalid_argument("ticket keys rotate after at least a second");
  if (keep > kMostKept) throw std::invalid_argument("at most 64 old ticket keys are kept");
  ring_.resize(keep + 2);
  make(ring_.front());
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(ring_.data(), ring_.size() * sizeof(Key)); }

void TicketKeys::make(Key& key) {
  if (RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) != 1 ||
      RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) != 1 ||
      RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) != 1)
    throw Exception("the system gives no random bytes for a ticket key");
}

/// A server that nobody visits makes no keys: what is overdue by several rotations is made up for one by one, so that
/// old ones still leave in time.
void TicketKeys::rotate_if_due(Clock::time_point now) {
  if (now.time_since_epoch().count() < due_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(rotating_);
  const Clock::duration step = rotate_;
  Clock::duration due(due_.load(std::memory_order_relaxed));
  for (std::size_t made = 0; due <= now.time_since_epoch() && made <= keep_ + 1; ++made) {
    const std::uint64_t next = current_.load(std::memory_order_relaxed) + 1;
    make(ring_[next % ring_.size()]);
    current_.store(next, std::memory_order_release);
    due += step;
  }
  if (due <= now.time_since_epoch()) due = now.time_since_epoch() + step;
  due_.store(due.count(), std::memory_order_release);  // whoever reads it reads the new current_ then
}

const TicketKeys::Key& TicketKeys::current(Clock::time_point now) {
  rotate_if_due(now);
  return ring_[current_.load(std::memory_order_acquire) % ring_.size()];
}

TicketKeys::Found TicketKeys::find(std::span<const unsigned char, 16> name, Clock::time_point now) {
  rotate_if_due(now);
  const std::uint64_t newest = current_.load(std::memory_order_acquire);
  const std::uint64_t oldest = newest > keep_ ? newest - keep_ : 0;
  for (std::uint64_t index = newest + 1; index-- > oldest;) {
    const Key& key = ring_[index % ring_.size()];
    if (std::ranges::equal(name, key.name)) return {.key = &key, .is_current = index == newest};
  }
  return {};
}

}  // namespace flare::tls
