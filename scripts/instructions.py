#!/usr/bin/python3
"""Counts the instructions of the hot parts and compares them with bench/micro/instructions.txt.

Run by ./dev check instructions: a regression shows on a machine too noisy to measure time on. Each workload runs
under callgrind N and 2N times; the difference is what it costs, whatever starting costs. More than 5 % above the
committed count fails; more than 5 % below asks for a lower baseline, so that the gain cannot be lost unnoticed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

BASELINE = pathlib.Path(__file__).resolve().parent.parent / "bench" / "micro" / "instructions.txt"
TIMES = 1000
TOLERANCE = 0.05
# glibc chooses its memcpy by the CPU; with this it is the same everywhere.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM", "PATH": os.environ["PATH"]}


def count(program, name, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, str(times)]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"instructions: {' '.join(command)} failed:\n{run.stderr}")
    return int(found.group(1))


def measure(program):
    names = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = [(name, [pool.submit(count, program, name, times) for times in (TIMES, 2 * TIMES)]) for name in names]
        return {name: round((twice.result() - once.result()) / TIMES) for name, (once, twice) in counts}


def read_baseline():
    lines = BASELINE.read_text().splitlines() if BASELINE.exists() else []
    return {name: int(number) for name, number in (line.split() for line in lines if not line.startswith("#"))}


def write_baseline(measured):
    head = "# Instructions of one run of each workload (bench/micro/workloads.cc); written by scripts/instructions.py --update.\n"
    BASELINE.write_text(head + "".join(f"{name} {number}\n" for name, number in measured.items()))


def judge(known, number):
    """Whether it is a failure, and what to say."""
    if known is None:
        return True, "has no baseline"
    if number > known * (1 + TOLERANCE):
        return True, f"{number / known - 1:.0%} MORE than {known}"
    if number < known * (1 - TOLERANCE):
        return False, f"{1 - number / known:.0%} less than {known}: lower the baseline"
    return False, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="bench/micro/instructions of a release build")
    parser.add_argument("--update", action="store_true", help="write the baseline instead of comparing with it")
    options = parser.parse_args()

    measured = measure(options.program)
    if options.update:
        return write_baseline(measured)
    baseline = read_baseline()
    failed = False
    for name in measured.keys() | baseline.keys():
        failed |= name not in measured or judge(baseline.get(name), measured[name])[0]
    for name, number in measured.items():
        print(f"  {name:<28} {number:>8} {judge(baseline.get(name), number)[1]}".rstrip())
    for name in baseline.keys() - measured.keys():
        print(f"  {name:<28} is gone: remove it from the baseline")
    if failed:
        sys.exit(f"instructions: more than the baseline allows; where it is right: scripts/instructions.py {options.program} --update")


if __name__ == "__main__":
    main()
