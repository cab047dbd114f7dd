// Lists of preferences with weights (RFC 9110 §12.4.2, §12.5): Accept and its kin. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "flare/http/content_coding.h"
#include "flare/http/field.h"

namespace flare::http {

/// The weight of "text/html;level=1;q=0.7" in thousandths: 700; 1000 where none is given. nullopt: malformed, which
/// makes the element count for nothing. Parameters before the weight are not looked at.
std::optional<std::uint16_t> weight_of(std::string_view element) noexcept;

/// How much the client wants `type` ("text/html"), in thousandths: of the most specific of the media ranges of all
/// Accept fields that matches (type/subtype, type/*, */*); 0: not at all. Without an Accept field everything is as
/// good: 1000.
std::uint16_t accept_weight(Fields fields, std::string_view type) noexcept;

/// How much the client wants each content coding, in thousandths; 0: not at all (RFC 9110 §12.5.3). Its own element
/// decides, else that of "*". Else only identity is acceptable, with 1: better than nothing; 1000 where there is no
/// Accept-Encoding at all.
class CodingWeights {
 public:
  explicit CodingWeights(Fields fields) noexcept;
  [[nodiscard]] std::uint16_t of(ContentCoding coding) const noexcept {
    return weights_[static_cast<std::size_t>(coding)];
  }
  [[nodiscard]] std::uint16_t of_identity() const noexcept { return weights_.back(); }
  /// By name; 0 for codings that flare does not know.
  [[nodiscard]] std::uint16_t of(std::string_view coding) const noexcept;

 private:
  std::array<std::uint16_t, kContentCodings.size() + 1> weights_{};  ///< by ContentCoding; identity last
};

}  // namespace flare::http
