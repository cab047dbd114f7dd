// A whole connection without the kernel: parse, route, handle, serialise.
#pragma once

#include <cstddef>
#include <string_view>

namespace flare::bench {

/// Reads `depth` requests at once, `turns` times, on one connection, and answers them; /plaintext has a route.
void serve_turns(std::string_view request, std::size_t depth, std::size_t turns);

}  // namespace flare::bench
