#include "server/daemon/daemon.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "flare/base/exception.h"
#include "flare/handlers/upstream/upstream_watch.h"
#include "flare/http/server.h"
#include "flare/runtime/cpu.h"
#include "flare/runtime/worker_pool.h"
#include "server/counted.h"
#include "server/daemon/certificate_watch.h"
#include "server/daemon/listeners.h"
#include "server/daemon/signals.h"
#include "server/log/access_log.h"
#include "server/log/error_log.h"
#include "server/log/writer.h"
#include "server/site/secure.h"
#include "server/site/site.h"

namespace flare::server {
namespace {

constexpr std::chrono::milliseconds kLook{1000};  // T-8: a renewed certificate is in use within two seconds

constexpr std::chrono::milliseconds kNamesAtStart{1000};

void say(const std::string& text) { std::fputs(text.c_str(), stderr); }

/// The soft limit goes up to the hard one: descriptors are what a server runs out of first (S-19).
void raise_descriptor_limit(log::ErrorLog& errors) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) errors.warn("cannot raise the limit of open files to its maximum");
}

runtime::WorkerPoolOptions pool_options(const config::Config& config, log::ErrorLog& errors) {
  runtime::WorkerPoolOptions options;
  const std::vector<int> cpus = runtime::allowed_cpus();
  if (config.server.workers->has_value()) {
    options.workers = **config.server.workers;
  } else {
    const runtime::WorkerCount automatic = runtime::default_worker_count();
    options.workers = automatic.count;
    errors.info("workers = auto: " + std::to_string(automatic.count) + ", " + automatic.because);
  }
  const config::Pin& pin = *config.server.pin;
  switch (pin.mode) {
    case config::Pin::Mode::kOff: break;
    case config::Pin::Mode::kAuto:
      if (options.workers <= cpus.size()) options.cpus = cpus;  // more workers than cores: let the scheduler decide
      break;
    case config::Pin::Mode::kCores: options.cpus.assign(pin.cores.begin(), pin.cores.end()); break;
  }
  return options;
}

std::shared_ptr<log::Writer> make_writer(const config::Config& config, log::ErrorLog& errors) {
  std::vector<log::Sink> sinks;
  for (const config::LogTarget& target : *config.log.access_to) sinks.emplace_back(target);
  if (sinks.empty()) return nullptr;
  return std::make_shared<log::Writer>(std::move(sinks), [&errors](const std::string& text) { errors.warn(text); });
}

std::unique_ptr<http::HandshakeRate> make_handshake_rate(const config::TlsSettings& settings) {
  const auto per_hour = static_cast<std::uint64_t>(*settings.handshakes_per_hour);
  return per_hour == 0 ? nullptr : std::make_unique<http::HandshakeRate>(per_hour);
}

/// One worker's share of the daemon: a context for each listener, and its log.
struct WorkerState {
  std::unique_ptr<log::AccessLog> access_log;
  std::vector<std::unique_ptr<http::WorkerContext>> contexts;
};

class Daemon {
 public:
  Daemon(const site::Snapshot& snapshot, log::ErrorLog& errors, std::shared_ptr<log::Writer> writer,
         runtime::WorkerPoolOptions options, std::vector<BoundAddress>& addresses)
      : snapshot_(snapshot),
        errors_(errors),
        writer_(std::move(writer)),
        addresses_(addresses),
        certificates_(snapshot.config().tls, errors),
        tickets_(site::make_ticket_keys(snapshot.config().tls)),
        secure_(make_secure()),
        handshake_rate_(make_handshake_rate(snapshot.config().tls)),
        count_(snapshot.config().limits.values.connections, snapshot.config().limits.values.per_ip),
        states_(options.workers),
        upstreams_(snapshot.pools(), [&errors](const std::string& text) { errors.warn(text); }),
        pool_(std::move(options)) {}

  ExitCode run(const Signals& signals);

