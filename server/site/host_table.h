// From a request's authority to a host (config.md M2).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace flare::server::site {

/// Exact name, then the longest "*.suffix", then "_". Filled first, then only read.
class HostTable {
 public:
  /// `name` as in the configuration: "www.example.com", "*.example.com" or "_".
  void add(std::string_view name, std::size_t host);
  /// The host of every name, where there is no other.
  [[nodiscard]] std::optional<std::size_t> only() const noexcept {
    return exact_.empty() && suffixes_.empty() ? any_ : std::nullopt;
  }
  /// `name`: normalize_host() of the authority. Does not allocate.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Names = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;

  Names exact_;
  Names suffixes_;  ///< without "*."
  std::optional<std::size_t> any_;
};

}  // namespace flare::server::site
