#include "server/config/tls_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "server/config/nearest.h"
#include "server/counted.h"

namespace flare::server::config {
namespace {

class TlsChecker {
 public:
  TlsChecker(LoadContext& context, const Config& config) : context_(context), config_(config) {}

  void run() {
    check_default();
    check_listeners();
    for (const Host& host : config_.hosts) check_host(host);
    for (const TlsCertificate& certificate : config_.tls.certificates) warn_of_expiry(certificate);
  }

 private:
  void report(std::string_view id, Severity severity, const Place& place, std::string message, std::string help,
              std::vector<Note> notes = {}) {
    context_.diagnostics.add({.id = id,
                              .severity = severity,
                              .place = place,
                              .message = std::move(message),
                              .notes = std::move(notes),
                              .help = std::move(help)});
  }

  void check_default() {
    const TlsCertificate* first = nullptr;
    for (const TlsCertificate& certificate : config_.tls.certificates) {
      if (!*certificate.is_default) continue;
      if (first != nullptr) {
        report("FL0003", Severity::kError, certificate.is_default.origin.place, "a second default certificate",
               "keep one of them", {{first->is_default.origin.place, "the first is here"}});
      }
      first = first == nullptr ? &certificate : first;
    }
    const auto& policy = config_.tls.unknown_sni;
    if (*policy == tls::UnknownName::kDefaultCertificate && first == nullptr && config_.tls.certificates.size() != 1) {
      report("FL0003", Severity::kError, policy.origin.place,
             "unknown_sni = \"default-cert\", but no certificate is the default",
             "add default = true to one [[tls.cert]]");
    }
  }

  void check_listeners() {
    bool any = false;
    for (const Listener& listener : config_.listeners) {
      any = any || *listener.tls;
      if (*listener.tls && config_.tls.certificates.empty()) {
        report("FL0303", Severity::kError, listener.tls.origin.place,
               fmt::format("[listen.{}] has tls = true, but there is no certificate", listener.name),
               "add [[tls.cert]]; `flared cert self-signed NAME` makes one for development");
      }
      if (!*listener.tls) check_plain_port(listener);
    }
    if (!any && !config_.tls.certificates.empty()) {
      report("FL0303", Severity::kWarning, config_.tls.certificates.front().place,
             "there are certificates, but no listener has tls = true", "add tls = true to a listener, or remove them");
    }
  }

  void check_plain_port(const Listener& listener) {
    constexpr std::uint16_t kHttps = 443;
    for (const ListenAddress& address : listener.addresses) {
      const auto* const socket = address.endpoint.address();
      if (socket == nullptr || socket->port() != kHttps) continue;
      report("FL0303", Severity::kWarning, address.place,
             fmt::format("[listen.{}] is on port 443 without TLS", listener.name),
             "add tls = true, or use another port");
    }
  }

  [[nodiscard]] const Listener* listener(std::string_view name) const {
    const auto found = std::ranges::find(config_.listeners, name, &Listener::name);
    return found == config_.listeners.end() ? nullptr : &*found;
  }

  void check_host(const Host& host) {
    bool secure = false;
    bool plain = false;
    for (const std::string& name : host.listen) {
      const Listener* const found = listener(name);
      if (found != nullptr) (*found->tls ? secure : plain) = true;
    }
    if (secure && !config_.tls.certificates.empty()) check_coverage(host);
    // A proxy in front may speak https to the clients (FL0304 is about those whom nobody serves by https).
    if (!secure && plain && config_.server.trusted_proxies->empty()) check_hsts(host);
    if (host.client_auth && plain) {
      report("FL0303", Severity::kError, host.client_auth->ca.origin.place,
             fmt::format("[host.{}] asks for client certificates, but listens without TLS too", host.name),
             "give it only listeners with tls = true: listen = [...]", {{host.place, "the host is here"}});
    }
  }

  /// "*.example.com" as a host stands for any number of labels, as a SAN for one: the same pattern has to be there.
  [[nodiscard]] bool is_covered(const std::string& name) const {
    return std::ranges::any_of(config_.tls.certificates, [&](const TlsCertificate& each) {
      if (each.certificate == nullptr) return true;  // reported already: who knows what it would have covered
      const auto& names = each.certificate->names();
      const auto& addresses = each.certificate->addresses();
      return std::ranges::any_of(names, [&](const std::string& san) { return tls::covers(san, name); }) ||
             std::ranges::any_of(addresses, [&](const net::IpAddr& ip) { return ip.to_string() == name; });
    });
  }

  void check_coverage(const Host& host) {
    std::vector<std::string_view> sans;
    for (const TlsCertificate& each : config_.tls.certificates) {
      if (each.certificate == nullptr) continue;
      sans.insert(sans.end(), each.certificate->names().begin(), each.certificate->names().end());
    }
    for (const HostName& name : host.names) {
      if (name.name == "_" || is_covered(name.name)) continue;
      std::string help = did_you_mean(name.name, sans);
      if (!help.empty()) help += ' ';
      help += sans.empty() ? std::string("no certificate has a name") : "certificates are for: " + quoted_list(sans);
      const bool served = *config_.tls.unknown_sni == tls::UnknownName::kDefaultCertificate;
      report("FL0302", served ? Severity::kWarning : Severity::kError, name.place,
             fmt::format("no certificate covers \"{}\", a name of [host.{}]", name.name, host.name), help);
    }
  }

  void check_hsts(const Host& host) {
    const auto check = [&](const Settings& settings) {
      if (!settings.hsts->has_value()) return false;
      report("FL0304", Severity::kError, settings.hsts.origin.place,
             fmt::format("hsts for [host.{}], which is reachable over plain HTTP only", host.name),
             "serve it on a listener with tls = true, or remove hsts");
      return true;
    };
    if (check(host.settings)) return;
    for (const Route& route : host.routes) {
      if (check(route.settings)) return;
    }
  }

  void warn_of_expiry(const TlsCertificate& certificate) {
    const auto& times = *config_.tls.expiry_warn;
    if (certificate.certificate == nullptr || times.empty()) return;
    const auto left = certificate.certificate->not_after() - std::chrono::system_clock::now();
    if (left > *std::ranges::max_element(times)) return;
    const auto days = static_cast<std::uint64_t>(std::chrono::floor<std::chrono::days>(left).count());
    report("FL0301", Severity::kWarning, certificate.chain_origin.place,
           fmt::format("the certificate {} ({}) expires in {}", certificate.files.chain,
                       certificate.certificate->subject(), counted(days, "day")),
           "renew it");
  }

  LoadContext& context_;
  const Config& config_;
};

}  // namespace

void check_tls(LoadContext& context, const Config& config) { TlsChecker(context, config).run(); }

}  // namespace flare::server::config
