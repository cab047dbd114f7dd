#include "server/daemon/port_holder.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "flare/base/numbers.h"

namespace flare::server {
namespace {

namespace fs = std::filesystem;

/// Inodes of the sockets that listen on `port`, of either family: an IPv6 wildcard can hold an IPv4 port too.
void collect_tcp(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    if (!(words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode))
      continue;
    constexpr std::string_view kListen = "0A";
    const std::size_t colon = local.rfind(':');
    if (state == kListen && colon != std::string::npos && parse_hex<std::uint16_t>(local.substr(colon + 1)) == port) {
      inodes.insert("socket:[" + inode + "]");
    }
  }
}

void collect_unix(const std::string& path, std::set<std::string>& inodes) {
  std::ifstream file("/proc/net/unix");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string number, references, protocol, flags, type, state, inode, bound;
    if (words >> number >> references >> protocol >> flags >> type >> state >> inode >> bound && bound == path) {
      inodes.insert("socket:[" + inode + "]");
    }
  }
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(entry->path(), gone);
    if (!gone && inodes.contains(target.string())) return true;
  }
  return false;
}

std::string name_of(const fs::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

std::string port_holder(const net::Endpoint& where) {
  std::set<std::string> inodes;
  if (const auto* unix_path = where.unix_path()) {
    collect_unix(unix_path->path, inodes);
  } else {
    collect_tcp("/proc/net/tcp", where.address()->port(), inodes);
    collect_tcp("/proc/net/tcp6", where.address()->port(), inodes);
  }
  if (inodes.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    if (!parse_decimal<std::uint32_t>(pid) || !holds_one_of(entry->path(), inodes)) continue;
    return "pid " + pid + " (" + name_of(entry->path()) + ")";
  }
  return {};
}

}  // namespace flare::server
