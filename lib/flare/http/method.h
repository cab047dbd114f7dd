// Request methods (RFC 9110 §9, RFC 5789).
#pragma once

#include <cstdint>
#include <string_view>

namespace flare::http {

/// A method token that has no name here is kOther; Request::method_token() still has its bytes.
enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kConnect, kOptions, kTrace, kPatch, kOther };

/// Methods are case-sensitive (RFC 9110 §9.1): "get" is kOther.
Method parse_method(std::string_view token) noexcept;
/// The token, "" for kOther.
std::string_view to_string(Method method) noexcept;

}  // namespace flare::http
