// What a WebSocket message may cost once things run: counted, not timed. A program of its own, because it counts every
// allocation of the process.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "flare/ws/stream_session.h"
#include "tests/support/memory_stream.h"
#include "tests/support/ws_frames.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

#if FLARE_COUNT_ALLOCATIONS  // a sanitizer has an operator new of its own: the plain builds count
// Not inlined: g++ would hold the halves against each other (-Wmismatched-new-delete).
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace flare::ws {
namespace {

/// A peer in memory that sends the same bytes over and over and allocates nothing. The rest is a stream that works.
struct LoopStream : test::MemoryStream {
  LoopStream(test::Wire& wire, std::string_view bytes, std::size_t turns, std::size_t& sends)
      : MemoryStream(wire), bytes_(bytes), turns_(turns), sends_(&sends) {}

  Result<std::size_t> try_read(std::span<char> into) {
    if (turns_ == 0) return fail(ErrorKind::kClosed);
    if (--turns_ == kMeasured) before_ = allocations.load();
    std::memcpy(into.data(), bytes_.data(), bytes_.size());
    if (turns_ == 0) allocated_in_measured = allocations.load() - before_;
    return bytes_.size();
  }
  Result<std::size_t> try_write(std::string_view bytes, io::Ahead = io::Ahead::kUnknown) {
    ++*sends_;
    return bytes.size();
  }
  Result<std::size_t> try_writev(std::span<const iovec> pieces) {
    ++*sends_;
    std::size_t count = 0;
    for (const iovec& piece : pieces) count += piece.iov_len;
    return count;
  }

  static constexpr std::size_t kMeasured = 100;  ///< turns at the end
  static std::uint64_t allocated_in_measured;

 private:
  std::string_view bytes_;
  std::size_t turns_;
  std::size_t* sends_;
  std::uint64_t before_ = 0;
};
std::uint64_t LoopStream::allocated_in_measured = 0;

runtime::Task<void> echo(Session& session) {
  while (auto message = co_await session.receive()) {
    const auto sent = co_await session.send(*message);
    if (!sent) co_return;
  }
}

struct Cost {
  std::uint64_t allocations = 0;
  std::size_t sends = 0;
};

Cost cost_of(const std::string& turn_bytes, const Agreed& agreed = {}) {
  runtime::Worker worker;
  Turn turn(worker);
  const SessionOptions options;
  const SessionHandler handler = echo;
  test::Wire wire;
  Cost cost;
  LoopStream stream(wire, turn_bytes, 1000, cost.sends);
  worker.spawn(serve_session<LoopStream>(turn, options, agreed, handler, stream, {}));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(0));
  cost.allocations = LoopStream::allocated_in_measured;
  return cost;
}

TEST(WsSteadyState, MessagesAllocateNothingAndAnswersOfATurnLeaveTogether) {
  std::string turn_bytes;
  for (int i = 0; i < 16; ++i) turn_bytes += test::client_frame(Opcode::kText, "a message of thirty-two bytes...");
  turn_bytes += test::client_frame(Opcode::kPing, "p");
  const Cost cost = cost_of(turn_bytes);
  EXPECT_EQ(cost.allocations, 0U);
  EXPECT_EQ(cost.sends, 1000U);
}

TEST(WsSteadyState, CompressedMessagesAllocateNothing) {
  std::string payload;
  Deflater(15).deflate(std::string(500, 'x'), payload);
  const DeflateParams params{.server_no_context_takeover = true, .client_no_context_takeover = true};
  EXPECT_EQ(cost_of(test::client_frame(Opcode::kText, payload, {.rsv1 = true}), {.deflate = params}).allocations, 0U);
}

TEST(WsSteadyState, AnIdleSessionIsSmall) { EXPECT_LE(sizeof(StreamSession<test::MemoryStream>), 512U); }

}  // namespace
}  // namespace flare::ws
