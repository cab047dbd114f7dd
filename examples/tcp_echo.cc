// Streams and coroutines without HTTP: an echo server and its client, both on one worker.
#include <array>
#include <cstdio>
#include <string_view>

#include "flare/tcp/tcp_listener.h"
#include "flare/tcp/tcp_stream.h"

using namespace flare;

namespace {

runtime::Task<void> echo_once(tcp::TcpListener listener) {
  auto accepted = co_await listener.accept();
  if (!accepted) co_return;
  std::array<char, 256> buffer{};
  for (;;) {
    const auto count = co_await accepted->stream.read(buffer);
    if (!count) co_return;  // the client has closed
    static_cast<void>(co_await accepted->stream.write_all({buffer.data(), *count}));
  }
}

runtime::Task<void> talk(runtime::Worker& worker, net::Endpoint where, bool& ok) {
  constexpr std::string_view kText = "hello, echo";
  auto stream = co_await tcp::TcpStream::connect(worker, where, std::chrono::seconds(1));
  if (!stream || !co_await stream->write_all(kText)) co_return;
  std::array<char, kText.size()> back{};
  if (!co_await stream->read_exact(back)) co_return;
  ok = std::string_view(back.data(), back.size()) == kText;
  std::printf("%.*s\n", static_cast<int>(back.size()), back.data());
}

}  // namespace

int main() {
  runtime::Worker worker;
  auto listener = tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
  if (!listener) return 1;
  const auto where = listener->local_addr();
  if (!where) return 1;
  bool ok = false;
  worker.spawn(echo_once(std::move(*listener)));
  worker.spawn(talk(worker, *where, ok));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(100));
  return ok ? 0 : 1;
}
