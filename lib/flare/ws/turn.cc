#include "flare/ws/turn.h"

#include "flare/base/random.h"

namespace flare::ws {

std::shared_ptr<Turn> Turn::of(runtime::Worker& worker) {
  static const char key = 0;
  const auto* found = worker.find_local(&key);
  if (found == nullptr) found = &worker.keep_local(&key, std::make_shared<Turn>(worker));
  return std::static_pointer_cast<Turn>(*found);
}

Turn::Turn(runtime::Worker& worker, std::size_t input_bytes, std::size_t output_bytes)
    : Listener(worker.drain_begun()), worker_(worker), input_(input_bytes), output_(output_bytes), discarded_(4096) {
  if (worker.drain_begun().is_cancelled()) draining_.cancel();
}

void Turn::move_in(Tenant& tenant) {
  if (tenant_ != nullptr) tenant_->leave_turn();
  tenant_ = &tenant;
  output_.clear();
  worker_.before_wait(*this);
}

void Turn::on_wait() {
  if (tenant_ != nullptr) tenant_->leave_turn();
}

void Turn::drain(CloseCode code) {
  drain_code_ = code;
  draining_.cancel();
}

runtime::TimePoint moment_within(runtime::TimePoint now, std::chrono::milliseconds spread) noexcept {
  const auto most = static_cast<std::uint64_t>(spread.count());
  return now + std::chrono::milliseconds(most == 0 ? 0 : random_word() % most);
}

}  // namespace flare::ws
