#include "flare/handlers/split.h"

#include <utility>

#include "flare/base/random.h"

namespace flare::handlers {

Split::Split(http::Handler handler, http::Handler other, double share, std::optional<HashKey> by)
    : handler_(std::move(handler)), other_(std::move(other)), share_(share), by_(std::move(by)) {}

http::Reply Split::operator()(http::Request& request) const {
  const std::uint64_t word = by_ ? by_->hash(request) >> 32 : random_word();
  const bool is_other = static_cast<double>(word) < share_ * 0x1p32;
  return is_other ? other_(request) : handler_(request);
}

}  // namespace flare::handlers
