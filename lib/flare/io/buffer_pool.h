// A worker's receive buffers: who has input to keep borrows one, who waits for input holds none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace flare::io {

/// Buffers of one size; those that come back are given out again, the last one first, and at most `keep` wait for that.
/// Belongs to one worker and outlives what it lent.
class BufferPool {
 public:
  explicit BufferPool(std::size_t size, std::size_t keep = 64) : size_(size), keep_(keep) { free_.reserve(keep); }
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A borrowed buffer, or none; comes back on destruction.
  class Lease {
   public:
    Lease() noexcept = default;
    Lease(Lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), bytes_(std::move(other.bytes_)) {}
    Lease& operator=(Lease&& other) noexcept {
      reset();
      pool_ = std::exchange(other.pool_, nullptr);
      bytes_ = std::move(other.bytes_);
      return *this;
    }
    ~Lease() { reset(); }

    [[nodiscard]] explicit operator bool() const noexcept { return pool_ != nullptr; }
    [[nodiscard]] char* data() const noexcept { return bytes_.get(); }
    [[nodiscard]] std::span<char> bytes() const noexcept { return {bytes_.get(), pool_ != nullptr ? pool_->size_ : 0}; }
    void reset() noexcept {
      if (pool_ != nullptr) std::exchange(pool_, nullptr)->take_back(std::move(bytes_));
    }

   private:
    friend class BufferPool;
    Lease(BufferPool& pool, std::unique_ptr<char[]> bytes) noexcept : pool_(&pool), bytes_(std::move(bytes)) {}

    BufferPool* pool_ = nullptr;
    std::unique_ptr<char[]> bytes_;
  };

  Lease borrow() {
    if (free_.empty()) return {*this, std::make_unique_for_overwrite<char[]>(size_)};
    std::unique_ptr<char[]> bytes = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(bytes)};
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// How many wait to be borrowed.
  [[nodiscard]] std::size_t idle() const noexcept { return free_.size(); }

 private:
  void take_back(std::unique_ptr<char[]> bytes) noexcept {
    if (free_.size() < keep_) free_.push_back(std::move(bytes));
  }

  std::size_t size_;
  std::size_t keep_;
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace flare::io
