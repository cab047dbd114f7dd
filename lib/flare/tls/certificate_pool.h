// Certificates by the names they are for: hosts never name files, a client's server_name picks (T-2).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flare/tls/certificate.h"

namespace flare::tls {

/// An exact name wins over a wildcard of one label. Certificates of several key types for one name are paired; of two
/// with the same key type the first is taken. Immutable once made.
class CertificatePool {
 public:
  struct Member {
    std::shared_ptr<const Certificate> certificate;
    bool is_default = false;
  };
  /// What serves a name: at most one certificate of each key type, ECDSA first.
  struct Entry {
    std::vector<std::shared_ptr<const Certificate>> certificates;
  };

  explicit CertificatePool(std::vector<Member> members);

  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  /// The place in entries() of what serves `name`: lower case, no trailing dot, or an IP address. Does not allocate.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;
  /// For whoever names nobody: the default's entry. A pool of one entry needs no default.
  [[nodiscard]] std::optional<std::size_t> fallback() const noexcept { return fallback_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::size_t entry_for(const Entry& wanted);

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> names_;  ///< patterns and addresses
  std::optional<std::size_t> fallback_;
};

}  // namespace flare::tls
