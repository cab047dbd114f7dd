// A c-ares channel on a worker's reactor. Internal to this folder.
#pragma once

#include <ares.h>

#include <coroutine>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flare/dns/resolver.h"
#include "flare/runtime/pollable.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::dns {

/// One question. c-ares keeps a share of it until it calls back, however early its asker gives up.
struct Lookup {
  std::coroutine_handle<> waiting;
  bool done = false;
  int status = ARES_SUCCESS;
  Answer answer;
  std::vector<Service> services;
};

class Resolver::Channel final : private runtime::TimerEntry {
 public:
  Channel(runtime::Worker& worker, const ResolverOptions& options);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() override;

  void ask_addresses(const std::string& name, Family family, const std::shared_ptr<Lookup>& lookup);
  void ask_services(const std::string& name, const std::shared_ptr<Lookup>& lookup);

 private:
  /// A socket of c-ares, which opens and closes it.
  struct Socket {
    Socket(runtime::Worker& worker, int number) noexcept : source(worker, net::UniqueFd(number)), fd(number) {}
    runtime::Pollable source;
    int fd;
    bool open = true;
    bool wants_room = false;
    bool waits_for_room = false;  ///< write_to() runs
  };
  /// What a callback is given: who asked, and where the answer goes.
  struct Request {
    Channel& channel;
    std::shared_ptr<Lookup> lookup;
  };

  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
  static void on_addresses(void* request, int status, int timeouts, ares_addrinfo* found);
  static void on_services(void* request, int status, int timeouts, unsigned char* message, int size);
  static runtime::Task<void> read_from(Channel& channel, std::shared_ptr<Socket> socket);
  static runtime::Task<void> write_to(Channel& channel, std::shared_ptr<Socket> socket);

  void process(ares_socket_t readable, ares_socket_t writable);
  void finish(Request* request, int status);
  /// Resumes whom c-ares has answered, when it is not on the stack any more, and asks when it wants to be called next.
  void settle();
  void on_timer() override { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

  runtime::Worker& worker_;
  ares_channel native_ = nullptr;
  std::unordered_map<int, std::shared_ptr<Socket>> sockets_;
  std::vector<std::shared_ptr<Lookup>> finished_;
  bool ending_ = false;
};

}  // namespace flare::dns
