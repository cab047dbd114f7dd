"""System calls per request, in a run of their own under strace: being counted slows a server down."""

import re
import signal
import subprocess
import time
from pathlib import Path

from . import machine
from .client import Client

SECONDS = 0.5


def traced(pid):
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


def attach(server, output):
    """A strace of all the server's processes and threads, or None where that is not allowed."""
    members = machine.family(server.pid)
    command = ["strace", "-f", "-c", "-U", "name,calls", "-o", str(output)]
    for pid in members:
        command += ["-p", str(pid)]
    strace = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 5
    while not all(traced(pid) for pid in members):
        if strace.poll() is not None or time.monotonic() > end:
            detach(strace)
            return None
        time.sleep(0.02)
    return strace


def detach(strace):
    strace.send_signal(signal.SIGINT)
    strace.wait(10)


def count(bench, server, workload):
    """Calls per request by name, the most frequent first; None where strace may not trace."""
    output = server.scratch / "strace"
    client = Client(bench, server, workload, SECONDS)
    strace = attach(server, output)
    try:
        requests = client.work()["requests"]
    finally:
        if strace:
            detach(strace)
    client.end()
    if not strace:
        return None
    found = {name: int(calls) / requests for name, calls in re.findall(r"^(\w+)\s+(\d+)$", output.read_text(), re.MULTILINE)}
    found.pop("total", None)
    return dict(sorted(found.items(), key=lambda item: -item[1]))
