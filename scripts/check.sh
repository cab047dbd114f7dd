#!/usr/bin/env bash
# Everything CI holds against a change. Every step runs even when an earlier one failed; the asan suite runs last, so that
# the last lines are ctest's summary. The exit status is non-zero when any step failed. Called by ./dev check [STEP...].
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source dev

step_format() { sources | xargs -r clang-format-19 --dry-run --Werror || { echo "run ./dev format"; return 1; }; }

# Prints findings only; run-clang-tidy's own progress and counts of suppressed warnings are no news.
step_tidy() {
  (configure dev) || return 1
  run-clang-tidy-19 -quiet -p build/dev -j "$(nproc)" "^$PWD/(lib|server)/.*\.cc$" 2>&1 |
    grep -vE '^(clang-tidy-19 |\[ *[0-9]+/|Running clang-tidy|[0-9]+ warnings? (generated|treated)|$)'
  return "${PIPESTATUS[0]}"
}

step_headers() { /usr/bin/python3 tests/structure/headers_self_contained.py . ; }

# g++ 12 is the second compiler: it must build everything and pass the unit tests.
step_gcc() { (build_preset gcc) && run_tests gcc --label-regex unit; }

step_tsan() { (build_preset tsan) && run_tests tsan; }

step_fuzz() { (build_preset asan fuzz_targets) && scripts/fuzz.sh build/asan 5 -runs=20000; }

# Release code under callgrind: a hot part that grew by more than 5 % fails.
step_instructions() { (build_preset bench instructions) && /usr/bin/python3 scripts/instructions.py build/bench/bench/micro/instructions; }

# The kernel's TLS, in a kernel that has it: this machine's may not.
step_ktls() { (build_preset dev flared) && scripts/kernel_tls.sh build/dev/flared build/kernel_tls; }

step_asan() { (build_preset asan) && run_tests asan; }

steps=("$@")
[[ $# -gt 0 ]] || steps=(format tidy headers gcc tsan fuzz instructions ktls asan)
failed=()
for i in "${!steps[@]}"; do
  step=${steps[i]}
  declare -F "step_$step" >/dev/null || die "unknown step '$step'; steps: format tidy headers gcc tsan fuzz instructions ktls asan"
  if [[ ${#failed[@]} -gt 0 && $((i + 1)) -eq ${#steps[@]} ]]; then say "failed so far: ${failed[*]}"; fi
  say "check: $step"
  started=$SECONDS
  "step_$step" || { failed+=("$step"); say "check: $step FAILED"; }
  [[ $step == "${steps[-1]}" ]] || say "check: $step took $((SECONDS - started)) s"
done
[[ ${#failed[@]} -eq 0 ]]
