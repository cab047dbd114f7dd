#include "flare/dns/channel.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "flare/dns/service_reply.h"

namespace flare::dns {
namespace {

void initialize_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);  // once, whoever comes first
  if (status != ARES_SUCCESS) throw ResolverError(std::string("cannot start c-ares: ") + ares_strerror(status));
}

bool has_input(int fd) noexcept {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) > 0;
}

std::optional<net::IpAddr> to_ip(const sockaddr* address) noexcept {
  if (address->sa_family == AF_INET) {
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, octets.size());
    return net::IpAddr::v4(octets);
  }
  if (address->sa_family == AF_INET6) {
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, octets.size());
    return net::IpAddr::v6(octets);
  }
  return std::nullopt;
}

}  // namespace

Resolver::Channel::Channel(runtime::Worker& worker, const ResolverOptions& options) : worker_(worker) {
  initialize_library();
  char files_then_dns[] = "fb";  // NOLINT(modernize-avoid-c-arrays): c-ares wants it mutable
  ares_options native{};
  native.timeout = static_cast<int>(options.timeout.count());
  native.tries = options.tries;
  native.lookups = files_then_dns;
  native.sock_state_cb = &Channel::on_socket_state;
  native.sock_state_cb_data = this;
  int status = ares_init_options(&native_, &native,
                                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
  if (status != ARES_SUCCESS) throw ResolverError(std::string("cannot make a resolver: ") + ares_strerror(status));
  std::string servers;
  for (const std::string& server : options.servers) servers.append(servers.empty() ? "" : ",").append(server);
  if (!servers.empty()) status = ares_set_servers_ports_csv(native_, servers.c_str());
  if (status == ARES_SUCCESS) return;
  ares_destroy(native_);
  throw ResolverError("no list of name servers: \"" + servers + "\" (write addresses, with or without a port)");
}

/// Whoever still waits stays suspended: only a worker that ends destroys its resolver under them.
Resolver::Channel::~Channel() {
  ending_ = true;
  ares_destroy(native_);
}

void Resolver::Channel::ask_addresses(const std::string& name, Family family, const std::shared_ptr<Lookup>& lookup) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family == Family::kAny ? AF_UNSPEC : family == Family::kV4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  auto request = std::make_unique<Request>(Request{*this, lookup});
  ares_getaddrinfo(native_, name.c_str(), nullptr, &hints, &Channel::on_addresses, request.release());
  settle();
}

void Resolver::Channel::ask_services(const std::string& name, const std::shared_ptr<Lookup>& lookup) {
  auto request = std::make_unique<Request>(Request{*this, lookup});
  ares_query(native_, name.c_str(), ns_c_in, ns_t_srv, &Channel::on_services, request.release());
  settle();
}

void Resolver::Channel::on_addresses(void* request, int status, int /*timeouts*/, ares_addrinfo* found) {
  auto* const asked = static_cast<Request*>(request);
  Answer& answer = asked->lookup->answer;
  for (const ares_addrinfo_node* node = found != nullptr ? found->nodes : nullptr; node != nullptr;
       node = node->ai_next) {
    const std::chrono::seconds ttl(node->ai_ttl);
    if (const auto ip = to_ip(node->ai_addr)) answer.addresses.push_back({.ip = *ip, .ttl = ttl});
    answer.ttl = answer.addresses.size() == 1 ? ttl : std::min(answer.ttl, ttl);
  }
  if (found != nullptr) ares_freeaddrinfo(found);
  asked->channel.finish(asked, status == ARES_SUCCESS && answer.addresses.empty() ? ARES_ENODATA : status);
}

void Resolver::Channel::on_services(void* request, int status, int /*timeouts*/, unsigned char* message, int size) {
  auto* const asked = static_cast<Request*>(request);
  if (status == ARES_SUCCESS) {
    auto services = parse_service_reply({message, static_cast<std::size_t>(size)});
    status = !services ? ARES_EBADRESP : services->empty() ? ARES_ENODATA : ARES_SUCCESS;
    if (services) asked->lookup->services = std::move(*services);
  }
  asked->channel.finish(asked, status);
}

void Resolver::Channel::finish(Request* request, int status) {
  const std::unique_ptr<Request> done(request);
  done->lookup->status = status;
  done->lookup->done = true;
  if (!ending_) finished_.push_back(done->lookup);
}

void Resolver::Channel::on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
  auto& channel = *static_cast<Channel*>(self);
  const auto known = channel.sockets_.find(fd);
  if (readable == 0 && writable == 0) {
    if (known == channel.sockets_.end()) return;
    const std::shared_ptr<Socket> socket = known->second;
    channel.sockets_.erase(known);
    socket->open = false;
    socket->source.cancel();
    static_cast<void>(socket->source.release().release());  // c-ares closes it next
    return;
  }
  std::shared_ptr<Socket> socket;
  if (known == channel.sockets_.end()) {
    socket = channel.sockets_.emplace(fd, std::make_shared<Socket>(channel.worker_, fd)).first->second;
    channel.worker_.spawn(read_from(channel, socket));
  } else {
    socket = known->second;
  }
  socket->wants_room = writable != 0;
  if (!socket->wants_room || socket->waits_for_room) return;
  socket->waits_for_room = true;
  channel.worker_.spawn(write_to(channel, socket));
}

runtime::Task<void> Resolver::Channel::read_from(Channel& channel, std::shared_ptr<Socket> socket) {
  socket->source.drained();  // it is new: nothing can have been asked on it
  while (socket->open) {
    const auto ready = co_await socket->source.readable();
    if (!ready) co_return;
    socket->source.drained();
    do {
      channel.process(socket->fd, ARES_SOCKET_BAD);
    } while (socket->open && has_input(socket->fd));
  }
}

runtime::Task<void> Resolver::Channel::write_to(Channel& channel, std::shared_ptr<Socket> socket) {
  co_await channel.worker_.yield();  // c-ares, which has just said so, is on the stack
  while (socket->open && socket->wants_room) {
    channel.process(ARES_SOCKET_BAD, socket->fd);
    if (!socket->open || !socket->wants_room) break;
    socket->source.write_blocked();
    const auto ready = co_await socket->source.writable();
    if (!ready) break;
  }
  socket->waits_for_room = false;
}

void Resolver::Channel::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(native_, readable, writable);
  settle();
}

void Resolver::Channel::settle() {
  timeval wait{};
  if (ares_timeout(native_, nullptr, &wait) != nullptr) {
    const auto time = std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
    worker_.timers().schedule(*this, worker_.now() + std::chrono::ceil<std::chrono::milliseconds>(time));
  } else {
    worker_.timers().cancel(*this);
  }
  std::vector<std::shared_ptr<Lookup>> finished;
  finished.swap(finished_);
  for (const auto& lookup : finished) {
    if (lookup->waiting) std::exchange(lookup->waiting, {}).resume();
  }
}

}  // namespace flare::dns
