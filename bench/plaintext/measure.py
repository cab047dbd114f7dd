"""Rounds: every server once, interleaved, each round between two calibrations; figures are scaled to the run's speed."""

import contextlib
import statistics
import subprocess
import time

from . import clients, machine


def start_all(servers, workload, scratch, stack):
    """Every server of the workload, checked: a list of (server, request file)."""
    running = []
    for workers in workload.workers:
        for name in servers.names():
            port = machine.free_port()
            request = clients.request_bytes(workload.request, port)
            cpu = machine.SERVER_CPU if workload.pinned else None
            server = servers.start(name, request, port, workers, cpu, workload.mode == "close")
            stack.enter_context(server)
            clients.check_integrity(server, request, date_must_change=name != "floor")
            request_file = scratch / f"request-{port}"
            request_file.write_bytes(request)
            running.append((server, request_file))
    return running


MAX_STOLEN = 0.02  # of one cpu: a round that lost more to the host is measured again
MAX_TRIES = 4


def least_disturbed_round(*args):
    """A round that the host did not disturb, or the least disturbed of a few tries."""
    tries = []
    while len(tries) < MAX_TRIES and (not tries or tries[-1]["stolen"] > MAX_STOLEN):
        tries.append(one_round(*args))
    return min(tries, key=lambda result: result["stolen"])


def one_round(programs, workload, server, request_file, seconds):
    """One server, one second or two: the client's figures and the server's CPU time."""
    cpu = machine.CLIENT_CPU if workload.pinned else None
    speed = machine.calibrate(programs)
    before, stolen = machine.usage(server.pid), machine.stolen_seconds()
    if workload.client == "wrk":
        result = clients.run_wrk(server, workload.connections, max(1, round(seconds)), cpu)
    else:
        result = clients.run_load(
            programs, workload.mode, server, workload.connections, workload.depth, seconds, request_file, cpu
        )
    used = machine.usage(server.pid) - before
    result["stolen"] = (machine.stolen_seconds() - stolen) / result["seconds"]
    result["cal_ns"] = (speed + machine.calibrate(programs)) / 2
    result["rate"] = result["requests"] / result["seconds"]
    result["cpu_us"] = used.cpu_us / result["requests"]
    result["user_us"] = used.user_us / result["requests"]
    result["server_busy"] = used.cpu_us / 1e6 / result["seconds"]
    return result


def run_rounds(servers, workload, scratch, rounds, seconds):
    """Server name -> list of rounds, after one round of warm-up that does not count."""
    with contextlib.ExitStack() as stack:
        running = start_all(servers, workload, scratch, stack)
        found = {server.name: [] for server, _ in running}
        for number in range(-1, rounds):
            for server, request_file in running:
                if number < 0:
                    one_round(servers.programs, workload, server, request_file, 0.3)
                else:
                    found[server.name].append(least_disturbed_round(servers.programs, workload, server, request_file, seconds))
    return found


def summarize(rounds_by_server):
    """Medians; times are scaled from each round's calibration to the median calibration of the workload."""
    speed = statistics.median(r["cal_ns"] for rounds in rounds_by_server.values() for r in rounds)

    def median(rounds, key, power=0):
        return statistics.median(r[key] * (speed / r["cal_ns"]) ** power for r in rounds)

    summary = {}
    for name, rounds in rounds_by_server.items():
        summary[name] = {key: median(rounds, key, 1) for key in ("cpu_us", "user_us", "p50_us", "p99_us")}
        summary[name]["rate"] = median(rounds, "rate", -1)
        summary[name]["server_busy"] = median(rounds, "server_busy")
        summary[name]["stolen"] = max(r["stolen"] for r in rounds)
    return summary


def measure_idle(servers, workload, scratch, seconds=5):
    """Server name -> memory and CPU of idle connections, one server after the other."""
    found = {}
    for name in servers.names():
        port = machine.free_port()
        request = clients.request_bytes(workload.request, port)
        request_file = scratch / f"request-{port}"
        request_file.write_bytes(request)
        with servers.start(name, request, port) as server:
            clients.check_integrity(server, request, date_must_change=False)
            before = machine.pss_bytes(server.pid)
            command = [servers.programs / "load/load", "idle", port, workload.connections, 1, 0, request_file]
            client = subprocess.Popen(
                [str(part) for part in machine.pinned(machine.CLIENT_CPU, command)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            try:
                if client.stdout.readline() != "ready\n":
                    raise SystemExit(f"load could not hold {workload.connections} connections to {name}:\n{server.log.read_text()}")
                time.sleep(0.5)  # the turn after the last answer, in which buffers are given back
                after = machine.pss_bytes(server.pid)
                start = machine.usage(server.pid)
                time.sleep(seconds)
                idle = machine.usage(server.pid) - start
            finally:
                client.communicate()
        found[name] = {
            "pss_before_mb": before / 1e6,
            "pss_mb": after / 1e6,
            "bytes_per_connection": (after - before) / workload.connections,
            "idle_cpu_percent": idle.cpu_us / 1e4 / seconds,
        }
    return found
