#include "flare/http/server.h"

#include <condition_variable>
#include <mutex>

#include "flare/base/exception.h"
#include "flare/runtime/cpu.h"

namespace flare::http {

struct Server::Running {
  Running(ServeOptions given, runtime::WorkerPoolOptions pool_options)
      : options(std::move(given)),
        count(options.limits.connections, options.limits.per_ip),
        contexts(pool_options.workers),
        pool(std::move(pool_options)) {}

  ServeOptions options;
  ConnectionCount count;
  std::vector<std::unique_ptr<WorkerContext>> contexts;
  runtime::WorkerPool pool;  // ends before the contexts its connections use
};

/// What the threads that start, wait for and end a server agree over; it stays where it is when the server moves.
struct Server::Control {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
};

Server::Server(net::Endpoint where, net::ListenOptions options, net::UniqueFd first)
    : where_(std::move(where)), options_(options), control_(std::make_unique<Control>()) {
  listening_.push_back(std::move(first));
}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() {
  if (running_) shutdown();
}

Server Server::bind(const net::Endpoint& where, const net::ListenOptions& options) {
  auto first = net::listen_group(where, options, 1);
  if (!first) throw_error("cannot listen on " + where.to_string(), first.error());
  auto local = net::SocketRef(first->front().get()).local_addr();
  if (!local) throw_error("cannot ask for the address of the listener on " + where.to_string(), local.error());
  return {std::move(*local), options, std::move(first->front())};
}

void Server::start(Handler handler, ServeOptions options) {
  const std::lock_guard lock(control_->mutex);  // a worker's first answer may make another thread call shutdown()
  if (options.workers == 0) options.workers = runtime::default_worker_count().count;
  auto more = net::extend_group(where_, options_, listening_.front(), options.workers - 1);
  if (!more) throw_error("cannot listen on " + where_.to_string(), more.error());
  for (net::UniqueFd& fd : *more) listening_.push_back(std::move(fd));

  runtime::WorkerPoolOptions pool{.workers = options.workers};
  if (options.pin) pool.cpus = runtime::allowed_cpus();
  running_ = std::make_unique<Running>(std::move(options), std::move(pool));
  const bool shared = where_.unix_path() != nullptr;
  running_->pool.start([this, &handler, shared](runtime::Worker& worker) {
    auto& context = running_->contexts[worker.id()];
    context = std::make_unique<WorkerContext>(worker, handler, running_->options.limits, running_->options.server);
    context->set_trust(running_->options.trust);
    context->set_tls(running_->options.tls);
    context->set_offload(running_->pool.offload());
    worker.spawn(accept_connections(*context, tcp::TcpListener(worker, std::move(listening_[worker.id()]), shared),
                                    running_->count));
  });
}

void Server::serve(Handler handler, ServeOptions options) {
  start(std::move(handler), std::move(options));
  std::unique_lock lock(control_->mutex);
  control_->changed.wait(lock, [this] { return control_->ended; });
}

bool Server::shutdown() {
  const std::lock_guard lock(control_->mutex);
  if (!running_) return true;
  const bool complete = running_->pool.drain(running_->options.drain_timeout);
  control_->ended = true;
  control_->changed.notify_all();
  return complete;
}

std::vector<runtime::WorkerReport> Server::report() const {
  const std::lock_guard lock(control_->mutex);
  return running_ ? running_->pool.report() : std::vector<runtime::WorkerReport>();
}

}  // namespace flare::http
