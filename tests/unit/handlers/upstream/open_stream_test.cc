#include "flare/handlers/upstream/open_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>

#include "flare/tcp/tcp_listener.h"

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

/// As long as it lives this process gets no more descriptors.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const net::UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

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
  const NoDescriptors none;
  const Error error = failure_of(worker, *listener->local_addr());
  EXPECT_EQ(error.source, ErrorSource::kInternal);
  EXPECT_EQ(error.reason, Reason::kResourceExhausted);
}

}  // namespace
}  // namespace flare::handlers
