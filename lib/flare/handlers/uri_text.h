// URI text for Location fields (RFC 3986 §2): what a peer sent goes in without a chance to leave the field. Pure.
#pragma once

#include <string>
#include <string_view>

namespace flare::handlers {

/// Only URI characters and whole triplets; no quotes of either kind.
bool is_uri_text(std::string_view text) noexcept;
/// Appends `text`, which is encoded already: triplets stay, bytes that are no URI characters become triplets, and so do
/// both quotes, '#' and a '%' that begins no triplet.
void append_uri_text(std::string& out, std::string_view text);

}  // namespace flare::handlers
