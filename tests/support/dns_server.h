// A name server on loopback, UDP and TCP, whose names say what it does with them.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "flare/net/unique_fd.h"

namespace flare::test {

/// By first label: "host" has A 192.0.2.1 (TTL 60), 192.0.2.2 (TTL 30) and AAAA 2001:db8::1 (TTL 90); "v4", "a" and
/// "b" those A records alone, "passing" too until pass() is called; "large" as host, but truncated over UDP; "brief"
/// one with TTL 1; "_http" two SRV records and an empty one, "_pair" two, for v4.example.com and passing.example.com;
/// "fail" is SERVFAIL, "silent" no answer, "garbage" bytes that are none; everything else does not exist. A thread of
/// its own until destruction.
class DnsServer {
 public:
  DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer();

  /// "127.0.0.1:PORT".
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  void pass() noexcept { passed_ = true; }
  [[nodiscard]] int over_udp() const noexcept { return over_udp_; }
  [[nodiscard]] int over_tcp() const noexcept { return over_tcp_; }

 private:
  void run();
  void serve_datagram();
  void serve_connection();

  net::UniqueFd udp_;
  net::UniqueFd tcp_;
  net::UniqueFd stop_;
  std::string address_;
  std::atomic<bool> passed_ = false;
  std::atomic<int> over_udp_ = 0;
  std::atomic<int> over_tcp_ = 0;
  std::thread thread_;
};

}  // namespace flare::test