 private:
  void set_up(runtime::Worker& worker);
  using SecureContexts = std::vector<std::shared_ptr<const tls::ServerContext>>;
  [[nodiscard]] SecureContexts make_secure() const;
  void look_after_certificates();
  void reopen_logs();
  bool drain(const Signals& signals);
  void report() const;

  const site::Snapshot& snapshot_;
  log::ErrorLog& errors_;
  std::shared_ptr<log::Writer> writer_;
  std::vector<BoundAddress>& addresses_;
  CertificateWatch certificates_;
  std::shared_ptr<tls::TicketKeys> tickets_;
  SecureContexts secure_;  ///< by listener; null for those without TLS
  std::unique_ptr<http::HandshakeRate> handshake_rate_;
  http::ConnectionCount count_;
  std::vector<WorkerState> states_;
  handlers::UpstreamWatch upstreams_;
  runtime::WorkerPool pool_;  // ends before the states its connections use
};

void Daemon::set_up(runtime::Worker& worker) {
  const config::Config& config = snapshot_.config();
  WorkerState& state = states_[worker.id()];
  state.access_log = std::make_unique<log::AccessLog>(worker, *config.log.access_format, writer_, errors_);
  for (std::size_t listener = 0; listener < config.listeners.size(); ++listener) {
    const site::Site* const site = &snapshot_.site(listener);
    state.contexts.push_back(std::make_unique<http::WorkerContext>(
        worker, [site](http::Request& request) { return (*site)(request); }, config.limits.values,
        config.server.server_header->text, state.access_log.get()));
    state.contexts.back()->set_trust(site->trust());
    state.contexts.back()->set_tls(secure_[listener]);
    state.contexts.back()->set_offload(pool_.offload());
    state.contexts.back()->set_handshake_rate(handshake_rate_.get());
  }
  for (BoundAddress& address : addresses_) {
    const bool shared = address.endpoint.unix_path() != nullptr;
    tcp::TcpListener listener(worker, std::move(address.sockets[worker.id()]), shared);
    worker.spawn(http::accept_connections(*state.contexts[address.listener], std::move(listener), count_));
  }
}

Daemon::SecureContexts Daemon::make_secure() const {
  SecureContexts contexts;
  const auto& listeners = snapshot_.config().listeners;
  for (std::size_t listener = 0; listener < listeners.size(); ++listener) {
    const bool secure = *listeners[listener].tls;
    contexts.push_back(secure ? site::make_server_context(snapshot_, listener, certificates_.current(), tickets_)
                              : nullptr);
  }
  return contexts;
}

/// Handshakes that begin from now on use what is on disk now; those under way, and connections, keep what they have.
void Daemon::look_after_certificates() {
  if (certificates_.look()) {
    try {
      secure_ = make_secure();
      for (std::size_t index = 0; index < states_.size(); ++index) {
        pool_.worker(index).post([&state = states_[index], contexts = secure_] {
          for (std::size_t i = 0; i < contexts.size(); ++i) state.contexts[i]->set_tls(contexts[i]);
        });
      }
    } catch (const Exception& exception) {
      errors_.error(std::string("a changed certificate cannot be used, the old one stays: ") + exception.what());
    }
  }
  certificates_.warn_of_expiry(std::chrono::system_clock::now());
}

ExitCode Daemon::run(const Signals& signals) {
  // The first requests find servers whose names have addresses, where the DNS is not too slow to tell.
  static_cast<void>(upstreams_.wait_for_names(kNamesAtStart));
  pool_.start([this](runtime::Worker& worker) { set_up(worker); });
  for (const BoundAddress& address : addresses_) {
    if (!address.is_implied) errors_.info("listening on " + address.endpoint.to_string());
  }
  errors_.info("flared is ready: pid " + std::to_string(::getpid()) + ", " + counted(pool_.size(), "worker") + ", " +
               counted(snapshot_.config().route_count(), "route"));
  for (;;) {
    const auto signal = signals.wait(kLook);
    if (!signal) {
      look_after_certificates();
      continue;
    }
    switch (*signal) {
      case Signal::kReopen: reopen_logs(); break;
      case Signal::kHangup:
        errors_.warn(
            "SIGHUP: a running flared cannot take a new configuration yet; check it with flared check, then restart");
        break;
      case Signal::kStop:
        errors_.info(drain(signals) ? "drained: every connection ended by itself"
                                    : "stopped: open connections were closed");
        report();
        return ExitCode::kOk;
    }
  }
}

