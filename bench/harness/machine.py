"""The machine under the bench: its network namespace, its speed of the moment, and what a process has used so far."""

import os
import platform
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SERVER_CPU = 0
CLIENT_CPU = 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def enter_private_network():
    """Root: starts this program again in a network namespace of its own with reno, where bbr's pacing does not blur loopback."""
    if os.geteuid() != 0 or os.environ.get("FLARE_BENCH_NETNS"):
        return
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        print("note: no network namespace possible here; using the machine's own loopback")
        return
    os.environ["FLARE_BENCH_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])


def prepare_network(congestion="reno"):
    """Loopback of the private network with this congestion control for the sockets to come; returns what is in force."""
    if os.environ.get("FLARE_BENCH_NETNS"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            CONGESTION.write_text(congestion)
        except OSError as error:
            raise SystemExit(f"this kernel has no congestion control {congestion} ({error}): modprobe tcp_{congestion}")
    return CONGESTION.read_text().strip()


def pinned(cpu, command):
    """The command, on one cpu; cpu None leaves it on all."""
    return command if cpu is None else ["taskset", "-c", str(cpu), *command]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def calibrate(programs):
    """Nanoseconds of one loopback send + epoll_wait + recv on the server's cpu, now."""
    out = subprocess.run(pinned(SERVER_CPU, [programs / "load/cal"]), capture_output=True, text=True, check=True)
    return float(out.stdout)


def family(pid):
    """The process and all its descendants."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            pids += family(int(child))
    return pids


@dataclass
class Usage:
    cpu_us: float  # from schedstat, exact
    user_us: float  # from the clock tick's samples, coarse

    def __sub__(self, other):
        return Usage(self.cpu_us - other.cpu_us, self.user_us - other.user_us)


def usage(pid):
    """CPU time used so far by all threads of the process and its descendants."""
    cpu_ns = user_ticks = 0
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            cpu_ns += int((task / "schedstat").read_text().split()[0])
        # Fields after the command's closing parenthesis, the 12th of which is utime: proc(5).
        user_ticks += int(Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()[11])
    return Usage(cpu_ns / 1e3, user_ticks * 1e6 / TICKS_PER_SECOND)


def stolen_seconds():
    """CPU time that the host gave to others while we wanted it, over all cpus so far: proc(5), /proc/stat."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[8]) / TICKS_PER_SECOND


def pss_bytes(pid):
    """Proportional set size of the process and its descendants."""
    total = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def first_line(command):
    """What a tool says of itself; nginx says it on stderr."""
    run = subprocess.run(command, capture_output=True, text=True)
    return (run.stdout + run.stderr).strip().partition("\n")[0]


def provenance(root):
    """What a reader needs to judge the figures: hardware, kernel, versions, the commit."""
    cpu = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": cpu[0] if cpu else platform.machine(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "private_network": bool(os.environ.get("FLARE_BENCH_NETNS")),
        "load_average": os.getloadavg(),
        "commit": first_line(["git", "-C", str(root), "describe", "--always", "--dirty"]),
        "nginx": first_line(["nginx", "-v"]),
        "openssl": first_line(["openssl", "version"]),
        "wrk": first_line(["wrk", "-v"]),
        "compiler": first_line(["clang++-19", "--version"]),
    }
