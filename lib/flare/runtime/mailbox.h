// How threads hand things over to one of them: no lock, no order lost.
#pragma once

#include <atomic>
#include <utility>

namespace flare::runtime {

/// Any thread puts, one takes. A stack of nodes whose top is swapped: a thread that is stopped in the midst of put()
/// holds up nobody. What one thread puts is taken in that order.
template <class T>
class Mailbox {
 public:
  Mailbox() noexcept = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() {
    for (Node* node = top_.load(std::memory_order_acquire); node != nullptr;) delete std::exchange(node, node->next);
  }

  /// True: it was empty, and whoever takes has to be told; what others put meanwhile, it will find.
  bool put(T what) {
    Node* before = top_.load(std::memory_order_relaxed);
    Node* const node = new Node{std::move(what), before};
    while (!top_.compare_exchange_weak(before, node, std::memory_order_release, std::memory_order_relaxed))
      node->next = before;
    return before == nullptr;  // the node itself may have been taken by now
  }

  /// Calls visit(T&&) for all that is there, the oldest first.
  template <class Visit>
  void take_all(Visit visit) {
    Node* node = turn_round(top_.exchange(nullptr, std::memory_order_acquire));
    const Rest rest{node};  // visit() may throw
    while (node != nullptr) {
      Node* const each = std::exchange(node, node->next);
      T what = std::move(each->what);
      delete each;
      visit(std::move(what));
    }
  }

 private:
  struct Node {
    T what;
    Node* next;
  };
  struct Rest {
    Node*& node;
    ~Rest() {
      while (node != nullptr) delete std::exchange(node, node->next);
    }
  };

  static Node* turn_round(Node* top) noexcept {
    Node* oldest = nullptr;
    while (top != nullptr) {
      Node* const next = std::exchange(top->next, oldest);
      oldest = std::exchange(top, next);
    }
    return oldest;
  }

  std::atomic<Node*> top_ = nullptr;
};

}  // namespace flare::runtime
