// A reverse proxy whose upstream server says anything at all: what the client gets is well-framed, and content that
// looks complete is what the server sent, whole. Input: SplitInput; the option byte chooses the request, each cut is a
// write.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "flare/handlers/reverse_proxy.h"
#include "flare/http/connection.h"
#include "flare/http/content_reader.h"
#include "flare/http/response_head_parser.h"
#include "flare/net/socket.h"
#include "flare/tcp/tcp_listener.h"
#include "fuzz/split_input.h"
#include "tests/support/memory_stream.h"
#include "tests/support/temp_folder.h"

namespace {

using namespace flare;

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_proxy.cc:%d: the check does not hold\n", line);
  std::abort();
}

/// More than lies between the two without being read: the answer comes while it is under way.
std::string upload() {
  constexpr std::size_t kSize = 512 * 1024;
  return "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n" + std::string(kSize, 'x');
}

struct Request {
  http::Method method;
  std::string text;
};
const std::array<Request, 5> kRequests{{
    {http::Method::kGet, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {http::Method::kHead, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {http::Method::kGet, "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, Upgrade\r\nUpgrade: x\r\n\r\n"},
    {http::Method::kPost, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"},
    {http::Method::kPut, upload()},
}};

/// A message as somebody reads it who has all of it.
struct Read {
  http::ResponseHead head;
  std::string content;
  bool complete = false;
  std::size_t size = 0;  ///< of head and content
};

/// nullopt: no valid message begins there, or it breaks in its head.
std::optional<Read> read(std::string_view bytes, http::Method method, bool ended) {
  Read message;
  for (;;) {
    const auto head = http::parse_response_head(bytes.substr(message.size), method, {}, message.head);
    if (!head || *head == 0) return std::nullopt;
    message.size += *head;
    if (!message.head.is_interim()) break;
  }
  http::ContentReader reader(message.head, {});
  while (!reader.done() && message.size < bytes.size()) {
    const auto step = reader.step(bytes.substr(message.size));
    if (!step) return message;
    if (step->consumed == 0) break;
    message.size += step->consumed;
    message.content += step->piece;
  }
  message.complete = reader.done() || (ended && reader.end_of_stream());
  return message;
}

/// A unix socket: thousands of TCP connections a second would use up the ports.
struct Listening {
  test::TempFolder folder;
  net::Endpoint where = net::UnixPath{(folder / "upstream.sock").string()};
  net::UniqueFd socket = *net::listen_on(where, {});
};

runtime::Task<void> answer(runtime::Worker& worker, tcp::TcpListener& listener, const fuzz::SplitInput& input,
                           bool& asked) {
  auto accepted = co_await listener.accept();
  check(accepted.has_value());
  tcp::TcpStream& stream = accepted->stream;
  std::string request;
  std::array<char, 4096> buffer{};
  while (request.find("\r\n\r\n") == std::string::npos) {
    const auto count = co_await stream.read(buffer);
    if (!count) co_return;
    request.append(buffer.data(), *count);
  }
  asked = true;
  std::size_t begin = 0;
  for (const std::size_t end : input.ends) {
    const auto sent = co_await stream.write_all(input.input.substr(begin, end - begin));
    if (!sent) co_return;
    begin = end;
    co_await worker.yield();
  }
  static_cast<void>(stream.shutdown_write());
  for (;;) {  // what was sent and never read would reset the connection, and the answer with it
    const auto count = co_await stream.read(buffer);
    if (!count) co_return;
  }
}

/// What the client got, against what the server said.
void judge(const test::Wire& wire, const Request& request, std::string_view said) {
  const auto got = read(wire.sent, request.method, !wire.aborted);
  if (!got) return check(wire.sent.empty() || wire.aborted);
  if (got->head.status == http::Status::kSwitchingProtocols) return;
  const auto meant = read(said, request.method, true);
  const bool whole = meant && meant->complete;
  if (!got->complete) return check(!whole);
  check(got->size == wire.sent.size());
  if (whole) {
    const bool passed_on = got->head.status == meant->head.status && got->content == meant->content;
    const bool refused = got->head.status == http::Status::kBadGateway;  // a 101 that nobody asked for
    check(passed_on || (refused && meant->head.status == http::Status::kSwitchingProtocols));
  } else {
    check(got->head.status == http::Status::kBadGateway);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput input(data, size);
  const Request& request = kRequests[size == 0 ? 0 : data[0] / 2 % kRequests.size()];
  runtime::Worker worker;
  static const Listening listening;
  tcp::TcpListener listener(worker, net::UniqueFd(::dup(listening.socket.get())));
  handlers::UpstreamOptions options;
  options.servers.push_back({.address = listening.where.to_string()});
  options.keepalive.max_idle = 0;
  options.eject.errors = 0;
  const handlers::ReverseProxy proxy(std::make_shared<handlers::UpstreamPool>(std::move(options)));

  bool asked = false;
  test::Wire wire;
  wire.arriving.emplace_back(request.text);
  const http::Limits limits;
  http::WorkerContext context(worker, [&proxy](http::Request& each) { return proxy(each); }, limits);
  worker.spawn(answer(worker, listener, input, asked));
  worker.spawn(http::serve_connection<test::MemoryStream>(context, net::SocketAddr::localhost(40000), std::ref(wire)));
  for (int turn = 0; turn < 10'000 && worker.active_tasks() != 0; ++turn)
    worker.run_once(std::chrono::milliseconds(100));
  check(worker.active_tasks() == 0);
  check(asked);
  judge(wire, request, input.input);
  return 0;
}
