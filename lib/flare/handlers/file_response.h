// The response for a file (behaviour.md F-8 to F-18).
#pragma once

#include "flare/handlers/file_entry.h"
#include "flare/http/request.h"
#include "flare/http/response.h"

namespace flare::handlers {

/// 200, 206, 304, 406, 412 or 416 for a GET or HEAD of `entry`.
http::Response file_response(const FileEntry& entry, const http::Request& request);

}  // namespace flare::handlers
