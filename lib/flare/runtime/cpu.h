// How many processors this process may really use, and pinning threads to them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flare::runtime {

/// Cores that the scheduler lets this process run on, ascending (sched_getaffinity, which a cpuset narrows too).
std::vector<int> allowed_cpus();
/// Cores worth of time that a cgroup quota (cpu.max, v2; cfs_quota, v1) leaves, rounded up; 0 where there is no quota.
std::uint32_t cgroup_cpu_quota();

struct WorkerCount {
  std::uint32_t count = 1;
  std::string because;  ///< for the log: "affinity allows 8 cores" or "the cgroup quota is 2 cores"
};
/// min(affinity, quota), 1 to 256.
WorkerCount default_worker_count();

/// Moves the calling thread to `cpu`; false where that is not allowed.
bool pin_this_thread(int cpu) noexcept;

/// The quota in "max 100000" or "200000 100000" (cgroup v2 cpu.max), in whole cores rounded up; 0 for none or nonsense.
/// Pure.
std::uint32_t parse_cpu_max(const std::string& text) noexcept;

}  // namespace flare::runtime
