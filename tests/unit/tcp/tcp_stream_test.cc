#include "flare/tcp/tcp_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "flare/runtime/worker.h"
#include "flare/tcp/tcp_listener.h"
#include "tests/support/temp_folder.h"

namespace flare::tcp {
namespace {

using runtime::Task;
using std::chrono::milliseconds;

void run_until_idle(runtime::Worker& worker) {
  for (int turns = 0; worker.active_tasks() != 0 && turns < 10'000; ++turns) worker.run_once(milliseconds(1000));
  EXPECT_EQ(worker.active_tasks(), 0U);
}

Task<void> accept_into(TcpListener& listener, std::optional<Result<Accepted>>& out) {
  out.emplace(co_await listener.accept());
}
Task<void> connect_into(runtime::Worker& worker, net::Endpoint where, milliseconds timeout,
                        std::optional<Result<TcpStream>>& out) {
  out.emplace(co_await TcpStream::connect(worker, std::move(where), timeout));
}

/// Two ends of one connection, on one worker.
struct Connected {
  explicit Connected(const net::Endpoint& where = net::SocketAddr::localhost(0)) {
    auto listener = TcpListener::bind(worker, where);
    if (!listener) std::abort();
    const auto local = listener->local_addr();
    worker.spawn(accept_into(*listener, accepted));
    worker.spawn(connect_into(worker, *local, milliseconds(5000), client_outcome));
    run_until_idle(worker);
    if (!accepted || !*accepted || !client_outcome || !*client_outcome) std::abort();
  }
  TcpStream& server() { return (*accepted)->stream; }
  TcpStream& client() { return **client_outcome; }
  /// Closing with unread bytes resets the connection (RFC 9293 §3.10.4, RFC 2525 §2.17).
  void reset_by_server() {
    ASSERT_EQ(client().try_write("never read").value_or(0), 10U);
    server().close();
  }

  runtime::Worker worker;
  std::optional<Result<Accepted>> accepted;
  std::optional<Result<TcpStream>> client_outcome;
};

Task<void> read_to_end(TcpStream& stream, std::string& into, std::optional<ErrorKind>& end) {
  std::array<char, 3000> piece{};
  for (;;) {
    const auto count = co_await stream.read(piece);
    if (!count) {
      end = count.error().kind;
      co_return;
    }
    into.append(piece.data(), *count);
  }
}
Task<void> write_then_close(TcpStream& stream, std::string bytes, Result<void>& outcome) {
  outcome = co_await stream.write_all(bytes);
  if (outcome) outcome = stream.shutdown_write();
}

TEST(TcpStream, ConnectsAndNamesBothEnds) {
  Connected pair;
  const auto seen = pair.client().socket().local_addr();
  ASSERT_TRUE(seen);
  EXPECT_EQ((*pair.accepted)->peer, *seen->address());
  EXPECT_EQ(pair.worker.counters().accepts.value(), 1U);
}

TEST(TcpStream, CarriesMoreThanTheKernelTakesAtOnceToAnOrderlyEnd) {
  Connected pair;
  std::string bytes;
  for (std::size_t i = 0; i < 8'000'000; ++i) bytes += static_cast<char>('a' + i % 23);
  std::string got;
  std::optional<ErrorKind> end;
  Result<void> written;
  pair.worker.spawn(write_then_close(pair.client(), bytes, written));
  pair.worker.spawn(read_to_end(pair.server(), got, end));
  run_until_idle(pair.worker);
  EXPECT_TRUE(written);
  EXPECT_EQ(end, ErrorKind::kClosed);
  EXPECT_TRUE(got == bytes);
  EXPECT_EQ(pair.worker.counters().bytes_out.value(), bytes.size());
  EXPECT_EQ(pair.worker.counters().bytes_in.value(), bytes.size());
}

TEST(TcpStream, ACorkHoldsBackWhatIsLessThanASegment) {
  Connected pair;
  std::array<char, 100> into{};
  pair.server().set_cork(true);
  ASSERT_EQ(pair.server().try_write("part").value_or(0), 4U);
  const auto early = pair.client().try_read(into);
  EXPECT_TRUE(!early && early.error().kind == ErrorKind::kWouldBlock);
  pair.server().set_cork(false);
  EXPECT_EQ(pair.client().try_read(into).value_or(0), 4U);
}

Task<void> exchange(TcpStream& stream, int file, std::vector<std::string>& log) {
  std::string head = "he";
  std::string tail = "llo";
  const std::array<iovec, 2> pieces{iovec{head.data(), head.size()}, iovec{tail.data(), tail.size()}};
  log.push_back(std::to_string((co_await stream.writev(pieces)).value_or(0)));
  log.push_back(std::to_string((co_await stream.send_file(file, 2, 3)).value_or(0)));
  log.push_back(std::to_string((co_await stream.send_file(file, 1000, 3)).value_or(99)));
  static_cast<void>(stream.shutdown_write());
}
Task<void> read_exactly(TcpStream& stream, std::string& into, std::size_t count, Result<void>& outcome) {
  into.resize(count);
  outcome = co_await stream.read_exact(into);
}

TEST(TcpStream, WritesGatheredPiecesAndFileRanges) {
  Connected pair;
  test::TempFolder folder;
  folder.write("file", "0123456789");
  const net::UniqueFd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  std::vector<std::string> log;
  std::string got;
  Result<void> outcome;
  pair.worker.spawn(exchange(pair.client(), file.get(), log));
  pair.worker.spawn(read_exactly(pair.server(), got, 8, outcome));
  run_until_idle(pair.worker);
  EXPECT_EQ(log, (std::vector<std::string>{"5", "3", "0"})) << "behind its end a file gives nothing";
  EXPECT_TRUE(outcome);
  EXPECT_EQ(got, "hello234");
}

TEST(TcpStream, ReadingExactlyMoreThanThereIsEndsClosed) {
  Connected pair;
  std::string got;
  Result<void> read, written;
  pair.worker.spawn(write_then_close(pair.client(), "abc", written));
  pair.worker.spawn(read_exactly(pair.server(), got, 4, read));
  run_until_idle(pair.worker);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kClosed);
}

TEST(TcpStream, AResetIsNoOrderlyEnd) {
  Connected pair;
  std::string got;
  std::optional<ErrorKind> end;
  pair.worker.spawn(read_to_end(pair.client(), got, end));
  EXPECT_FALSE(end);
  pair.reset_by_server();
  run_until_idle(pair.worker);
  EXPECT_EQ(end, ErrorKind::kConnectionReset);
  const auto written = pair.client().try_write("x");
  ASSERT_FALSE(written) << "and no SIGPIPE";
  EXPECT_EQ(written.error().kind, ErrorKind::kBrokenPipe);
}

TEST(TcpStream, ADeadlineEndsTheWait) {
  Connected pair;
  std::string got;
  std::optional<ErrorKind> end;
  pair.client().set_deadline(pair.worker.now() + milliseconds(30));
  pair.worker.spawn(read_to_end(pair.client(), got, end));
  run_until_idle(pair.worker);
  EXPECT_EQ(end, ErrorKind::kTimeout);
}

TEST(TcpStream, ADrainEndsTheWaitOfAnIdleOneOnly) {
  Connected pair;
  std::string from_client, from_server;
  std::optional<ErrorKind> idle_end, busy_end;
  pair.server().set_idle(true);
  pair.worker.spawn(read_to_end(pair.server(), from_client, idle_end));
  pair.worker.spawn(read_to_end(pair.client(), from_server, busy_end));
  pair.worker.drain();
  pair.worker.run_once(milliseconds(1000));
  EXPECT_EQ(idle_end, ErrorKind::kCancelled);
  EXPECT_FALSE(busy_end);
  pair.server().close();
  run_until_idle(pair.worker);
  EXPECT_EQ(busy_end, ErrorKind::kClosed);
}

TEST(TcpStream, AConnectionThatEndsAsItBeginsIsConnected) {  // one event says both, to a stream that moves meanwhile
  runtime::Worker worker;
  auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(listener);
  std::optional<Result<TcpStream>> outcome;
  worker.spawn(connect_into(worker, *listener->local_addr(), milliseconds(5000), outcome));
  ASSERT_TRUE(listener->try_accept()) << "and closed at once";
  run_until_idle(worker);
  ASSERT_TRUE(outcome && *outcome);
  std::string got;
  std::optional<ErrorKind> end;
  worker.spawn(read_to_end(**outcome, got, end));
  run_until_idle(worker);
  EXPECT_EQ(end, ErrorKind::kClosed);
}

TEST(TcpStream, TellsWhetherAnythingHasArrivedAndWhenItDoes) {
  Connected pair;
  EXPECT_TRUE(pair.client().is_quiet());
  runtime::Cancellation told;
  pair.client().watch_input(&told);
  pair.worker.run_once(milliseconds(0));
  EXPECT_FALSE(told.is_cancelled());
  ASSERT_TRUE(pair.server().try_write("x"));
  pair.worker.run_once(milliseconds(1000));
  EXPECT_TRUE(told.is_cancelled());
  EXPECT_FALSE(pair.client().is_quiet());
  runtime::Cancellation late;
  pair.client().watch_input(&late);
  EXPECT_TRUE(late.is_cancelled()) << "what is there already counts";
  pair.client().watch_input(nullptr);
}

TEST(TcpStream, NobodyThereIsRefused) {
  runtime::Worker worker;
  auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(listener);
  const auto where = listener->local_addr();
  listener->close();
  std::optional<Result<TcpStream>> outcome;
  worker.spawn(connect_into(worker, *where, milliseconds(5000), outcome));
  run_until_idle(worker);
  ASSERT_TRUE(outcome && !*outcome);
  EXPECT_EQ(outcome->error().kind, ErrorKind::kConnectionRefused);
}

TEST(TcpStream, AnUnansweredConnectTimesOut) {
  runtime::Worker worker;
  // A queue for one that nobody empties: Linux leaves further SYNs unanswered.
  auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0), {.backlog = 0});
  ASSERT_TRUE(listener);
  const auto where = listener->local_addr();
  std::vector<std::optional<Result<TcpStream>>> outcomes(4);
  for (auto& outcome : outcomes) worker.spawn(connect_into(worker, *where, milliseconds(100), outcome));
  run_until_idle(worker);
  ASSERT_TRUE(outcomes.back());
  ASSERT_FALSE(*outcomes.back());
  EXPECT_EQ(outcomes.back()->error().kind, ErrorKind::kTimeout);
}

