#include "flare/http/quality.h"

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

constexpr std::string_view kIdentityCoding = "identity";

/// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
std::optional<std::uint16_t> parse_qvalue(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned value = text[0] == '1' ? 1000 : 0;
  unsigned place = 100;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (!ascii::is_digit(c)) return std::nullopt;
    value += place * static_cast<unsigned>(c - '0');
    place /= 10;
  }
  if (value > 1000) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

/// 0: does not match; else the more specific, the higher.
int specificity(std::string_view range, std::string_view type) noexcept {
  if (ascii::iequals(range, type)) return 3;
  if (range == "*/*") return 1;
  const std::size_t slash = type.find('/');
  return range.ends_with("/*") && ascii::iequals(range.substr(0, range.size() - 2), type.substr(0, slash)) ? 2 : 0;
}

/// Calls visit(token, weight) for each well-formed element of all fields of that name; whether there is such a field.
template <class Visit>
bool for_each_preference(Fields fields, std::string_view name, Visit&& visit) {
  bool any = false;
  for (const Field& field : fields) {
    if (!ascii::iequals(field.name, name)) continue;
    any = true;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      const std::string_view element = ascii::trim(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      if (const auto weight = weight_of(element)) visit(ascii::trim(element.substr(0, element.find(';'))), *weight);
    }
  }
  return any;
}

/// RFC 9110 §8.4.1.3: a recipient takes "x-gzip" for "gzip".
bool is_coding(std::string_view token, std::string_view coding) noexcept {
  return ascii::iequals(token, coding) || (coding == "gzip" && ascii::iequals(token, "x-gzip"));
}

}  // namespace

std::optional<std::uint16_t> weight_of(std::string_view element) noexcept {
  for (std::size_t semicolon = element.find(';'); semicolon != std::string_view::npos; semicolon = element.find(';')) {
    element.remove_prefix(semicolon + 1);
    const std::string_view parameter = ascii::trim(element.substr(0, element.find(';')));
    if (parameter.size() >= 2 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=')
      return parse_qvalue(parameter.substr(2));
  }
  return 1000;
}

std::uint16_t accept_weight(Fields fields, std::string_view type) noexcept {
  int best = 0;
  std::uint16_t weight = 0;
  const bool any = for_each_preference(fields, "Accept", [&](std::string_view range, std::uint16_t given) {
    const int match = specificity(range, type);
    if (match <= best) return;
    best = match;
    weight = given;
  });
  return any ? weight : 1000;
}

CodingWeights::CodingWeights(Fields fields) noexcept {
  constexpr std::size_t kCount = kContentCodings.size() + 1;
  constexpr auto name_of = [](std::size_t i) {
    return i == kContentCodings.size() ? kIdentityCoding : to_string(kContentCodings[i]);
  };
  std::array<std::optional<std::uint16_t>, kCount> own;
  std::optional<std::uint16_t> wildcard;
  const bool any = for_each_preference(fields, "Accept-Encoding", [&](std::string_view token, std::uint16_t given) {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (is_coding(token, name_of(i))) own[i] = own[i].value_or(given);
    }
    if (token == "*") wildcard = wildcard.value_or(given);
  });
  for (std::size_t i = 0; i < kCount; ++i) weights_[i] = own[i].value_or(wildcard.value_or(0));
  if (!any) weights_.back() = 1000;
  if (any && !own.back() && !wildcard) weights_.back() = 1;
}

std::uint16_t CodingWeights::of(std::string_view coding) const noexcept {
  if (coding == kIdentityCoding) return of_identity();
  const auto known = parse_content_coding(coding);
  return known ? of(*known) : std::uint16_t{0};
}

}  // namespace flare::http
