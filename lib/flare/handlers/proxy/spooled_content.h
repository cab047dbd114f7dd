// Content of which the beginning has been kept, in memory, so that it can be sent again (P-14).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flare/http/content.h"

namespace flare::handlers::proxy {

/// Reads at most `most` bytes and what came with the last of them; the rest goes through.
class SpooledContent final : public http::ContentSource {
 public:
  explicit SpooledContent(std::unique_ptr<http::ContentSource> from) noexcept : from_(std::move(from)) {}

  /// True: all of it is here, in bytes(). Rare, so it keeps out of its caller's frame.
  [[gnu::noinline]] runtime::Task<Result<bool>> spool(std::size_t most) {
    while (bytes_.size() < most) {
      const auto piece = co_await from_->next();
      if (!piece) co_return std::unexpected(piece.error());
      if (piece->empty()) co_return true;
      bytes_.append(*piece);
    }
    co_return false;
  }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

  runtime::Task<Result<std::string_view>> next() override {
    if (!given_ && !bytes_.empty()) {
      given_ = true;
      co_return bytes_;
    }
    bytes_ = {};
    auto piece = co_await from_->next();
    co_return piece;
  }
  runtime::Task<Result<void>> invite() override { return from_->invite(); }
  void interrupt() noexcept override { from_->interrupt(); }
  [[nodiscard]] std::span<const http::Field> trailers() const noexcept override { return from_->trailers(); }

 private:
  std::unique_ptr<http::ContentSource> from_;
  std::string bytes_;
  bool given_ = false;
};

}  // namespace flare::handlers::proxy
