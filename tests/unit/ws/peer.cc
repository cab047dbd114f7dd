#include "tests/unit/ws/peer.h"

#include <array>
#include <utility>

#include "flare/http/request.h"
#include "flare/net/socket.h"
#include "flare/tls/certificate.h"
#include "flare/tls/self_signed.h"
#include "flare/tls/tls_stream.h"

namespace flare::ws::test {
namespace {

struct AtOnce {
  runtime::Task<tls::Step> operator()(std::shared_ptr<tls::Session> session) const { co_return session->handshake(); }
};

tcp::TcpListener listen(runtime::Worker& worker) {
  auto listener = tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
  if (!listener) throw_error("no listener", listener.error());
  return *std::move(listener);
}

template <io::ByteStream Stream>
runtime::Task<Result<std::string>> read_head(Stream& stream) {
  std::string head;
  std::array<char, 4096> piece;
  while (!head.ends_with("\r\n\r\n")) {
    const auto ready = co_await stream.readable();
    if (!ready) co_return std::unexpected(ready.error());
    const auto count = stream.try_read(piece);
    if (count) head.append(piece.data(), *count);
    if (!count && count.error().kind != ErrorKind::kWouldBlock) co_return std::unexpected(count.error());
  }
  co_return head;
}

}  // namespace

Peer::Peer(PeerOptions options)
    : options_(std::move(options)), turn_(std::make_shared<Turn>(worker_)), where_(net::SocketAddr()) {
  tcp::TcpListener listener = listen(worker_);
  where_ = *listener.local_addr();
  worker_.spawn(accept_all(std::move(listener)));
  thread_ = std::thread([this] { worker_.run(); });
}

Peer::~Peer() {
  worker_.stop();
  thread_.join();
}

std::string Peer::url() const {
  return std::string(options_.tls != nullptr ? "wss" : "ws") + "://" + where_.to_string() + "/";
}

std::string Peer::request() const {
  const std::lock_guard lock(mutex_);
  return request_;
}

runtime::Task<void> Peer::accept_all(tcp::TcpListener listener) {
  for (;;) {
    auto accepted = co_await listener.accept();
    if (!accepted) co_return;
    worker_.spawn(serve(std::move(accepted->stream)));
  }
}

runtime::Task<void> Peer::serve(tcp::TcpStream stream) {
  const std::shared_ptr<Turn> turn = turn_;
  if (options_.tls == nullptr) {
    co_await serve_on(stream);
    co_return;
  }
  tls::TlsStream secure(options_.tls->accept(), std::move(stream));
  const AtOnce at_once;
  const auto shaken = co_await secure.handshake(at_once);
  if (shaken) co_await serve_on(secure);
}

template <io::ByteStream Stream>
runtime::Task<void> Peer::serve_on(Stream& stream) {
  const auto head = co_await read_head(stream);
  if (!head) co_return;
  const int number = ++connections_;
  {
    const std::lock_guard lock(mutex_);
    request_ = *head;
  }
  if (!options_.answer.empty()) {
    static_cast<void>(co_await stream.write_all(options_.answer));
    co_return;
  }
  http::Request request;
  const http::Limits limits;
  if (!request.parse(*head, limits)) co_return;
  const auto upgrade = accept_upgrade(request, options_.upgrade);
  if (!upgrade) co_return;
  const http::Response accepted = switching_protocols(*upgrade);
  const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n" +
                             std::string(accepted.headers.encoded()) + "\r\n" + options_.early;
  static_cast<void>(co_await stream.write_all(answer));
  if (number <= options_.broken) co_return;
  if (options_.raw != nullptr) {
    co_await run_raw(stream);
    co_return;
  }
  Agreed agreed{.role = Role::kServer, .deflate = upgrade->deflate, .subprotocol = upgrade->subprotocol};
  co_await serve_session(*turn_, options_.session, std::move(agreed), options_.handler, stream, std::string());
}

template <io::ByteStream Stream>
runtime::Task<void> Peer::run_raw(Stream& stream) {
  if constexpr (std::is_same_v<Stream, tcp::TcpStream>) {
    co_await options_.raw(stream);
  } else {
    co_return;
  }
}

const Identity& identity() {
  static const Identity made = [] {
    const auto pems = tls::make_self_signed({"server.example.com"}, std::chrono::days(1));
    tls::ServerOptions options;
    options.certificates = {{.certificate = tls::Certificate::parse(pems.chain_pem, pems.key_pem), .is_default = true}};
    options.unknown_name = tls::UnknownName::kDefaultCertificate;
    return Identity{.server = tls::ServerContext::make(std::move(options)), .ca_pem = pems.chain_pem};
  }();
  return made;
}

}  // namespace flare::ws::test
