// "did you mean": the known word that is fewest typing slips away.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace flare::server::config {

/// The candidate within a third of the word's length (at least one, at most three edits; a swap counts one), or "".
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
/// `did you mean "x"?`, or "" where nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
/// `"a", "b", "c"`.
std::string quoted_list(std::span<const std::string_view> words);

}  // namespace flare::server::config
