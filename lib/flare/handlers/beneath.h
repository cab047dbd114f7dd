// Opening files below a folder, and nowhere else (RFC 9110 §17.3, F-2, F-5).
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

/// The method that works here; tries it on `root`.
BeneathMethod choose_beneath_method(int root) noexcept;

/// Opens `path`, relative to the folder `root` ("": the folder itself), for reading; never blocks, never follows a
/// symbolic link in any component. errno in the error: ELOOP for a symbolic link, EXDEV for a way out, else what the
/// kernel says.
Result<net::UniqueFd> open_beneath(int root, const std::string& path, BeneathMethod method) noexcept;

}  // namespace flare::handlers
