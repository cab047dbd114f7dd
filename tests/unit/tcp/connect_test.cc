#include "flare/tcp/connect.h"

#include <gtest/gtest.h>

#include <optional>

#include "flare/tcp/tcp_listener.h"
#include "tests/support/temp_folder.h"

namespace flare::tcp {
namespace {

using runtime::Task;
using std::chrono::milliseconds;

Task<void> connect_into(runtime::Worker& worker, std::vector<net::Endpoint> where, ConnectOptions options,
                        runtime::Cancellation* cancelled, std::optional<Result<TcpStream>>& out) {
  out.emplace(co_await connect(worker, std::move(where), options, cancelled));
}
Task<void> cancel_after(runtime::Worker& worker, milliseconds time, runtime::Cancellation& cancellation) {
  co_await worker.sleep(time);
  cancellation.cancel();
}

class ConnectTest : public testing::Test {
 protected:
  TcpListener listen(int backlog = 16) {
    auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0), {.backlog = backlog});
    if (!listener) std::abort();
    return std::move(*listener);
  }
  /// Where nobody listens.
  net::Endpoint refusing() {
    TcpListener listener = listen();
    auto where = *listener.local_addr();
    listener.close();
    return where;
  }
  /// Where nobody answers: Linux leaves SYNs alone once the queue is full.
  net::Endpoint silent() {
    silent_listener.emplace(listen(0));
    const auto where = *silent_listener->local_addr();
    for (int i = 0; i < 4; ++i) fillers.push_back(std::move(net::begin_connect(where)->fd));
    return where;
  }
  Result<TcpStream> race(std::vector<net::Endpoint> where, ConnectOptions options = {},
                         runtime::Cancellation* cancelled = nullptr) {
    std::optional<Result<TcpStream>> out;
    worker.spawn(connect_into(worker, std::move(where), options, cancelled, out));
    for (int turns = 0; worker.active_tasks() != 0 && turns < 10'000; ++turns) worker.run_once(milliseconds(1000));
    EXPECT_EQ(worker.active_tasks(), 0U) << "no attempt is left";
    return std::move(*out);
  }
  static Error upstream(ErrorKind kind) { return {.kind = kind, .source = ErrorSource::kUpstream}; }

  runtime::Worker worker;
  std::optional<TcpListener> silent_listener;
  std::vector<net::UniqueFd> fillers;
};

TEST_F(ConnectTest, ConnectsToTheOnlyAddress) {
  TcpListener listener = listen();
  const auto stream = race({*listener.local_addr()});
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->socket().peer_addr(), listener.local_addr());
}

TEST_F(ConnectTest, ARefusalStartsTheNextAtOnce) {
  TcpListener listener = listen();
  const auto stream = race({refusing(), refusing(), *listener.local_addr()}, {.attempt_delay = std::chrono::hours(1)});
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->socket().peer_addr(), listener.local_addr());
}

TEST_F(ConnectTest, SilenceStartsTheNextBesideIt) {
  TcpListener listener = listen();
  const auto stream =
      race({silent(), *listener.local_addr()}, {.timeout = std::chrono::hours(1), .attempt_delay = milliseconds(20)});
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->socket().peer_addr(), listener.local_addr());
}

TEST_F(ConnectTest, AFailureAtOnceHurriesTheNextOneOnly) {  // RFC 8305 §5
  test::TempFolder folder;
  const net::Endpoint missing = net::UnixPath{(folder / "none").string()};
  TcpListener listener = listen();
  const auto stream = race({missing, silent(), *listener.local_addr()},
                           {.timeout = milliseconds(60), .attempt_delay = std::chrono::hours(1)});
  ASSERT_FALSE(stream) << "the third has to wait for the second";
  EXPECT_EQ(stream.error(), upstream(ErrorKind::kTimeout));
}

TEST_F(ConnectTest, AllTogetherHaveOneTimeout) {
  const net::Endpoint nobody = silent();
  const auto stream = race({nobody, nobody, nobody}, {.timeout = milliseconds(60), .attempt_delay = milliseconds(10)});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error(), upstream(ErrorKind::kTimeout));
}

TEST_F(ConnectTest, TheLastFailureIsGivenWithItsType) {
  const auto stream = race({refusing(), refusing()});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::kConnectionRefused);
  EXPECT_EQ(stream.error().source, ErrorSource::kUpstream);
}

TEST_F(ConnectTest, NoAddressIsAnErrorToo) {
  const auto stream = race({});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error(), upstream(ErrorKind::kAddressNotAvailable));
}

TEST_F(ConnectTest, ACancellationEndsAllAttemptsAtOnce) {
  runtime::Cancellation cancellation;
  worker.spawn(cancel_after(worker, milliseconds(30), cancellation));
  const net::Endpoint nobody = silent();
  const auto stream =
      race({nobody, nobody}, {.timeout = std::chrono::hours(1), .attempt_delay = milliseconds(1)}, &cancellation);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error(), upstream(ErrorKind::kCancelled));
  const auto late = race({nobody}, {}, &cancellation);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), upstream(ErrorKind::kCancelled));
}

TEST_F(ConnectTest, UnixSocketsCountAsAddresses) {
  test::TempFolder folder;
  const net::Endpoint where = net::UnixPath{(folder / "socket").string()};
  const net::Endpoint missing = net::UnixPath{(folder / "none").string()};
  const auto listener = TcpListener::bind(worker, where);
  ASSERT_TRUE(listener);
  EXPECT_TRUE(race({missing, where}));
  const auto stream = race({missing});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().sys_errno, ENOENT);
}

TEST(ConnectAtShutdown, AttemptsThatAreUnderWayEndWithTheirWorker) {
  std::optional<Result<TcpStream>> out;
  {
    runtime::Worker worker;
    auto listener = TcpListener::bind(worker, net::SocketAddr::localhost(0), {.backlog = 0});
    ASSERT_TRUE(listener);
    const auto where = *listener->local_addr();
    std::vector<net::UniqueFd> fillers;
    for (int i = 0; i < 4; ++i) fillers.push_back(std::move(net::begin_connect(where)->fd));
    worker.spawn(connect_into(worker, {where}, {}, nullptr, out));
    listener->close();
  }
  EXPECT_FALSE(out);
}

TEST(Interleave, TakesTurnsBetweenFamiliesTheFirstOnesFirst) {
  const auto v4 = [](std::uint16_t port) { return net::SocketAddr(net::IpAddr::localhost(), port); };
  const auto v6 = [](std::uint16_t port) { return net::SocketAddr(net::IpAddr::localhost_v6(), port); };
  EXPECT_EQ(interleave({v6(1), v6(2), v6(3), v4(4)}), (std::vector<net::Endpoint>{v6(1), v4(4), v6(2), v6(3)}));
  EXPECT_EQ(interleave({v4(1), v4(2), v6(3)}), (std::vector<net::Endpoint>{v4(1), v6(3), v4(2)}));
  EXPECT_EQ(interleave({v4(1)}), (std::vector<net::Endpoint>{v4(1)}));
  EXPECT_TRUE(interleave({}).empty());
}

}  // namespace
}  // namespace flare::tcp
