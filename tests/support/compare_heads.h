// The request head parser against the reference (reference_head.h).
#pragma once

#include <string>
#include <string_view>

#include "flare/http/limits.h"

namespace flare::test {

/// "" where the parser, in each of its ways of scanning, and the reference say the same of `input`: accepted,
/// incomplete or refused with which status, and of an accepted head everything. Else what differs.
std::string compare_heads(std::string_view input, const http::Limits& limits);

}  // namespace flare::test
