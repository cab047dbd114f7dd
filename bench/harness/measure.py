"""Rounds: every server once, interleaved, each round between two calibrations; figures are scaled to the run's speed."""

import contextlib
import statistics
import time

from . import calls, machine
from .bench import Place, server_cpu
from .client import Client
from .servers import Server

MAX_STOLEN = 0.02  # of one cpu: a round that lost more to the host is measured again
MAX_TRIES = 4


def start(bench, name, workload, workers, stack):
    """A server of the workload, running until the stack ends. Two workers are a row of their own."""
    label = f"{name}-{workers}w" if len(workload.workers) > 1 else name
    place = Place(machine.free_port(), workers, bench.scratch / f"{label}-{time.monotonic_ns()}")
    place.scratch.mkdir()
    command = bench.command(name, workload, place)
    return stack.enter_context(Server(label, command, place.port, server_cpu(workload), place.scratch, workers))


def one_round(bench, server, workload, seconds):
    """One server, one second or two: the client's figures and the server's CPU time."""
    speed = machine.calibrate(bench.programs)
    client = Client(bench, server, workload, seconds)
    before, stolen = machine.usage(server.pid), machine.stolen_seconds()
    result = client.work()
    used = machine.usage(server.pid) - before
    result["stolen"] = (machine.stolen_seconds() - stolen) / result["seconds"]
    client.end()
    result["cal_ns"] = (speed + machine.calibrate(bench.programs)) / 2
    result["rate"] = result["requests"] / result["seconds"]
    result["cpu_us"] = used.cpu_us / result["requests"]
    result["user_us"] = used.user_us / result["requests"]
    result["server_busy"] = used.cpu_us / 1e6 / result["seconds"]
    return result


def least_disturbed_round(*args):
    """A round that the host did not disturb, or the least disturbed of a few tries."""
    tries = []
    while len(tries) < MAX_TRIES and (not tries or tries[-1]["stolen"] > MAX_STOLEN):
        tries.append(one_round(*args))
    return min(tries, key=lambda result: result["stolen"])


def run_rounds(bench, names, workload, rounds, seconds):
    """What was found of every server, after one round of warm-up that does not count: rounds, facts and system calls."""
    with contextlib.ExitStack() as stack:
        servers = [start(bench, name, workload, workers, stack) for workers in workload.workers for name in names]
        found = {server.name: {"facts": bench.check(server, workload), "rounds": []} for server in servers}
        for number in range(-1, rounds):
            for server in servers:
                if number < 0:
                    one_round(bench, server, workload, 0.3)
                else:
                    found[server.name]["rounds"].append(least_disturbed_round(bench, server, workload, seconds))
        for server in servers:
            found[server.name]["calls"] = calls.count(bench, server, workload)
        return found


def summarize(found):
    """Medians; times are scaled from each round's calibration to the median calibration of the workload."""
    speed = statistics.median(r["cal_ns"] for entry in found.values() for r in entry["rounds"])

    def median(rounds, key, power=0):
        return statistics.median(r[key] * (speed / r["cal_ns"]) ** power for r in rounds)

    summary = {}
    for name, entry in found.items():
        rounds = entry["rounds"]
        row = {key: median(rounds, key, 1) for key in ("cpu_us", "user_us", "p50_us", "p99_us")}
        row["rate"] = median(rounds, "rate", -1)
        row["server_busy"] = median(rounds, "server_busy")
        row["stolen"] = max(r["stolen"] for r in rounds)
        said = {key: value for key, value in rounds[-1].items() if isinstance(value, str)}  # by the client
        summary[name] = row | {"facts": entry["facts"] | said, "calls": entry["calls"]}
    return summary


def measure_idle(bench, names, workload, seconds=5):
    """Server name -> memory and CPU of idle connections, one server after the other."""
    found = {}
    for name in names:
        with contextlib.ExitStack() as stack:
            server = start(bench, name, workload, 1, stack)
            bench.check(server, workload)
            before = machine.pss_bytes(server.pid)
            client = Client(bench, server, workload, 0)
            try:
                time.sleep(0.5)  # the turn after the last answer, in which buffers are given back
                after = machine.pss_bytes(server.pid)
                begin = machine.usage(server.pid)
                time.sleep(seconds)
                idle = machine.usage(server.pid) - begin
            finally:
                client.end()
        found[name] = {
            "pss_before_mb": before / 1e6,
            "pss_mb": after / 1e6,
            "bytes_per_connection": (after - before) / workload.connections,
            "idle_cpu_percent": idle.cpu_us / 1e4 / seconds,
        }
    return found
