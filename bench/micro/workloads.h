// What one request costs, in parts: measured in time by bench_http and in instructions by instructions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace flare::bench {

struct Workload {
  std::string_view name;
  void (*run)(std::size_t times);  ///< sets up, then does it `times` times; aborts where the answer is wrong
};

std::span<const Workload> workloads() noexcept;

}  // namespace flare::bench
