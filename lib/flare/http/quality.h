// Lists of preferences with weights (RFC 9110 §12.4.2, §12.5): Accept and its kin. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "flare/http/field.h"

namespace flare::http {

/// The weight of "text/html;level=1;q=0.7" in thousandths: 700; 1000 where none is given. nullopt: malformed, which
/// makes the element count for nothing. Parameters before the weight are not looked at.
std::optional<std::uint16_t> weight_of(std::string_view element) noexcept;

/// How much the client wants `type` ("text/html"), in thousandths: of the most specific of the media ranges of all
/// Accept fields that matches (type/subtype, type/*, */*); 0: not at all. Without an Accept field everything is as
/// good: 1000.
std::uint16_t accept_weight(Fields fields, std::string_view type) noexcept;

/// How much the client wants the content coding `coding` ("gzip", "br", "identity"), in thousandths; 0: not at all (RFC
/// 9110 §12.5.3). Its own element decides, else that of "*". Else only identity is acceptable, with 1: better than
/// nothing; 1000 where there is no Accept-Encoding at all.
std::uint16_t coding_weight(Fields fields, std::string_view coding) noexcept;

}  // namespace flare::http
