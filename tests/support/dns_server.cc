#include "support/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace flare::test {
namespace {

using namespace std::string_literals;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string number16(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }

/// A record for the name that was asked for.
std::string record(unsigned type, unsigned ttl, const std::string& data) {
  return "\xC0\x0C"s + number16(type) + number16(1) + number16(0) + number16(ttl) +
         number16(static_cast<unsigned>(data.size())) + data;
}
std::string service(unsigned priority, unsigned port, const std::string& target) {
  return record(33, 20, number16(priority) + number16(5) + number16(port) + target);
}

struct Records {
  unsigned count = 0;
  std::string bytes;
  unsigned code = 0;
};

Records records_of(std::string_view label, unsigned type, bool passed) {
  const std::string v4 = record(1, 60, "\xC0\x00\x02\x01"s) + record(1, 30, "\xC0\x00\x02\x02"s);
  const std::string v6 = record(28, 90, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s);
  if (label == "host" || label == "large") return type == 1 ? Records{2, v4} : type == 28 ? Records{1, v6} : Records{};
  if (label == "v4" || label == "a" || label == "b" || (label == "passing" && !passed))
    return type == 1 ? Records{2, v4} : Records{};
  if (label == "brief" && type == 1) return {1, record(1, 1, "\xC0\x00\x02\x01"s)};
  if (label == "_pair" && type == 33) {
    return {2, service(10, 80,
                       "\x02v4\x07"
                       "example\x03"
                       "com\0"s) +
                   service(10, 80,
                           "\x07passing\x07"
                           "example\x03"
                           "com\0"s)};
  }
  if (label == "_http" && type == 33) {
    // The second target ends with a pointer to the name that was asked for.
    return {3, service(20, 8080,
                       "\x01"
                       "b\x07"
                       "example\x03"
                       "com\0"s) +
                   service(10, 80,
                           "\x01"
                           "a\xC0\x0C"s) +
                   service(1, 1, "\0"s)};
  }
  if (label == "fail") return {.code = 2};
  return {.code = 3};
}

/// "" where there is to be none.
std::string answer_to(std::string_view query, bool udp, bool passed) {
  if (query.size() < 17) return {};
  const std::size_t end = query.find('\0', 12);
  if (end == std::string_view::npos || end + 5 > query.size()) return {};
  const std::string_view question = query.substr(12, end + 5 - 12);
  const auto type = static_cast<unsigned>(static_cast<unsigned char>(query[end + 2]));
  const std::string_view label = question.substr(1, static_cast<unsigned char>(question[0]));
  if (label == "silent") return {};
  if (label == "garbage") return std::string(query.substr(0, 2)) + "\x84\0\0\1\0\7\0\0\0\0\xC0\xFF?"s;
  const bool truncated = udp && label == "large";
  const Records records = truncated ? Records{} : records_of(label, type, passed);
  std::string text(query.substr(0, 2));
  text += static_cast<char>(truncated ? 0x87 : 0x85);
  text += static_cast<char>(0x80 | records.code);
  text += number16(1) + number16(records.count) + number16(0) + number16(0);
  return text.append(question).append(records.bytes);
}

}  // namespace

DnsServer::DnsServer() : tcp_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A port that is free for both: TCP chooses, UDP may find it taken.
  for (int tries = 0; !udp_; ++tries) {
    require(tries < 100);
    tcp_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_port = 0;
    socklen_t size = sizeof address;
    require(::bind(tcp_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(tcp_.get(), 8) == 0);
    require(::getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    net::UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::bind(udp.get(), reinterpret_cast<sockaddr*>(&address), size) == 0) udp_ = std::move(udp);
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { run(); });
}

DnsServer::~DnsServer() {
  const std::uint64_t one = 1;
  require(::write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void DnsServer::run() {
  std::array<pollfd, 3> waits{pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = udp_.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = tcp_.get(), .events = POLLIN, .revents = 0}};
  while (::poll(waits.data(), waits.size(), -1) > 0 && waits[0].revents == 0) {
    if (waits[1].revents != 0) serve_datagram();
    if (waits[2].revents != 0) serve_connection();
  }
}

void DnsServer::serve_datagram() {
  std::array<char, 512> query{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t count =
      ::recvfrom(udp_.get(), query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (count <= 0) return;
  ++over_udp_;
  const std::string answer = answer_to({query.data(), static_cast<std::size_t>(count)}, true, passed_);
  if (answer.empty()) return;
  static_cast<void>(
      ::sendto(udp_.get(), answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size));
}

/// Each query of one connection (RFC 1035 §4.2.2), until its client closes it.
void DnsServer::serve_connection() {
  const net::UniqueFd connection(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::array<char, 512> query{};
  for (;;) {
    if (::recv(connection.get(), query.data(), 2, MSG_WAITALL) != 2) return;
    const auto size =
        static_cast<std::size_t>(static_cast<unsigned char>(query[0]) << 8 | static_cast<unsigned char>(query[1]));
    require(size <= query.size());
    if (::recv(connection.get(), query.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) return;
    ++over_tcp_;
    const std::string answer = answer_to({query.data(), size}, false, passed_);
    const std::string message = number16(static_cast<unsigned>(answer.size())) + answer;
    if (::send(connection.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace flare::test
