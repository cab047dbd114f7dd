#include "flare/tls/certificate_pool.h"

#include <algorithm>
#include <array>
#include <map>

namespace flare::tls {
namespace {

std::vector<std::string> all_names(const Certificate& certificate) {
  std::vector<std::string> names = certificate.names();
  for (const net::IpAddr& address : certificate.addresses()) names.push_back(address.to_string());
  return names;
}

void add(CertificatePool::Entry& entry, const std::shared_ptr<const Certificate>& certificate) {
  auto& all = entry.certificates;
  if (std::ranges::find(all, certificate->key_type(), &Certificate::key_type) != all.end()) return;
  all.push_back(certificate);
  std::ranges::sort(all, {}, &Certificate::key_type);
}

}  // namespace

CertificatePool::CertificatePool(std::vector<Member> members) {
  std::map<std::string, Entry> by_name;
  for (const Member& member : members) {
    for (const std::string& name : all_names(*member.certificate)) add(by_name[name], member.certificate);
  }
  for (const auto& [name, entry] : by_name) names_.emplace(name, entry_for(entry));
  for (const Member& member : members) {
    // The default serves with whatever is paired with it, under any of its names.
    const auto names = all_names(*member.certificate);
    std::optional<std::size_t> home;
    for (const std::string& name : names) {
      const std::size_t entry = names_.find(name)->second;
      const auto& all = entries_[entry].certificates;
      if (std::ranges::find(all, member.certificate) != all.end()) home = home.value_or(entry);
    }
    if (!home && (member.is_default || names.empty())) home = entry_for({.certificates = {member.certificate}});
    if (member.is_default) fallback_ = home;
  }
  if (!fallback_ && entries_.size() == 1) fallback_ = 0;
}

std::size_t CertificatePool::entry_for(const Entry& wanted) {
  const auto found = std::ranges::find(entries_, wanted.certificates, &Entry::certificates);
  if (found != entries_.end()) return static_cast<std::size_t>(found - entries_.begin());
  entries_.push_back(wanted);
  return entries_.size() - 1;
}

std::optional<std::size_t> CertificatePool::find(std::string_view name) const noexcept {
  if (const auto exact = names_.find(name); exact != names_.end()) return exact->second;
  const std::size_t dot = name.find('.');
  constexpr std::size_t kLongest = 254;
  if (dot == 0 || dot == std::string_view::npos || name.size() - dot + 1 > kLongest) return std::nullopt;
  std::array<char, kLongest> pattern{'*'};
  const std::string_view rest = name.substr(dot);
  std::ranges::copy(rest, pattern.begin() + 1);
  const auto wildcard = names_.find(std::string_view(pattern.data(), rest.size() + 1));
  return wildcard == names_.end() ? std::nullopt : std::optional(wildcard->second);
}

}  // namespace flare::tls
