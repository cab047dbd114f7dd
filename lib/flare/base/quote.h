// Text from outside in a message for people.
#pragma once

#include <string>
#include <string_view>

namespace flare {

/// `text` in double quotes; quotes, backslashes and bytes that are not printable ASCII as \xHH; cut after 128 bytes.
std::string quote(std::string_view text);

}  // namespace flare
