#include "flare/handlers/proxy/hop_by_hop.h"

namespace flare::handlers::proxy {
namespace {

constexpr std::string_view kConnection = "connection";

/// By length first: most fields are none of these, and a comparison is all they cost.
bool is_own_by_nature(std::string_view name) noexcept {
  const auto is = [name](std::string_view other) { return ascii::iequals(name, other); };
  switch (name.size()) {
    case 2: return is("te");
    case 7: return is("trailer") || is("upgrade");
    case 10: return is(kConnection) || is("keep-alive");
    case 14: return is("content-length");
    case 16: return is("proxy-connection");
    case 17: return is("transfer-encoding");
    case 18: return is("proxy-authenticate");
    case 19: return is("proxy-authorization");
    default: return false;
  }
}

}  // namespace

HopByHop::HopByHop(http::Fields fields) noexcept : fields_(fields) {
  for (const http::Field& field : fields) {
    if (!ascii::iequals(field.name, kConnection)) continue;
    for_each_member(field.value, [this](std::string_view option) {
      names_fields_ = names_fields_ || !(ascii::iequals(option, "close") || ascii::iequals(option, "keep-alive"));
    });
  }
}

bool HopByHop::owns(std::string_view name) const noexcept {
  return is_own_by_nature(name) || (names_fields_ && names(name));
}

bool HopByHop::names(std::string_view name) const noexcept {
  bool found = false;
  for (const http::Field& field : fields_) {
    if (!ascii::iequals(field.name, kConnection)) continue;
    for_each_member(field.value, [&](std::string_view option) { found = found || ascii::iequals(option, name); });
  }
  return found;
}

}  // namespace flare::handlers::proxy
