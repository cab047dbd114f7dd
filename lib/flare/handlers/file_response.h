// The response for a file (behaviour.md F-8 to F-18).
#pragma once

#include <optional>

#include "flare/handlers/compress_options.h"
#include "flare/handlers/file_entry.h"
#include "flare/http/request.h"
#include "flare/http/response.h"

namespace flare::handlers {

struct FileChoice {
  const FileVariant* variant = nullptr;        ///< nullptr: the client takes none of them
  std::optional<http::ContentCoding> missing;  ///< the client gets a variant that has to be made first
};
/// The variant for a GET or HEAD. `compress`: how variants may be made; nullptr: not at all. A content too large to be
/// made whole is given as it is, for a handlers::Compress to encode.
FileChoice choose_variant(const FileEntry& entry, const http::Request& request, const CompressOptions* compress);

/// The answer that needs no content: 304 or 412 for the variant in `missing` of what can be made. nullopt: there is
/// none.
std::optional<http::Response> answer_unmade(const FileEntry& entry, http::ContentCoding missing,
                                            const http::Request& request);

/// 200, 206, 304, 406, 412 or 416 for a GET or HEAD of `entry`, of which `chosen` was chosen.
http::Response file_response(const FileEntry& entry, const FileVariant* chosen, const http::Request& request);

}  // namespace flare::handlers
