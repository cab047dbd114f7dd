#include "flare/handlers/upstream/health_check.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "flare/http/server.h"
#include "flare/tcp/tcp_listener.h"
#include "flare/tls/client_context.h"
#include "flare/tls/server_context.h"
#include "tests/support/certificates.h"
#include "tests/support/no_descriptors.h"

namespace flare::handlers {
namespace {

using runtime::Task;
using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr std::string_view kGood = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBad = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";

/// What a server answers to each check in order, the last one for ever, and what the pool thought of it before each.
struct Script {
  std::vector<std::string_view> answers;
  std::vector<Health> thought;
  Texts requests;
};

class HealthCheckTest : public testing::Test {
 protected:
  HealthCheckTest() : listener(*tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0))) {}
  ~HealthCheckTest() override {
    stop.cancel();
    listener.cancel();
    until([this] { return worker.active_tasks() == 0; });
  }

  static HealthOptions every(milliseconds interval) {
    return {.path = "/health", .host = {}, .interval = interval, .timeout = std::chrono::seconds(20), .expect = {}};
  }
  static UpstreamOptions options_for(const net::Endpoint& where, HealthOptions health) {
    UpstreamOptions options;
    options.name = "app";
    options.servers.push_back({.address = where.to_string()});
    options.health = std::move(health);
    return options;
  }
  /// Of a server that plays `script`.
  void check(HealthOptions health, std::vector<std::string_view> answers) {
    script.answers = std::move(answers);
    begin(options_for(*listener.local_addr(), std::move(health)));
    worker.spawn(play());
  }
  void begin(UpstreamOptions options) {
    pool = std::make_shared<UpstreamPool>(std::move(options));
    checks.emplace(pool, worker, stop, [this](const std::string& text) { told.push_back(text); });
    worker.spawn(checks->run());
  }
  Task<void> play() {
    for (;;) {
      auto accepted = co_await listener.accept();
      if (!accepted) co_return;
      std::string request;
      std::array<char, 1024> piece{};
      while (!request.ends_with("\r\n\r\n")) {
        const auto count = co_await accepted->stream.read(piece);
        if (!count) co_return;
        request.append(piece.data(), *count);
      }
      script.requests.push_back(request);
      script.thought.push_back(health());
      const std::size_t at = std::min(script.thought.size(), script.answers.size()) - 1;
      static_cast<void>(co_await accepted->stream.write_all(script.answers[at]));
    }
  }
  [[nodiscard]] Health health() const { return pool->members()[0].server->health; }
  [[nodiscard]] bool is_served() const {
    Balancer balancer({pool->members()[0].server}, pool->options().balance, 7);
    return balancer.pick({.now = nanoseconds(worker.now())}).server != nullptr;
  }
  template <class F>
  void until(F holds) {
    for (int turns = 0; !holds() && turns < 10'000; ++turns) worker.run_once(milliseconds(100));
    ASSERT_TRUE(holds());
  }
  void until_asked(std::size_t times) {
    until([&] { return script.thought.size() >= times; });
  }

  runtime::Worker worker;
  tcp::TcpListener listener;
  runtime::Cancellation stop;
  std::shared_ptr<UpstreamPool> pool;
  std::optional<HealthCheck> checks;
  Script script;
  Texts told;
};

using enum Health;

TEST_F(HealthCheckTest, SoManyInARowAndNotOneFewer) {  // P-18
  HealthOptions health = every(milliseconds(1));
  health.rise = 2;
  health.fall = 3;
  check(health, {kBad, kBad, kGood, kBad, kBad, kGood, kBad, kBad, kBad, kGood, kBad, kGood, kGood, kGood});
  until_asked(14);
  script.thought.resize(14);
  EXPECT_EQ(script.thought,
            (std::vector{kUnknown, kUnknown, kUnknown, kUp, kUp, kUp, kUp, kUp, kUp, kDown, kDown, kDown, kDown, kUp}));
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].find(" is down: "), std::string::npos) << told[0];
  EXPECT_NE(told[1].find(" is up again"), std::string::npos) << told[1];
}

TEST_F(HealthCheckTest, WhoIsUnknownIsServed) {
  check(every(std::chrono::hours(1)), {kGood});
  EXPECT_EQ(health(), kUnknown);
  EXPECT_TRUE(is_served());
}

TEST_F(HealthCheckTest, UnlessOnlyTheHealthyAre) {
  script.answers = {kBad, kGood};
  UpstreamOptions options = options_for(*listener.local_addr(), every(milliseconds(1)));
  options.balance.require_healthy = true;
  begin(std::move(options));
  EXPECT_FALSE(is_served());
  worker.spawn(play());
  until_asked(2);
  EXPECT_FALSE(is_served());
  until([this] { return is_served(); });
  EXPECT_EQ(health(), kUp);
}

