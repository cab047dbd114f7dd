// Content on its way from an upstream server to the client: pulled through, never gathered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "flare/handlers/proxy/trailers.h"
#include "flare/http/body.h"
#include "flare/http/client_connection.h"
#include "flare/http/connection_pool.h"

namespace flare::handlers::proxy {

/// Holds the connection until the content is complete, whereupon it goes back to its pool; it is closed where that does
/// not come to pass. `pool` lives as long as `owner`.
template <class Stream>
class ProxiedBody final : public http::BodySource {
 public:
  using Connection = http::ClientConnection<Stream>;
  using Pool = http::ConnectionPool<Connection>;

  /// `size` counts `first` too, what has come with the head: an error (kWouldBlock) where nothing has.
  ProxiedBody(std::shared_ptr<const void> owner, Pool& pool, typename Pool::Lease lease,
              std::optional<std::uint64_t> size, const Result<std::string_view>& first, bool with_trailers)
      : owner_(std::move(owner)), pool_(pool), lease_(std::move(lease)), size_(size), with_trailers_(with_trailers) {
    if (first) first_ = *first;
  }

  runtime::Task<Result<std::string_view>> next() override {
    if (first_) co_return *std::exchange(first_, std::nullopt);
    if (!lease_) co_return std::string_view();
    auto piece = co_await lease_->next();
    if (piece && piece->empty()) give_back();
    co_return piece;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_; }
  [[nodiscard]] bool is_ready() const noexcept override { return first_.has_value(); }
  [[nodiscard]] std::span<const http::Field> trailers() const noexcept override { return trailers_.fields(); }
  void cancel() noexcept override {
    if (lease_) lease_->cancel();
  }

 private:
  void give_back() {
    if (with_trailers_) trailers_ = Trailers(lease_->trailers());
    if (lease_->finish()) pool_.put(std::move(lease_));
    lease_ = {};
  }

  std::shared_ptr<const void> owner_;
  Pool& pool_;
  typename Pool::Lease lease_;
  std::optional<std::uint64_t> size_;
  bool with_trailers_;  ///< the client takes them
  Trailers trailers_;
  std::optional<std::string_view> first_;  ///< has come with the head
};

}  // namespace flare::handlers::proxy
