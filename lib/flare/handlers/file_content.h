// Reading files: small ones whole, large ones for their hash.
#pragma once

#include <cstdint>
#include <string>

#include "flare/base/error.h"
#include "flare/handlers/beneath.h"

namespace flare::handlers {

/// The first `size` bytes. Errors: EAGAIN with Patience::kNever where they are not in memory, kFileTruncated where the
/// file is shorter (F-19), else what the system says.
Result<std::string> read_content(int file, std::size_t size, Patience patience);

/// The `size` bytes from `offset` on; the same.
Result<std::string> read_content_at(int file, std::uint64_t offset, std::size_t size, Patience patience);

/// A strong entity-tag of the first `size` bytes, quotes included: the same for the same bytes, everywhere. The same
/// errors; what takes long, a file over 64 KiB, asks for patience.
Result<std::string> content_tag(int file, std::uint64_t size, Patience patience);

}  // namespace flare::handlers