TEST(TcpStream, ConnectsOverUnixSocketsToo) {
  test::TempFolder folder;
  Connected pair(net::UnixPath{(folder / "socket").string()});
  std::string got;
  std::optional<ErrorKind> end;
  Result<void> written;
  pair.worker.spawn(write_then_close(pair.client(), "hello", written));
  pair.worker.spawn(read_to_end(pair.server(), got, end));
  run_until_idle(pair.worker);
  EXPECT_EQ(got, "hello");
  EXPECT_EQ((*pair.accepted)->peer, net::SocketAddr());
}

TEST(TcpListener, ADrainCancelsAccepting) {
  runtime::Worker worker;
  auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(listener);
  std::optional<Result<Accepted>> outcome;
  worker.spawn(accept_into(*listener, outcome));
  EXPECT_FALSE(outcome);
  worker.drain();
  worker.run();
  ASSERT_TRUE(outcome && !*outcome);
  EXPECT_EQ(outcome->error().kind, ErrorKind::kCancelled);
}

TEST(TcpListener, TwoCannotHaveOneAddress) {
  runtime::Worker worker;
  auto first = TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(first);
  const auto second = TcpListener::bind(worker, *first->local_addr());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kAddressInUse);
}

TEST(TcpListener, WithoutAConnectionAcceptingWouldBlock) {
  runtime::Worker worker;
  auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(listener);
  const auto accepted = listener->try_accept();
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().kind, ErrorKind::kWouldBlock);
}

}  // namespace
}  // namespace flare::tcp
