#include "server/site/certificates.h"

#include <algorithm>

namespace flare::server::site {
namespace {

bool speaks_tls(const config::Config& config, const config::Host& host) {
  return std::ranges::any_of(host.listen, [&](const std::string& name) {
    const auto listener = std::ranges::find(config.listeners, name, &config::Listener::name);
    return listener != config.listeners.end() && *listener->tls;
  });
}

std::vector<tls::CertificatePool::Member> members(const std::vector<Certificates::Entry>& entries) {
  std::vector<tls::CertificatePool::Member> found;
  for (const Certificates::Entry& entry : entries) {
    if (entry.certificate)
      found.push_back({.certificate = entry.certificate, .is_default = *entry.settings->is_default});
  }
  return found;
}

}  // namespace

Certificates::Certificates(const config::Config& config, std::chrono::system_clock::time_point now)
    : unknown_(*config.tls.unknown_sni), pool_({}) {
  for (const config::TlsCertificate& certificate : config.tls.certificates) add(certificate, now);
  pool_ = tls::CertificatePool(members(entries_));
  find_users(config);
}

void Certificates::add(const config::TlsCertificate& settings, std::chrono::system_clock::time_point now) {
  Entry entry{.settings = &settings, .certificate = settings.certificate, .problems = {}, .used_by = {}};
  try {
    if (!entry.certificate) entry.certificate = tls::Certificate::load(settings.files);
    entry.problems = entry.certificate->problems(now);
  } catch (const tls::CertificateError& error) {
    entry.problems.emplace_back(error.what());
  }
  entries_.push_back(std::move(entry));
}

void Certificates::find_users(const config::Config& config) {
  for (std::size_t host = 0; host < config.hosts.size(); ++host) {
    if (!speaks_tls(config, config.hosts[host])) continue;
    for (const config::HostName& name : config.hosts[host].names) {
      for (const std::size_t place : serving(name.name == "_" ? "" : name.name)) {
        std::vector<Use>& uses = entries_[place].used_by;
        if (uses.empty() || uses.back().host != host) uses.push_back({.host = host, .names = {}});
        uses.back().names.push_back(name.name);
      }
    }
  }
}

std::vector<std::size_t> Certificates::serving(std::string_view name) const {
  const auto found = name.empty() ? std::nullopt : pool_.find(name);
  const bool fall_back = name.empty() || unknown_ == tls::UnknownName::kDefaultCertificate;
  return places(found || !fall_back ? found : pool_.fallback());
}

std::vector<std::size_t> Certificates::places(std::optional<std::size_t> pool_entry) const {
  std::vector<std::size_t> found;
  if (!pool_entry) return found;
  for (const auto& certificate : pool_.entries()[*pool_entry].certificates) {
    const auto at = std::ranges::find(entries_, certificate, &Entry::certificate);
    found.push_back(static_cast<std::size_t>(at - entries_.begin()));
  }
  return found;
}

}  // namespace flare::server::site
