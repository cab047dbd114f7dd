"""The program around a bench: arguments, network, workloads one after the other, results on disk."""

import argparse
import json
import tempfile
import time
from pathlib import Path

from . import machine, measure, report

ROOT = Path(__file__).resolve().parent.parent.parent


def choice(parser, what, text, known):
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown {what} {unknown[0]}; there are: {', '.join(known)}")
    return names


def arguments(name, doc, workloads):
    listing = "\n".join(f"  {key:<10} {workload.title}" for key, workload in workloads.items())
    known = list(dict.fromkeys(server for workload in workloads.values() for server in workload.servers))
    parser = argparse.ArgumentParser(
        prog=f"./dev bench {name}", description=f"{doc}\n\nworkloads:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default=",".join(workloads), help="comma separated workloads (default: all)")
    parser.add_argument("--servers", default=",".join(known), help="comma separated, of %(default)s (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every server (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a round (default: 1)")
    parser.add_argument("--flared", type=Path, default=ROOT / "build/release/flared", help="the daemon to measure (default: this tree's)")
    args = parser.parse_args()
    args.only = choice(parser, "workload", args.only, workloads)
    args.servers = choice(parser, "server", args.servers, known)
    if "flared" in args.servers and not args.flared.exists():
        parser.error(f"there is no {args.flared}: ./dev build makes it; or leave it out with --servers")
    return args


def run(name, doc, make_bench):
    """Runs `./dev bench NAME`; make_bench is a subclass of bench.Bench."""
    args = arguments(name, doc, make_bench.workloads)
    machine.enter_private_network()
    results = ROOT / "bench/results" / time.strftime(f"%Y%m%d-%H%M%S-{name}")
    results.mkdir(parents=True)
    environment = machine.provenance(ROOT) | vars(args) | {"flared": str(args.flared)}
    (results / "env.json").write_text(json.dumps(environment, indent=2) + "\n")
    text = []

    def show(lines):
        text.extend(lines)
        print("\n".join(lines), flush=True)

    with tempfile.TemporaryDirectory(prefix="flare-bench-") as scratch:
        bench = make_bench(ROOT, Path(scratch), args.flared)
        for key in args.only:
            workload = bench.workloads[key]
            congestion = machine.prepare_network(workload.congestion)
            show(["", f"{key}: {workload.title} ({congestion})"])
            if congestion != workload.congestion:
                show([f"note: meant for {workload.congestion}, which only root can choose, in a network of its own"])
            names = [server for server in workload.servers if server in args.servers]
            if workload.idle:
                found = measure.measure_idle(bench, names, workload)
                show(report.idle_table(workload, found))
            else:
                rounds = measure.run_rounds(bench, names, workload, args.rounds, args.seconds)
                summary = measure.summarize(rounds)
                show(report.rounds_table(workload, summary))
                found = {"congestion": congestion, "summary": summary, "found": rounds}
            (results / f"{key}.json").write_text(json.dumps(found, indent=2) + "\n")
    (results / "report.txt").write_text("\n".join(text) + "\n")
    print(f"\nresults: {results.relative_to(ROOT)}")
