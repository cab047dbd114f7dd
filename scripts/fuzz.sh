#!/usr/bin/env bash
# fuzz.sh BUILD_DIR SECONDS [LIBFUZZER ARGS]: runs every fuzz target of BUILD_DIR for at most SECONDS each, two at a time.
# Seeds are fuzz/corpus/TARGET and fuzz/regression/TARGET; what is found grows in BUILD_DIR/corpus/TARGET, and a crashing
# input lies in BUILD_DIR/crashes/: copy it to fuzz/regression/TARGET/ together with the fix.
set -euo pipefail
build=$1 seconds=$2
shift 2

run_target() {
  local build=$1 program=$2 seconds=$3
  shift 3
  local name folders=() folder log
  name=$(basename "$program")
  name=${name#fuzz_}
  folders=("$build/corpus/$name")
  log=$build/crashes/$name.log
  mkdir -p "${folders[0]}" "$build/crashes"
  for folder in "fuzz/corpus/$name" "fuzz/regression/$name"; do
    [[ ! -d $folder ]] || folders+=("$folder")
  done
  if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$build/crashes/$name-" "$@" "${folders[@]}" >"$log" 2>&1; then
    printf '  %-24s ok, %s runs\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    tail -n 60 "$log"
    printf '  %-24s FAILED: the input lies in %s\n' "$name" "$build/crashes/"
    return 1
  fi
}
export -f run_target

shopt -s nullglob
programs=("$build"/fuzz/fuzz_*)
programs=($(for p in "${programs[@]}"; do [[ -f $p && -x $p ]] && echo "$p"; done))
if [[ ${#programs[@]} -eq 0 ]]; then
  [[ -z $(echo fuzz/fuzz_*.cc) ]] || { echo "fuzz: $build has no fuzz programs although fuzz/ has sources" >&2; exit 1; }
  echo "fuzz: there are no targets (fuzz/fuzz_*.cc)"
  exit 0
fi
printf '%s\0' "${programs[@]}" |
  xargs -0 -P "$(nproc)" -I{} bash -c 'run_target "$@"' run_target "$build" {} "$seconds" "$@"
