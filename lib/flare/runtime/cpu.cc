#include "flare/runtime/cpu.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace flare::runtime {
namespace {

constexpr std::uint32_t kMaxWorkers = 256;

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// "/user.slice/x" from the line "0::/user.slice/x" of /proc/self/cgroup.
std::string own_cgroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

std::uint32_t stricter(std::uint32_t a, std::uint32_t b) noexcept {
  if (a == 0) return b;
  return b == 0 ? a : std::min(a, b);
}

}  // namespace

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  return cpus.empty() ? std::vector<int>{0} : cpus;
}

std::uint32_t parse_cpu_max(const std::string& text) noexcept {
  std::istringstream words(text);
  std::int64_t quota = 0;
  std::int64_t period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return static_cast<std::uint32_t>(std::min<std::int64_t>((quota + period - 1) / period, kMaxWorkers));
}

std::uint32_t cgroup_cpu_quota() {
  std::uint32_t cores = 0;
  // Every ancestor may hold a quota; the strictest one counts.
  for (std::string group = own_cgroup();; group.resize(group.rfind('/'))) {
    cores = stricter(cores, parse_cpu_max(read_line("/sys/fs/cgroup" + group + "/cpu.max")));
    if (group.find('/') == std::string::npos || group.empty()) break;
  }
  const std::string quota = read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const std::string period = read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  return stricter(cores, parse_cpu_max(quota + " " + period));
}

WorkerCount default_worker_count() {
  const auto cores = static_cast<std::uint32_t>(allowed_cpus().size());
  const std::uint32_t quota = cgroup_cpu_quota();
  const auto plural = [](std::uint32_t n) { return std::to_string(n) + (n == 1 ? " core" : " cores"); };
  if (quota != 0 && quota < cores) return {quota, "the cgroup quota is " + plural(quota)};
  return {std::min(cores, kMaxWorkers), "affinity allows " + plural(cores)};
}

bool pin_this_thread(int cpu) noexcept {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace flare::runtime
