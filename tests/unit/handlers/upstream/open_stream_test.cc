#include "flare/handlers/upstream/open_stream.h"

#include <gtest/gtest.h>

#include <optional>

#include "flare/tcp/tcp_listener.h"
#include "tests/support/no_descriptors.h"

namespace flare::handlers {
namespace {

using std::chrono::milliseconds;

runtime::Task<void> open_into(runtime::Worker& worker, const UpstreamPool::Member& member,
                              const UpstreamOptions& options, std::optional<Result<tcp::TcpStream>>& out) {
  out.emplace(co_await open_stream(OfKind<tcp::TcpStream>(), worker, member, options, nullptr));
}

Error failure_of(runtime::Worker& worker, const net::Endpoint& where) {
  UpstreamOptions options;
  options.servers.push_back({.address = where.to_string()});
  const UpstreamPool pool(options);
  const auto member = pool.members().front();
  std::optional<Result<tcp::TcpStream>> out;
  worker.spawn(open_into(worker, member, pool.options(), out));
  for (int turns = 0; !out && turns < 10'000; ++turns) worker.run_once(milliseconds(100));
  return out && !*out ? out->error() : Error();
}

TEST(OpenStream, ARefusalIsTheServers) {
  runtime::Worker worker;
  auto listener = tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(listener);
  const auto where = *listener->local_addr();
  listener->close();
  const Error error = failure_of(worker, where);
  EXPECT_EQ(error.source, ErrorSource::kUpstream);
  EXPECT_EQ(error.reason, Reason::kUpstreamConnect);
}

TEST(OpenStream, ThatDescriptorsHaveRunOutIsNotTheServersFault) {
  runtime::Worker worker;
  const auto listener = tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
  ASSERT_TRUE(listener);
  const test::NoDescriptors none;
  const Error error = failure_of(worker, *listener->local_addr());
  EXPECT_EQ(error.source, ErrorSource::kInternal);
  EXPECT_EQ(error.reason, Reason::kResourceExhausted);
}

}  // namespace
}  // namespace flare::handlers
