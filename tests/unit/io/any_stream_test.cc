#include "flare/io/any_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <coroutine>
#include <string>
#include <utility>

#include "flare/runtime/worker.h"
#include "tests/support/memory_stream.h"

namespace flare::io {
namespace {

/// Blocks until its waiter is resumed by hand.
struct Blocking : test::MemoryStream {
  Blocking(test::Wire& wire, std::coroutine_handle<>& place) : MemoryStream(wire), waiting(&place) {}
  struct Wait {
    std::coroutine_handle<>* waiting;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const noexcept { *waiting = handle; }
    Result<void> await_resume() const noexcept { return fail(ErrorKind::kTimeout); }
  };
  Wait readable() { return {waiting}; }
  Wait writable() { return {waiting}; }
  std::optional<Result<void>> readable(runtime::ReadyListener& who) {
    listener = &who;
    return std::nullopt;
  }
  std::coroutine_handle<>* waiting;
  static inline runtime::ReadyListener* listener = nullptr;
};

struct Outcome {
  int done = 0;
  Result<void> last;
};
runtime::Task<void> wait_both(AnyStream& stream, Outcome& outcome) {
  outcome.last = co_await stream.readable();
  ++outcome.done;
  outcome.last = co_await stream.writable();
  ++outcome.done;
}

TEST(AnyStream, PassesOnWhatIsReadAndWritten) {
  test::Wire wire;
  wire.arriving = {"hello"};
  OwnedStream<test::MemoryStream> stream{test::MemoryStream(wire)};
  std::array<char, 16> into{};
  EXPECT_EQ(stream.try_read(into), 5U);
  EXPECT_EQ(stream.try_write("ab", Ahead::kUnknown), 2U);
  const iovec piece{into.data(), 5};
  EXPECT_EQ(stream.try_writev({&piece, 1}), 5U);
  EXPECT_EQ(wire.sent, "abhello");
  EXPECT_TRUE(stream.shutdown_write());
  stream.abort();
  EXPECT_TRUE(wire.write_shut && wire.aborted);
}

TEST(AnyStream, WaitsAsItsStreamDoes) {
  runtime::Worker worker;
  test::Wire wire;
  OwnedStream<test::MemoryStream> ready{test::MemoryStream(wire)};
  Outcome outcome;
  worker.spawn(wait_both(ready, outcome));
  EXPECT_EQ(outcome.done, 2);
  EXPECT_TRUE(outcome.last);

  std::coroutine_handle<> waiting;
  OwnedStream<Blocking> blocked{Blocking(wire, waiting)};
  Outcome later;
  worker.spawn(wait_both(blocked, later));
  EXPECT_EQ(later.done, 0);
  Blocking::listener->on_ready(fail(ErrorKind::kTimeout));
  EXPECT_EQ(later.done, 1);
  EXPECT_EQ(later.last.error().kind, ErrorKind::kTimeout);
  later.last = {};
  std::exchange(waiting, {}).resume();
  EXPECT_EQ(later.done, 2);
  EXPECT_EQ(later.last.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(worker.active_tasks(), 0U);
}

}  // namespace
}  // namespace flare::io
