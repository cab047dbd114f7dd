// The response for an open regular file (behaviour.md F-8 to F-17).
#pragma once

#include <sys/stat.h>

#include <string_view>

#include "flare/http/request.h"
#include "flare/http/response.h"
#include "flare/net/unique_fd.h"

namespace flare::handlers {

/// 200, 206, 304, 412 or 416 for a GET or HEAD of `file`, whose fstat is `status` and whose name, for its media type,
/// is `name`. A file that is shorter than its fstat said answers 500 (F-19).
http::Response file_response(net::UniqueFd file, const struct stat& status, std::string_view name,
                             const http::Request& request);

}  // namespace flare::handlers
