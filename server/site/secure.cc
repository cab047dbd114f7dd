#include "server/site/secure.h"

#include <map>

namespace flare::server::site {
namespace {

/// Names of protocols as the configuration writes them, and as ALPN does (RFC 7301 §6).
std::vector<std::string> alpn_names(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const std::string& word : words) names.emplace_back(word == "h1" ? "http/1.1" : word);
  return names;
}

}  // namespace

std::shared_ptr<tls::TicketKeys> make_ticket_keys(const config::TlsSettings& settings) {
  if (!*settings.tickets) return nullptr;
  return std::make_shared<tls::TicketKeys>(std::chrono::duration_cast<std::chrono::seconds>(*settings.ticket_rotate),
                                           static_cast<std::size_t>(*settings.ticket_keep));
}

std::shared_ptr<const tls::ServerContext> make_server_context(const Snapshot& snapshot, std::size_t listener,
                                                              std::vector<tls::CertificatePool::Member> certificates,
                                                              std::shared_ptr<tls::TicketKeys> tickets) {
  const config::Config& config = snapshot.config();
  const bool modern = *config.tls.ciphers == "modern";
  const bool listed = !modern && *config.tls.ciphers != "intermediate";
  tls::ServerOptions options{.certificates = std::move(certificates),
                             .min_version = modern ? tls::Version::kTls13 : *config.tls.min_version,
                             .ciphers = listed ? *config.tls.ciphers : std::string(),
                             .unknown_name = *config.tls.unknown_sni,
                             .protocols = alpn_names(*config.listeners[listener].protocols),
                             .tickets = std::move(tickets),
                             .handshake_timeout = *config.tls.handshake_timeout,
                             .client_auth = {},
                             .policy_of = {}};
  std::map<std::size_t, std::size_t> policies;  // by the host's place in Config::hosts
  for (std::size_t host = 0; host < config.hosts.size(); ++host) {
    const auto& auth = config.hosts[host].client_auth;
    if (!auth) continue;
    policies.emplace(host, options.client_auth.size());
    options.client_auth.push_back({.mode = *auth->mode, .authorities = auth->authorities});
  }
  if (!policies.empty()) {
    options.policy_of = [site = &snapshot.site(listener),
                         policies = std::move(policies)](std::string_view name) -> std::optional<std::size_t> {
      const auto host = site->find_host(name);
      const auto policy = host ? policies.find(host->host) : policies.end();
      return policy == policies.end() ? std::nullopt : std::optional(policy->second);
    };
  }
  return tls::ServerContext::make(std::move(options));
}

}  // namespace flare::server::site
