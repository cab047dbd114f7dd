// Sets of method tokens: what a route takes, and what Allow says (RFC 9110 §9.1, §10.2.1). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/method.h"

namespace flare::http {

/// Tokens are case-sensitive. GET brings HEAD with it wherever a request is asked about.
class MethodSet {
 public:
  /// `token` is one (RFC 9110 §5.6.2).
  void add(std::string_view token);
  void add(const MethodSet& other);

  [[nodiscard]] bool empty() const noexcept { return known_ == 0 && others_.empty(); }
  /// Of a request's method; `token` counts where `method` is kOther.
  [[nodiscard]] bool allows(Method method, std::string_view token) const noexcept {
    if (method == Method::kOther) return lists_other(token);
    return (implied() >> static_cast<unsigned>(method) & 1U) != 0;
  }
  /// Whether it was added itself: false for the HEAD that GET brings.
  [[nodiscard]] bool lists(Method method) const noexcept { return (known_ & bit(method)) != 0; }
  /// Some token was added to both.
  [[nodiscard]] bool intersects(const MethodSet& other) const noexcept;
  /// "GET, HEAD, OPTIONS": the field value, with the HEAD and the OPTIONS that flare answers by itself.
  [[nodiscard]] std::string allow() const;

 private:
  static constexpr std::uint16_t bit(Method method) noexcept {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(method));
  }
  [[nodiscard]] std::uint16_t implied() const noexcept {
    return lists(Method::kGet) ? static_cast<std::uint16_t>(known_ | bit(Method::kHead)) : known_;
  }
  [[nodiscard]] bool lists_other(std::string_view token) const noexcept;

  std::uint16_t known_ = 0;
  std::vector<std::string> others_;
};

}  // namespace flare::http
