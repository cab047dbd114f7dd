// `flared certs`: what is served, until when, by which hosts; also what cannot be, and why.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/cli/commands.h"
#include "server/cli/describe.h"
#include "server/config/load.h"
#include "server/site/certificates.h"

namespace flare::server::cli {
namespace {

using Clock = std::chrono::system_clock;
using Json = nlohmann::ordered_json;
using Entry = site::Certificates::Entry;

std::string utc(Clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(Clock::to_time_t(time)));
}

/// Whole days; negative once it has passed.
std::int64_t days_left(const tls::Certificate& certificate, Clock::time_point now) {
  return std::chrono::floor<std::chrono::days>(certificate.not_after() - now).count();
}

std::vector<std::string> names_of(const tls::Certificate& certificate) {
  std::vector<std::string> names = certificate.names();
  for (const net::IpAddr& address : certificate.addresses()) names.push_back(address.to_string());
  return names;
}

std::vector<std::string> hosts_of(const config::Config& config, const Entry& entry) {
  std::vector<std::string> names;
  for (const auto& use : entry.used_by) names.push_back(config.hosts[use.host].name);
  return names;
}

std::vector<std::string> addresses_of(const config::Listener& listener) {
  std::vector<std::string> texts;
  for (const config::ListenAddress& address : listener.addresses) texts.push_back(address.text);
  return texts;
}

std::string list_of(const std::vector<std::string>& words, const char* none) {
  return words.empty() ? std::string(none) : fmt::format("{}", fmt::join(words, ", "));
}

using Line = std::array<std::string, 6>;

Line line_of(const config::Config& config, const Entry& entry, Clock::time_point now) {
  const auto& certificate = entry.certificate;
  const config::TlsCertificate& from = *entry.settings;
  std::string files = from.files.chain + ", " + from.files.key;
  for (const std::string& problem : entry.problems) files += "  cannot be used: " + problem;
  if (!certificate) return {*from.is_default ? "? (default)" : "?", "?", "?", "?", "?", std::move(files)};
  return {list_of(names_of(*certificate), "-") + (*from.is_default ? " (default)" : ""),
          describe_key(*certificate),
          utc(certificate->not_after()),
          fmt::format("{} d", days_left(*certificate, now)),
          list_of(hosts_of(config, entry), "no host"),
          std::move(files)};
}

void print_table(const config::Config& config, const site::Certificates& certificates, Clock::time_point now) {
  std::vector<Line> lines{{"NAMES", "KEY", "EXPIRES", "LEFT", "HOSTS", "CHAIN, KEY"}};
  for (const Entry& entry : certificates.entries()) lines.push_back(line_of(config, entry, now));
  std::array<std::size_t, std::tuple_size_v<Line>> widths{};
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const Line& line : lines) {
    std::string text;
    for (std::size_t i = 0; i + 1 < line.size(); ++i) text += fmt::format("{:<{}}  ", line[i], widths[i]);
    std::printf("%s%s\n", text.c_str(), line.back().c_str());
  }
  for (const config::Listener& listener : config.listeners) {
    if (!*listener.tls) continue;
    std::printf("listener %s: %s\n", listener.name.c_str(), list_of(addresses_of(listener), "-").c_str());
  }
}

Json to_json(const config::Config& config, const Entry& entry, Clock::time_point now) {
  Json json{{"chain", entry.settings->files.chain},
            {"key", entry.settings->files.key},
            {"default", *entry.settings->is_default},
            {"problems", entry.problems}};
  if (entry.certificate == nullptr) return json;
  const tls::Certificate& certificate = *entry.certificate;
  json["names"] = names_of(certificate);
  json["hosts"] = hosts_of(config, entry);
  json["key_type"] = to_string(certificate.key_type());
  json["key_bits"] = certificate.key_bits();
  json["subject"] = certificate.subject();
  json["issuer"] = certificate.issuer();
  json["not_before"] = utc(certificate.not_before());
  json["not_after"] = utc(certificate.not_after());
  json["days_left"] = days_left(certificate, now);
  json["sha256"] = certificate.fingerprint();
  return json;
}

void print_json(const config::Config& config, const site::Certificates& certificates, Clock::time_point now) {
  Json json{{"certificates", Json::array()}, {"listeners", Json::array()}};
  for (const Entry& entry : certificates.entries()) json["certificates"].push_back(to_json(config, entry, now));
  for (const config::Listener& listener : config.listeners) {
    if (*listener.tls) json["listeners"].push_back({{"name", listener.name}, {"addresses", addresses_of(listener)}});
  }
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());  // names may be no UTF-8
}

}  // namespace

ExitCode run(const ListCertificates& command) {
  const config::LoadResult loaded = config::load(command.config);
  std::fputs(config::to_text(loaded.diagnostics).c_str(), stderr);
  const auto now = Clock::now();
  const site::Certificates certificates(loaded.config, now);
  if (command.json) {
    print_json(loaded.config, certificates, now);
  } else if (!certificates.entries().empty()) {
    print_table(loaded.config, certificates, now);
  } else if (loaded.ok()) {
    std::fprintf(stderr, "flared: %s has no [[tls.cert]]\n", command.config.c_str());
  }
  return loaded.ok() ? ExitCode::kOk : ExitCode::kInvalidConfig;
}

}  // namespace flare::server::cli