void Daemon::reopen_logs() {
  if (writer_) writer_->reopen();
  errors_.reopen();
  errors_.info("log files reopened");
}

/// True when every connection ended by itself; a second signal or drain.timeout closes what is left (S-2).
bool Daemon::drain(const Signals& signals) {
  pool_.begin_drain();  // before it is said: whoever reads the line finds it true
  errors_.info("draining: no new connections, " + std::to_string(snapshot_.config().drain_timeout->count() / 1000) +
               " s for those in progress");
  return pool_.drain(*snapshot_.config().drain_timeout, [this, &signals] {
    const auto signal = signals.poll();
    if (signal == Signal::kReopen) reopen_logs();
    return signal == Signal::kStop;
  });
}

std::string handshakes(const runtime::WorkerReport& worker) {
  if (worker.handshakes == 0) return {};
  return ", " + counted(worker.handshakes, "TLS handshake") + " (" + std::to_string(worker.resumptions) + " resumed)";
}

/// By class (T-5, L-3): what connections came to nothing for.
std::string refusals(const runtime::WorkerReport& worker) {
  std::string text;
  for (std::size_t reason = 0; reason < worker.refused.size(); ++reason) {
    if (worker.refused[reason] == 0) continue;
    text += text.empty() ? "; not served: " : ", ";
    text += std::string(to_string(static_cast<Reason>(reason))) + " " + std::to_string(worker.refused[reason]);
  }
  return text;
}

void Daemon::report() const {
  for (const runtime::WorkerReport& worker : pool_.report()) {
    errors_.info("worker " + std::to_string(worker.id) + ": " + std::to_string(worker.connections) + " connections, " +
                 std::to_string(worker.requests) + " requests, " + std::to_string(worker.receives) + " reads, " +
                 std::to_string(worker.sends) + " writes, " + std::to_string(worker.controls) + " registrations, " +
                 std::to_string(worker.would_block) + " calls too early, " + std::to_string(worker.turns) + " turns" +
                 handshakes(worker) + refusals(worker));
  }
}

/// Errors of the outside world that loading could not see: a log file or a document root that cannot be opened. Short
/// of rights or of resources, or else the configuration names what is not there.
ExitCode exit_code_for(const Exception& exception) noexcept {
  const auto* const network = dynamic_cast<const NetworkError*>(&exception);
  if (network != nullptr && network->error().kind == ErrorKind::kPermission) return ExitCode::kPermission;
  if (network != nullptr && network->error().kind == ErrorKind::kResource) return ExitCode::kResource;
  return ExitCode::kInvalidConfig;
}

}  // namespace

ExitCode run_daemon(config::Config config) {
  const Signals signals;  // before the first thread, so that all inherit the mask
  try {
    log::ErrorLog errors(config.log);
    raise_descriptor_limit(errors);
    const site::Snapshot snapshot(std::move(config), [&errors](const std::string& text) { errors.warn(text); });
    auto options = pool_options(snapshot.config(), errors);
    auto writer = make_writer(snapshot.config(), errors);
    Bound bound = bind_listeners(snapshot.config(), options.workers);
    if (bound.diagnostics.has_errors()) {
      say(config::to_text(bound.diagnostics));
      unlink_sockets(bound.addresses);
      return bound.exit_code();
    }
    Daemon daemon(snapshot, errors, std::move(writer), std::move(options), bound.addresses);
    const ExitCode code = daemon.run(signals);
    unlink_sockets(bound.addresses);
    return code;
  } catch (const Exception& exception) {
    say(std::string("flared: ") + exception.what() + "\n");
    return exit_code_for(exception);
  }
}

}  // namespace flare::server
