// Pipes that carry bytes from one socket to another without a copy through this process (splice).
#pragma once

#include <cstddef>
#include <optional>

#include "flare/net/unique_fd.h"

namespace flare::io {

/// How much a pipe holds where the system allows it; 64 KiB otherwise.
inline constexpr std::size_t kPipeBytes = 256 * 1024;

/// Non-blocking, close-on-exec.
struct Pipe {
  net::UniqueFd read_end;
  net::UniqueFd write_end;
};

/// An empty pipe out of the thread's store, which keeps a few; nullopt: the system has none to give.
std::optional<Pipe> borrow_pipe();
/// For the next one. Only an empty pipe: whatever is left in it would come out there.
void give_back_pipe(Pipe pipe);

}  // namespace flare::io
