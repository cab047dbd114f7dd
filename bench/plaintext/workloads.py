"""What is measured. The letters are those of the project's table of performance goals."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Workload:
    title: str
    client: str = "load"  # or "wrk"
    mode: str = "keep"
    request: str = "plain"  # a kind of clients.request_bytes
    connections: int = 64
    depth: int = 1
    workers: tuple = (1,)
    pinned: bool = True
    goals: dict = field(default_factory=dict)  # flared's CPU per request, at most: times the server of that name


WORKLOADS = {
    "wrk": Workload("plaintext, keep-alive, 64 connections, wrk", client="wrk"),
    "a": Workload("plaintext, keep-alive, 64 connections", goals={"floor": 1.21, "nginx": 0.93}),
    "b": Workload("plaintext, keep-alive, 256 connections", connections=256, goals={"floor": 1.21, "nginx": 0.93}),
    "c": Workload("plaintext, 16 requests pipelined, 64 connections", depth=16, goals={"floor": 1.65, "nginx": 0.10}),
    "d": Workload("a browser's 571-byte request, 64 connections", request="browser", goals={"floor": 1.23, "nginx": 0.77}),
    "f": Workload("a connection per request", mode="close", request="close", goals={"floor": 1.17, "nginx": 1.02}),
    "two": Workload("two workers against one, unpinned", workers=(1, 2), pinned=False),
    "k": Workload("10 000 idle keep-alive connections", mode="idle", connections=10000),
}
GOAL_TWO_WORKERS = 1.15  # CPU per request of two workers, times one worker's
GOAL_IDLE_BYTES = 1024  # user memory of an idle connection
