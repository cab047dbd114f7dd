// Content on its way from an upstream server to the client: pulled through, never gathered.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flare/handlers/proxy/ask.h"
#include "flare/handlers/proxy/trailers.h"
#include "flare/http/body.h"

namespace flare::handlers::proxy {

/// Holds the connection until the content is complete, whereupon it goes back; it is closed where that does not come to
/// pass.
template <class Stream>
class ProxiedBody final : public http::BodySource {
 public:
  /// `size` counts `first` too, what has come with the head: an error (kWouldBlock) where nothing has.
  ProxiedBody(Answered<Stream> answered, std::optional<std::uint64_t> size, const Result<std::string_view>& first,
              bool with_trailers)
      : from_(std::move(answered.from)),
        upload_(std::move(answered.upload)),
        size_(size),
        with_trailers_(with_trailers) {
    if (first && !first->empty()) first_ = *first;  // an empty one is the end: that is for next() to find
  }

  /// `held` has been received already, and more of it is to come, until the connection ends.
  ProxiedBody(Answered<Stream> answered, std::string held)
      : from_(std::move(answered.from)), upload_(std::move(answered.upload)), held_(std::move(held)) {
    if (!held_.empty()) first_ = held_;
  }

  runtime::Task<Result<std::string_view>> next() override {
    if (first_) co_return *std::exchange(first_, std::nullopt);
    if (!from_) co_return std::string_view();
    auto piece = co_await from_->next();
    if (!piece) broke_off(piece.error());
    if (piece && piece->empty()) {
      if (with_trailers_) trailers_ = Trailers(from_->trailers());
      upload_.reset();
      from_.give_back();
    }
    co_return piece;
  }
  /// Whose size is known is worth a pipe when it is large; TLS has to see the bytes.
  [[nodiscard]] bool can_splice() const noexcept override {
    return std::same_as<Stream, tcp::TcpStream> && size_ && *size_ > kWorthAPipe;
  }
  runtime::Task<Result<std::size_t>> next_into(int pipe) override {
    if (first_ || !from_) co_return std::size_t{0};
    auto count = co_await from_->next_into(pipe);
    if (!count) broke_off(count.error());
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_; }
  [[nodiscard]] bool is_ready() const noexcept override { return first_ || (!size_ && from_ && from_->is_complete()); }
  [[nodiscard]] std::span<const http::Field> trailers() const noexcept override { return trailers_.fields(); }
  void cancel() noexcept override {
    if (from_) from_->cancel();
  }

 private:
  static constexpr std::uint64_t kWorthAPipe = 128 * 1024;

  /// It counts against the server, unless the client did it.
  void broke_off(const Error& error) {
    if (error.kind != ErrorKind::kCancelled) from_.place.failed();
  }

  typename WorkerUpstream<Stream>::Borrowed from_;
  std::unique_ptr<Upload<typename WorkerUpstream<Stream>::Connection>> upload_;  ///< ends before its connection
  std::optional<std::uint64_t> size_;
  bool with_trailers_ = false;  ///< the client takes them
  Trailers trailers_;
  std::string held_;
  std::optional<std::string_view> first_;  ///< has come with the head, or is held
};

}  // namespace flare::handlers::proxy
