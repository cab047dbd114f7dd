// Opening files below a folder one component at a time, where the kernel cannot do it as a whole. Part of beneath.h.
#pragma once

#include <string_view>

#include "flare/handlers/beneath.h"

namespace flare::handlers {

/// As open_beneath, in user space; the same errors. No component is ever resolved by the kernel as a link: whatever is
/// swapped while this walks, each step is either what it was opened as or an error. May wait. `path` has no NUL.
Result<net::UniqueFd> walk_beneath(int root, std::string_view path, Symlinks symlinks);

}  // namespace flare::handlers
