// Opening files below a folder, and nowhere else (RFC 9110 §17.3, F-2, F-3, F-5).
#pragma once

#include <cstdint>
#include <string>

#include "flare/base/error.h"
#include "flare/net/unique_fd.h"

namespace flare::handlers {

enum class BeneathMethod : std::uint8_t {
  kOpenat2,  ///< the kernel resolves the whole path and refuses to leave
  kWalk,     ///< for kernels and sandboxes without openat2: one component at a time
};

/// Which symbolic links are followed. Those that leave the root, absolute ones and those of /proc never are.
enum class Symlinks : std::uint8_t {
  kNever,
  kSameOwner,   ///< whose owner also owns what they lead to
  kInsideRoot,  ///< all that stay below the root
};

/// Whether opening may wait for a disk or a server.
enum class Patience : std::uint8_t {
  kNever,  ///< only what the kernel has at hand, else EAGAIN: ask again, elsewhere, with kWait
  kWait,
};

/// The method that works here; tries it on `root`.
BeneathMethod choose_beneath_method(int root) noexcept;

/// Opens `path`, relative to the folder `root` ("": the folder itself), for reading; a FIFO does not hold it up. errno
/// in the error: ELOOP for a symbolic link that is not followed, EXDEV for a way out, else what the kernel says.
Result<net::UniqueFd> open_beneath(int root, const std::string& path, BeneathMethod method,
                                   Symlinks symlinks = Symlinks::kNever, Patience patience = Patience::kWait);

}  // namespace flare::handlers
