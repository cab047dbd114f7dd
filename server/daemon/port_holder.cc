#include "server/daemon/port_holder.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "flare/base/numbers.h"

namespace flare::server {
namespace {

namespace fs = std::filesystem;

/// "0100007F", or four such words: as the kernel prints an address, each word in the machine's byte order.
std::optional<net::IpAddr> parse_address(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  if (text.size() != 8 && text.size() != 32) return std::nullopt;
  for (std::size_t word = 0; word < text.size() / 8; ++word) {
    const auto value = parse_hex<std::uint32_t>(text.substr(word * 8, 8));
    if (!value) return std::nullopt;
    std::memcpy(bytes.data() + word * 4, &*value, sizeof *value);
  }
  if (text.size() == 8) return net::IpAddr::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
  return net::IpAddr::v6(bytes);
}

/// Whether they cannot both have the same port. An IPv6 wildcard can hold an IPv4 port too.
bool exclude_each_other(const net::IpAddr& a, const net::IpAddr& b) noexcept {
  const auto takes_all = [](const net::IpAddr& ip) { return ip.is_v6() && ip.is_unspecified(); };
  if (a == b || takes_all(a) || takes_all(b)) return true;
  return a.is_v6() == b.is_v6() && (a.is_unspecified() || b.is_unspecified());
}

/// Inodes of the sockets that listen where nobody else can then.
void collect_tcp(const char* table, const net::SocketAddr& where, std::set<std::string>& inodes) {
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
    if (state != kListen || colon == std::string::npos) continue;
    if (parse_hex<std::uint16_t>(local.substr(colon + 1)) != where.port()) continue;
    const auto address = parse_address(std::string_view(local).substr(0, colon));
    if (address && exclude_each_other(*address, where.ip())) inodes.insert("socket:[" + inode + "]");
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
    collect_tcp("/proc/net/tcp", *where.address(), inodes);
    collect_tcp("/proc/net/tcp6", *where.address(), inodes);
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
