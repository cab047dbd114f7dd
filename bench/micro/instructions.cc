// instructions: the workloads' names. instructions NAME TIMES: runs one of them, for scripts/instructions.py to count.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/micro/workloads.h"

int main(int argc, char** argv) {
  for (const flare::bench::Workload& workload : flare::bench::workloads()) {
    if (argc == 1) std::printf("%.*s\n", static_cast<int>(workload.name.size()), workload.name.data());
    if (argc == 3 && workload.name == std::string_view(argv[1])) {
      workload.run(std::strtoul(argv[2], nullptr, 10));
      return 0;
    }
  }
  return argc == 1 ? 0 : 2;
}
