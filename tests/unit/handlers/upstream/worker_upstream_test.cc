#include "flare/handlers/upstream/worker_upstream.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flare/handlers/reverse_proxy.h"
#include "flare/tcp/tcp_listener.h"
#include "flare/tcp/tcp_stream.h"
#include "tests/support/parsed_request.h"

namespace flare::handlers {
namespace {

using runtime::Task;
using runtime::Worker;
using std::chrono::milliseconds;
using Upstream = WorkerUpstream<tcp::TcpStream>;
using Texts = std::vector<std::string>;

UpstreamOptions servers(int count) {
  UpstreamOptions options;
  for (int i = 1; i <= count; ++i) options.servers.push_back({.address = "192.0.2." + std::to_string(i) + ":80"});
  options.max_conns = 1;
  options.queue = {.depth = 10, .wait = std::chrono::hours(1)};
  return options;
}

struct Kept final : runtime::WorkerLocal {
  [[nodiscard]] bool is_expired() const noexcept override { return false; }
};

class WorkerUpstreamTest : public testing::Test {
 protected:
  ~WorkerUpstreamTest() override {
    leaving.cancel();
    patient.cancel();
    until([this] { return worker.active_tasks() == 0 && other.active_tasks() == 0; });
    places.clear();
  }
  void of(UpstreamOptions options) { pool = std::make_shared<UpstreamPool>(std::move(options)); }
  [[nodiscard]] PickRequest request(std::span<const UpstreamServer* const> tried = {}) const {
    return {.now = nanoseconds(worker.now()), .tried = tried};
  }
  /// As a request that has just come.
  bool take(const std::string& name, Worker& on) {
    NoServer why{};
    auto place = Upstream::of(pool, on)->take_place(pool, request(), why);
    if (place) places.emplace(name, std::move(place));
    return places.contains(name);
  }
  bool take(const std::string& name) { return take(name, worker); }
  Task<void> wait(std::string name, Worker& on, runtime::Cancellation& client,
                  std::span<const UpstreamServer* const> tried) {
    auto place = co_await Upstream::of(pool, on)->wait_for_place(pool, request(tried), client);
    order.push_back(name);
    if (!place) failures.emplace(name, place.error());
    if (place) places.emplace(name, std::move(*place));
  }
  void queue(const std::string& name, std::span<const UpstreamServer* const> tried = {}) {
    worker.spawn(wait(name, worker, patient, tried));
  }
  /// A turn of each worker, without waiting.
  void turn() {
    worker.run_once(milliseconds(0));
    other.run_once(milliseconds(0));
  }
  void turns() {
    for (int i = 0; i < 4; ++i) turn();
  }
  template <class F>
  void until(F holds) {
    for (int i = 0; !holds() && i < 20'000; ++i) {
      other.run_once(milliseconds(0));
      worker.run_once(milliseconds(1));
    }
    ASSERT_TRUE(holds());
  }

