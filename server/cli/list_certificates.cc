// `flared certs`: what is served, until when, by which hosts.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "flare/tls/certificate_pool.h"
#include "server/cli/commands.h"

namespace flare::server::cli {
namespace {

using Clock = std::chrono::system_clock;

struct Row {
  const config::TlsCertificate* configured;
  std::vector<std::string> names;  ///< DNS names and addresses
  std::vector<std::string> hosts;  ///< those that answer under it
  long days_left = 0;
};

bool is_secure(const config::Config& config, const config::Host& host) {
  return std::ranges::any_of(config.listeners, [&](const config::Listener& listener) {
    return *listener.tls && std::ranges::find(host.listen, listener.name) != host.listen.end();
  });
}

/// Whether a client that asks for one of the host's names gets this certificate, or its pair of another key type.
bool serves(const tls::CertificatePool& pool, const config::Host& host, const tls::Certificate* certificate) {
  return std::ranges::any_of(host.names, [&](const config::HostName& name) {
    if (name.name == "_") return true;  // it answers whatever the clients of any certificate ask for
    const auto entry = pool.find(name.name);
    if (!entry) return false;
    const auto& chosen = pool.entries()[*entry].certificates;
    return std::ranges::any_of(chosen, [&](const auto& each) { return each.get() == certificate; });
  });
}

std::vector<Row> rows(const config::Config& config, Clock::time_point now) {
  std::vector<tls::CertificatePool::Member> members;
  for (const config::TlsCertificate& each : config.tls.certificates) {
    members.push_back({.certificate = each.certificate, .is_default = *each.is_default});
  }
  const tls::CertificatePool pool(std::move(members));
  std::vector<Row> table;
  for (const config::TlsCertificate& each : config.tls.certificates) {
    Row row{.configured = &each, .names = each.certificate->names(), .hosts = {}};
    for (const net::IpAddr& address : each.certificate->addresses()) row.names.push_back(address.to_string());
    for (const config::Host& host : config.hosts) {
      if (is_secure(config, host) && serves(pool, host, each.certificate.get())) row.hosts.push_back(host.name);
    }
    row.days_left = std::chrono::floor<std::chrono::days>(each.certificate->not_after() - now).count();
    table.push_back(std::move(row));
  }
  return table;
}

std::string utc(Clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(Clock::to_time_t(time)));
}

std::string key_text(const tls::Certificate& certificate) {
  return fmt::format("{} {}", to_string(certificate.key_type()), certificate.key_bits());
}

std::string list_of(const std::vector<std::string>& words) {
  return words.empty() ? std::string("-") : fmt::format("{}", fmt::join(words, ", "));
}

void print_table(const std::vector<Row>& table) {
  std::vector<std::array<std::string, 6>> lines{{"NAMES", "KEY", "EXPIRES", "LEFT", "HOSTS", "CHAIN, KEY"}};
  for (const Row& row : table) {
    const config::TlsCertificate& from = *row.configured;
    lines.push_back({list_of(row.names) + (*from.is_default ? " (default)" : ""), key_text(*from.certificate),
                     utc(from.certificate->not_after()), fmt::format("{} d", row.days_left), list_of(row.hosts),
                     from.files.chain + ", " + from.files.key});
  }
  std::array<std::size_t, 6> widths{};
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i + 1 < line.size(); ++i) text += fmt::format("{:<{}}  ", line[i], widths[i]);
    std::printf("%s%s\n", text.c_str(), line.back().c_str());
  }
}

void print_json(const std::vector<Row>& table) {
  auto list = nlohmann::ordered_json::array();
  for (const Row& row : table) {
    const config::TlsCertificate& from = *row.configured;
    const tls::Certificate& certificate = *from.certificate;
    list.push_back({{"chain", from.files.chain},
                    {"key", from.files.key},
                    {"default", *from.is_default},
                    {"names", row.names},
                    {"hosts", row.hosts},
                    {"key_type", to_string(certificate.key_type())},
                    {"key_bits", certificate.key_bits()},
                    {"subject", certificate.subject()},
                    {"issuer", certificate.issuer()},
                    {"not_before", utc(certificate.not_before())},
                    {"not_after", utc(certificate.not_after())},
                    {"days_left", row.days_left},
                    {"sha256", certificate.fingerprint()}});
  }
  std::printf("%s\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

}  // namespace

ExitCode run(const ListCertificates& command) {
  const auto config = load_or_complain(command.config);
  if (!config) return ExitCode::kInvalidConfig;
  const std::vector<Row> table = rows(*config, Clock::now());
  if (command.json) {
    print_json(table);
  } else if (table.empty()) {
    std::fprintf(stderr, "flared: %s has no [[tls.cert]]\n", command.config.c_str());
  } else {
    print_table(table);
  }
  return ExitCode::kOk;
}

}  // namespace flare::server::cli