TEST_F(HealthCheckTest, AsksForThePathAndTakesTheListedStatusesAlone) {
  HealthOptions health = every(milliseconds(1));
  health.host = "app.example.com";
  health.fall = 1;
  health.rise = 1;
  health.expect = {204};
  check(health, {kGood, kNoContent, kGood});
  until_asked(4);
  script.thought.resize(4);
  EXPECT_EQ(script.thought, (std::vector{kUnknown, kDown, kUp, kDown}));
  EXPECT_TRUE(script.requests[0].starts_with("GET /health HTTP/1.1\r\nHost: app.example.com\r\n"))
      << script.requests[0];
}

TEST_F(HealthCheckTest, GarbageAndSilenceAreBad) {
  HealthOptions health = every(milliseconds(1));
  health.fall = 2;
  health.timeout = milliseconds(50);
  check(health, {"garbage\r\n\r\n", ""});
  until([this] { return this->health() == kDown; });
  EXPECT_EQ(script.thought.size(), 2U);
}

TEST_F(HealthCheckTest, ANewServerIsNotJudgedByWhatAnotherOneDid) {
  HealthOptions health = every(milliseconds(1));
  health.fall = 3;
  check(health, {kBad});
  until_asked(2);
  for (int i = 0; i < 10; ++i) {
    for (int turns = 0; turns < 5; ++turns) worker.run_once(milliseconds(0));  // the check comes to its end
    const auto before = script.thought.size();
    // The second one may lie where the one that was checked lay.
    for (int twice = 0; twice < 2; ++twice) {
      auto members = pool->members();
      members[0].server = pool->make_server(members[0].server->address, 1, false);
      pool->set_members(std::move(members));
    }
    until_asked(before + 2);
    EXPECT_EQ(this->health(), kUnknown) << "it has not failed three times yet";
  }
}

TEST_F(HealthCheckTest, WhatThisMachineCannotDoSaysNothingOfTheServer) {
  HealthOptions health = every(milliseconds(1));
  health.fall = 1;
  const test::NoDescriptors none;
  check(health, {kGood});
  const auto end = worker.now() + milliseconds(200);
  while (worker.now() < end) worker.run_once(milliseconds(10));
  EXPECT_EQ(this->health(), kUnknown);
  EXPECT_EQ(script.requests.size(), 0U);
}

TEST_F(HealthCheckTest, ChecksAreAnIntervalApart) {
  const milliseconds interval(200);
  check(every(interval), {kGood});
  until_asked(1);
  const auto first = worker.now();
  until_asked(5);
  EXPECT_GE(worker.now() - first, 4 * interval * 9 / 10 - interval / 2) << "as the first one may have been late";
}

TEST_F(HealthCheckTest, ATlsServerIsAskedByTlsAndVerified) {
  const auto issuer = test::make_issuer({.subject = "authority"});
  const auto pems = test::make_pems({.names = {"IP:127.0.0.1"}, .issuer = &issuer});
  tls::ServerOptions served;
  served.certificates = {{.certificate = tls::Certificate::parse(pems.chain, pems.key), .is_default = true}};
  http::Server server = http::Server::bind(net::Endpoint::parse("127.0.0.1:0"));
  server.start([](const http::Request&) { return http::ok("hello"); },
               {.tls = tls::ServerContext::make(std::move(served))});
  UpstreamOptions options = options_for(server.local_addr(), every(milliseconds(1)));
  options.health->fall = 1;
  options.tls = tls::ClientContext::make({.ca_pem = issuer.pem});
  begin(options);
  until([this] { return health() == kUp; });
  EXPECT_EQ(told, Texts{});
  const auto others = test::make_issuer({.subject = "another authority", .key_number = 1});
  options.tls = tls::ClientContext::make({.ca_pem = others.pem});
  stop.cancel();
  until([this] { return worker.active_tasks() == 0; });
  stop.reset();
  begin(options);
  until([this] { return health() == kDown; });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("certificate"), std::string::npos) << told[0];
  server.shutdown();
}

TEST(Jitter, IsBetween90And110Percent) {
  const milliseconds interval(1000);
  milliseconds least = interval, most = interval;
  for (std::uint64_t random = 0; random < 1000; ++random) {
    least = std::min(least, jittered(interval, random));
    most = std::max(most, jittered(interval, random));
  }
  EXPECT_EQ(least, milliseconds(900));
  EXPECT_EQ(most, milliseconds(1100));
  EXPECT_EQ(jittered(milliseconds(1), 12345), milliseconds(1));
}

}  // namespace
}  // namespace flare::handlers
