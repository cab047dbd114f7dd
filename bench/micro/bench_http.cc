// The workloads in time. Run it on an idle core, with --benchmark_repetitions.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/workloads.h"

int main(int argc, char** argv) {
  constexpr benchmark::IterationCount kBatch = 1000;
  for (const flare::bench::Workload& workload : flare::bench::workloads()) {
    benchmark::RegisterBenchmark(std::string(workload.name).c_str(), [&workload](benchmark::State& state) {
      while (state.KeepRunningBatch(kBatch)) workload.run(static_cast<std::size_t>(kBatch));
    });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
