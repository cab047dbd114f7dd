#include "server/daemon/certificate_watch.h"

#include <algorithm>

#include "server/counted.h"

namespace flare::server {

CertificateWatch::CertificateWatch(const config::TlsSettings& settings, log::ErrorLog& errors)
    : errors_(errors), watch_(*settings.watch), thresholds_(*settings.expiry_warn) {
  std::ranges::sort(thresholds_, std::greater());
  for (const config::TlsCertificate& each : settings.certificates) {
    const tls::Certificate::Files& files = each.files;
    // They may have changed since they were read: the first look reads them again.
    pairs_.push_back({.files = files, .unread = true});
    current_.push_back({.certificate = each.certificate, .is_default = *each.is_default});
  }
}

bool CertificateWatch::look() {
  bool changed = false;
  for (std::size_t index = 0; watch_ && index < pairs_.size(); ++index) changed = refresh(index) || changed;
  return changed;
}

bool CertificateWatch::refresh(std::size_t index) {
  Pair& pair = pairs_[index];
  const FileStamp chain = FileStamp::of(pair.files.chain);
  const FileStamp key = FileStamp::of(pair.files.key);
  const bool moved = chain != pair.chain || key != pair.key;
  if (!moved && !pair.unread) return false;
  if (moved) {
    pair.chain = chain;
    pair.key = key;
    pair.unread = true;
    pair.told = false;
  }
  if (pair.told) return false;
  std::string complaint;
  try {
    auto renewed = tls::Certificate::load(pair.files);
    const auto problems = renewed->problems(std::chrono::system_clock::now());
    if (problems.empty()) {
      pair.unread = false;
      pair.thresholds_passed = 0;
      const bool same = renewed->fingerprint() == current_[index].certificate->fingerprint();
      if (!same) errors_.info("new certificate in use: " + renewed->subject() + " from " + pair.files.chain);
      current_[index].certificate = std::move(renewed);
      return !same;
    }
    complaint = pair.files.chain + ": " + problems.front();
  } catch (const Exception& exception) {
    complaint = exception.what();
  }
  if (!moved) {  // it was like that a look ago: not just being written
    errors_.error("a changed certificate cannot be used, the old one stays: " + complaint);
    pair.told = true;
  }
  return false;
}

void CertificateWatch::warn_of_expiry(std::chrono::system_clock::time_point now) {
  for (std::size_t index = 0; index < pairs_.size(); ++index) {
    const tls::Certificate& certificate = *current_[index].certificate;
    const auto left = certificate.not_after() - now;
    const auto passed = static_cast<std::size_t>(
        std::ranges::count_if(thresholds_, [left](std::chrono::milliseconds threshold) { return left <= threshold; }));
    if (passed <= pairs_[index].thresholds_passed) continue;
    pairs_[index].thresholds_passed = passed;
    const auto days = std::chrono::floor<std::chrono::days>(left).count();
    const std::string when =
        left.count() <= 0 ? "has expired" : "expires in " + counted(static_cast<std::uint64_t>(days), "day");
    errors_.warn("the certificate " + pairs_[index].files.chain + " (" + certificate.subject() + ") " + when +
                 ": renew it");
  }
}

}  // namespace flare::server
