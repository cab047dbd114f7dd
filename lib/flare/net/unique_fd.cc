#include "flare/net/unique_fd.h"

#include <unistd.h>

namespace flare::net {

// close(2) frees the descriptor even when it reports EINTR or EIO on Linux; trying again could close someone else's.
void UniqueFd::close_descriptor(int fd) noexcept { ::close(fd); }

}  // namespace flare::net
