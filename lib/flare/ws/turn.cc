#include "flare/ws/turn.h"

#include "flare/base/random.h"

namespace flare::ws {

Turn::Turn(runtime::Worker& worker, std::size_t input_bytes, std::size_t output_bytes)
    : worker_(worker), input_(input_bytes), output_(output_bytes), discarded_(4096) {}

void Turn::move_in(Tenant& tenant) {
  if (tenant_ != nullptr) tenant_->leave_turn();
  tenant_ = &tenant;
  output_.clear();
  worker_.before_wait(*this);
}

void Turn::on_wait() {
  if (tenant_ != nullptr) tenant_->leave_turn();
}

void Turn::drain(CloseCode code, std::chrono::milliseconds spread) {
  drain_code_ = code;
  drain_spread_ = spread;
  draining_.cancel();
}

runtime::TimePoint Turn::drain_due() const noexcept {
  const auto spread = static_cast<std::uint64_t>(drain_spread_.count());
  return worker_.now() + std::chrono::milliseconds(spread == 0 ? 0 : random_word() % spread);
}

}  // namespace flare::ws
