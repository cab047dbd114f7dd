"""What one bench is to the harness: its workloads, and what starts, checks and loads a server of one of them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from . import machine


@dataclass(frozen=True)
class Workload:
    title: str
    connections: int = 64
    workers: tuple = (1,)
    pinned: bool = True
    idle: bool = False  # memory of connections that do nothing, instead of CPU per request
    congestion: str = "reno"  # in the private network
    servers: tuple = ("floor", "nginx", "flared")
    goals: dict = field(default_factory=dict)  # flared's figure, at most: times the server of that name
    p99_goals: dict = field(default_factory=dict)  # the same of the time that the slowest hundredth took
    goal_bytes: float | None = None  # idle: user memory of a connection, at most
    size_goal: str | None = None  # flared's response body is at most as large as that server's


@dataclass(frozen=True)
class Place:
    """Where a server runs: what its configuration is made of."""

    port: int
    workers: int
    scratch: Path


class Bench:
    """Base of the benches. `scratch` is a folder for what all servers share, `flared` the daemon's program."""

    workloads = {}

    def __init__(self, root, scratch, flared):
        self.scratch, self.flared = scratch, flared
        self.programs = root / "build/bench/bench"

    def command(self, name, workload, place):
        """The command line of the server `name`; it may write files into the place's scratch folder."""
        raise NotImplementedError

    def check(self, server, workload):
        """Ends the run when the server answers wrongly; returns what is worth a note, by name."""
        raise NotImplementedError

    def client(self, server, workload, seconds):
        """The command line of the client."""
        raise NotImplementedError

    def prepares(self, workload):
        """Whether the client first prints "ready", and waits for a line before it begins (idle: for the end of its stdin)."""
        return workload.idle

    def figures(self, workload, output):
        """What the client printed, as a dict with at least requests, seconds, p50_us and p99_us."""
        return json.loads(output)

    def request_file(self, server, request):
        path = server.scratch / "request"
        path.write_bytes(request)
        return path


def pinned(workload, cpu):
    return cpu if workload.pinned else None


def server_cpu(workload):
    return pinned(workload, machine.SERVER_CPU)


def client_cpu(workload):
    return pinned(workload, machine.CLIENT_CPU)
