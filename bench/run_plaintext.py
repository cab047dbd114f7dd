"""Measures flared against nginx and a bare epoll loop on one machine: see bench/README.md for what the figures mean."""

import argparse
import json
import tempfile
import time
from pathlib import Path

from plaintext import machine, measure, report
from plaintext.servers import Servers
from plaintext.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parent.parent


def arguments():
    listing = "\n".join(f"  {key:<5} {workload.title}" for key, workload in WORKLOADS.items())
    parser = argparse.ArgumentParser(
        prog="./dev bench plaintext", description=f"{__doc__}\n\nworkloads:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default=",".join(WORKLOADS), help="comma separated workloads (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every server (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a round (default: 1)")
    args = parser.parse_args()
    args.only = args.only.split(",")
    unknown = [key for key in args.only if key not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload {unknown[0]}; there are: {', '.join(WORKLOADS)}")
    return args


def main():
    args = arguments()
    machine.enter_private_network()
    machine.prepare_network()
    results = ROOT / "bench/results" / time.strftime("%Y%m%d-%H%M%S")
    results.mkdir(parents=True)
    environment = machine.provenance(ROOT) | {"rounds": args.rounds, "seconds": args.seconds}
    (results / "env.json").write_text(json.dumps(environment, indent=2) + "\n")
    text = []

    def show(lines):
        text.extend(lines)
        print("\n".join(lines), flush=True)

    with tempfile.TemporaryDirectory(prefix="flare-bench-") as folder:
        scratch = Path(folder)
        servers = Servers(ROOT, ROOT / "build/bench/bench", scratch)
        for key in args.only:
            workload = WORKLOADS[key]
            show(["", f"{key}: {workload.title}"])
            if workload.mode == "idle":
                found = measure.measure_idle(servers, workload, scratch)
                show(report.idle_table(found))
                (results / f"{key}.json").write_text(json.dumps(found, indent=2) + "\n")
            else:
                rounds = measure.run_rounds(servers, workload, scratch, args.rounds, args.seconds)
                summary = measure.summarize(rounds)
                show(report.rounds_table(workload, summary))
                (results / f"{key}.json").write_text(json.dumps({"summary": summary, "rounds": rounds}, indent=2) + "\n")
    (results / "report.txt").write_text("\n".join(text) + "\n")
    print(f"\nresults: {results.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