  Worker worker;
  Worker other{1};
  runtime::Cancellation patient, leaving;
  std::shared_ptr<UpstreamPool> pool;
  std::multimap<std::string, Upstream::Place> places;
  Texts order;
  std::map<std::string, Error> failures;
};

TEST_F(WorkerUpstreamTest, NobodyGoesBeforeThoseWhoWait) {
  of(servers(1));
  ASSERT_TRUE(take("a"));
  queue("b");
  queue("c");
  places.clear();
  EXPECT_FALSE(take("d")) << "there is a place, but it is another one's";
  queue("d");
  turns();
  EXPECT_EQ(order, Texts{"b"});
  for (const char* name : {"b", "c", "d"}) {
    places.erase(name);
    turns();
  }
  EXPECT_EQ(order, (Texts{"b", "c", "d"}));
  EXPECT_TRUE(take("e"));
}

TEST_F(WorkerUpstreamTest, WorkersTakeTurns) {
  of(servers(1));
  ASSERT_TRUE(take("a"));
  for (const char* name : {"1", "2"}) {
    worker.spawn(wait(name, worker, patient, {}));
    other.spawn(wait(std::string("other ") + name, other, patient, {}));
  }
  places.clear();
  EXPECT_FALSE(take("b"));
  EXPECT_FALSE(take("other b", other));
  for (std::size_t served = 1; served <= 4; ++served) {
    turns();
    ASSERT_EQ(order.size(), served) << "a place that is free on one worker is one for all";
    places.clear();
  }
  EXPECT_NE(order[0].starts_with("other"), order[1].starts_with("other"));
  EXPECT_NE(order[2].starts_with("other"), order[3].starts_with("other"));
}

TEST_F(WorkerUpstreamTest, WhoHasTriedTheFreeOneHoldsUpNobody) {
  of(servers(2));
  ASSERT_TRUE(take("a"));
  ASSERT_TRUE(take("b"));
  const std::array<const UpstreamServer*, 1> tried{&places.find("a")->second.server()};
  queue("has tried", tried);
  queue("next");
  places.erase("a");
  turns();
  EXPECT_EQ(order, Texts{"next"});
  places.erase("b");
  turns();
  EXPECT_EQ(order, (Texts{"next", "has tried"}));
}

TEST_F(WorkerUpstreamTest, AServerThatIsUpAgainTakesWhoWaits) {
  of(servers(2));
  UpstreamServer& down = *pool->members()[1].server;
  down.health = Health::kDown;
  ASSERT_TRUE(take("a"));
  queue("b");
  turns();
  EXPECT_EQ(order, Texts{});
  down.health = Health::kUp;
  until([this] { return !order.empty(); });
  EXPECT_EQ(&places.find("b")->second.server(), &down);
}

TEST_F(WorkerUpstreamTest, SoDoesOneThatIsEjectedNoMore) {
  of(servers(2));
  UpstreamServer& out = *pool->members()[1].server;
  out.ejected_until = nanoseconds(worker.now() + milliseconds(300));
  ASSERT_TRUE(take("a"));
  queue("b");
  until([this] { return !order.empty(); });
  EXPECT_GE(nanoseconds(worker.now()), out.ejected_until);
  EXPECT_EQ(&places.find("b")->second.server(), &out);
}

TEST_F(WorkerUpstreamTest, WhereNobodyIsWellWaitingIsNoUse) {
  of(servers(1));
  ASSERT_TRUE(take("a"));
  queue("b");
  pool->members()[0].server->health = Health::kDown;
  until([this] { return !order.empty(); });
  EXPECT_EQ(failures.at("b").reason, Reason::kNoUpstream);
}

TEST_F(WorkerUpstreamTest, ThatTheClientLeavesIsNoTimeout) {
  of(servers(1));
  ASSERT_TRUE(take("a"));
  worker.spawn(wait("b", worker, leaving, {}));
  queue("c");
  leaving.cancel();
  EXPECT_EQ(failures.at("b"), Error::of(ErrorKind::kCancelled));
  places.clear();
  turns();
  EXPECT_EQ(order, (Texts{"b", "c"}));
}

TEST_F(WorkerUpstreamTest, TheLineHasAnEndAndADeadline) {
  UpstreamOptions options = servers(1);
  options.queue = {.depth = 1, .wait = milliseconds(100)};
  of(options);
  ASSERT_TRUE(take("a"));
  queue("b");
  queue("c");
  EXPECT_EQ(failures.at("c").reason, Reason::kUpstreamBusy);
  until([this] { return order.size() == 2; });
  EXPECT_EQ(failures.at("b").reason, Reason::kUpstreamQueueTimeout);
}

TEST_F(WorkerUpstreamTest, WhoseNameStandsForNothingIsNotAsked) {
  UpstreamOptions options;
  options.servers = {{.address = "app.example.com:80"}, {.address = "192.0.2.1:80"}, {.address = "b.example.com:80"}};
  of(options);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(take("a"));
  for (const auto& [name, place] : places) EXPECT_EQ(place.server().address, "192.0.2.1:80");
  options.servers.resize(1);
  of(options);
  EXPECT_TRUE(take("b")) << "where there are no others it is asked, to say so";
}

/// A place keeps what it needs, whatever ends meanwhile.
class PlaceTest : public WorkerUpstreamTest {};

TEST_F(PlaceTest, KeepsThePoolThatNobodyElseHas) {
  of(servers(2));
  const std::weak_ptr<UpstreamPool> there = pool;
  ASSERT_TRUE(take("a"));
  ASSERT_TRUE(take("b"));
  const std::weak_ptr<Upstream> share = Upstream::of(pool, worker);
  pool.reset();
  worker.keep_local(this, std::make_shared<Kept>());  // what has expired makes room, and would have
  EXPECT_FALSE(there.expired());
  places.erase("a");
  EXPECT_FALSE(there.expired());
  places.find("b")->second.failed();
  places.clear();
  EXPECT_TRUE(there.expired());
  worker.keep_local(&order, std::make_shared<Kept>());
  EXPECT_TRUE(share.expired());
}

TEST_F(PlaceTest, OutlivesTheEndOfItsWorkersRun) {
  of(servers(1));
  ASSERT_TRUE(take("a"));
  const std::weak_ptr<Upstream> share = Upstream::of(pool, worker);
  const std::shared_ptr<UpstreamServer> server = pool->members()[0].server;
  worker.drain();
  worker.run();  // drops what is kept for workers
  EXPECT_FALSE(share.expired());
  EXPECT_EQ(server->in_flight, 1U);
  places.clear();
  EXPECT_TRUE(share.expired());
  EXPECT_EQ(server->in_flight, 0U);
}

TEST_F(PlaceTest, KeepsTheServerThatIsNoMemberAnyMore) {
  of(servers(2));
  ASSERT_TRUE(take("a"));
  ASSERT_TRUE(take("b"));
  const std::weak_ptr<UpstreamServer> gone = places.find("a")->second.served().member.server;
  auto members = pool->members();
  std::erase_if(members, [&](const UpstreamPool::Member& each) { return each.server == gone.lock(); });
  pool->set_members(std::move(members));
  EXPECT_FALSE(take("c")) << "the other one is busy; the worker knows its new members now";
  EXPECT_TRUE(places.find("a")->second.served().retired);
  EXPECT_FALSE(gone.expired());
  places.erase("a");
  EXPECT_TRUE(gone.expired());
  places.erase("b");
  EXPECT_TRUE(take("c"));
}

/// A server that waits in the middle of its answer.
class DrainTest : public WorkerUpstreamTest {
 protected:
  ~DrainTest() override {
    listener.cancel();
    goes_on.cancel();
    until([this] { return worker.active_tasks() == 0; });
  }
  Task<void> serve() {
    auto accepted = co_await listener.accept();
    if (!accepted) co_return;
    std::array<char, 4096> request{};
    static_cast<void>(co_await accepted->stream.read(request));
    static_cast<void>(co_await accepted->stream.write_all("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
    static_cast<void>(co_await worker.sleep(std::chrono::hours(1), goes_on));
    static_cast<void>(co_await accepted->stream.write_all("world"));
    const auto end = co_await accepted->stream.read(request);
    is_closed = !end;
  }
  Task<void> ask(const ReverseProxy& proxy, http::Request& request, std::string& text) {
    co_await worker.yield();  // into the worker's run, where handlers are called
    http::Reply reply = proxy(request);
    http::Response response = co_await std::move(*reply.later());
    status = response.status;
    if (response.body.source() == nullptr) co_return;
    for (;;) {
      const auto piece = co_await response.body.source()->next();
      if (!piece || piece->empty()) co_return;
      text.append(*piece);
    }
  }

  tcp::TcpListener listener = *tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
  runtime::Cancellation goes_on;
  bool is_closed = false;
  std::optional<http::Status> status;
};

TEST_F(DrainTest, RequestsUnderWayFinishWhereTheirServerIsNoMemberAnyMore) {  // P-19
  UpstreamOptions options;
  options.servers.push_back({.address = listener.local_addr()->to_string()});
  of(options);
  const ReverseProxy proxy(pool);
  test::ParsedRequest request("GET", "/"), late("GET", "/late");
  std::string text, nothing;
  worker.spawn(serve());
  worker.spawn(ask(proxy, *request, text));
  until([&] { return text == "hello"; });
  pool->set_members({});
  worker.spawn(ask(proxy, *late, nothing));
  until([this] { return status == http::Status::kServiceUnavailable; });
  goes_on.cancel();
  until([&] { return text == "helloworld"; });
  until([this] { return is_closed; });  // and its connection is not kept
}

}  // namespace
}  // namespace flare::handlers
