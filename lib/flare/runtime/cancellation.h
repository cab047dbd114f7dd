// Telling work that its result is wanted no more.
#pragma once

#include <utility>

namespace flare::runtime {

/// Set once, by whoever finds that the one who asked has gone; everything that waits on his behalf is told. Belongs to
/// one worker; never allocates.
class Cancellation {
 public:
  /// Hears of it once, from its construction to its destruction. One that comes too late asks is_cancelled() itself.
  class Listener {
   public:
    explicit Listener(Cancellation& cancellation) noexcept : next_(cancellation.first_), link_(&cancellation.first_) {
      if (next_ != nullptr) next_->link_ = &next_;
      *link_ = this;
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() { unlink(); }

   protected:
    /// May end any coroutine, and with it any listener and the cancellation itself.
    virtual void on_cancel() = 0;

   private:
    friend class Cancellation;
    void unlink() noexcept {
      if (link_ == nullptr) return;
      *link_ = next_;
      if (next_ != nullptr) next_->link_ = link_;
      link_ = nullptr;
    }

    Listener* next_;
    Listener** link_;  ///< what points here; nullptr: nothing does
  };

  Cancellation() noexcept = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;
  ~Cancellation() { reset(); }

  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }
  void cancel() {
    cancelled_ = true;
    Listener* first = std::exchange(first_, nullptr);  // the list moves here: this object may not outlive the calls
    if (first != nullptr) first->link_ = &first;
    while (first != nullptr) {
      Listener& listener = *first;
      listener.unlink();
      listener.on_cancel();
    }
  }
  /// As new, for the next one to use; whoever still listens hears nothing more.
  void reset() noexcept {
    while (first_ != nullptr) first_->unlink();
    cancelled_ = false;
  }

 private:
  Listener* first_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace flare::runtime
