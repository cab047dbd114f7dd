"""Measures flared against nginx and a bare epoll loop on one machine: see bench/README.md for what the figures mean."""

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from harness import bench, http, main, servers
from harness.http import expect

NGINX = 'location = /plaintext { default_type text/plain; return 200 "Hello, World!"; }'
FLARED = """
[[route]]
path = "/plaintext"
respond = { status = 200, type = "text/plain", text = "Hello, World!" }
"""

# 10 header fields as a browser sends them; with the request line and Host this is the 571-byte request of the goals.
BROWSER_FIELDS = """\
Connection: keep-alive
Cache-Control: max-age=0
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8
Referer: http://www.example.com/index.html
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9,de;q=0.8
Cookie: session="""
BROWSER_REQUEST_BYTES = 571


@dataclass(frozen=True)
class Workload(bench.Workload):
    tool: str = "load"  # or "wrk"
    mode: str = "keep"  # of load
    depth: int = 1
    browser: bool = False


class Plaintext(bench.Bench):
    # The letters are those of the project's table of performance goals.
    workloads = {
        "wrk": Workload("plaintext, keep-alive, 64 connections, wrk", tool="wrk"),
        "a": Workload("plaintext, keep-alive, 64 connections", goals={"floor": 1.21, "nginx": 0.93}),
        "b": Workload("plaintext, keep-alive, 256 connections", connections=256, goals={"floor": 1.21, "nginx": 0.93}),
        "c": Workload("plaintext, 16 requests pipelined, 64 connections", depth=16, goals={"floor": 1.65, "nginx": 0.10}),
        "d": Workload("a browser's 571-byte request, 64 connections", browser=True, goals={"floor": 1.23, "nginx": 0.77}),
        "f": Workload("a connection per request", mode="close", goals={"floor": 1.17, "nginx": 1.02}),
        "two": Workload("two workers against one, unpinned", workers=(1, 2), pinned=False),
        "k": Workload("10 000 idle keep-alive connections", mode="idle", idle=True, connections=10000, goal_bytes=1024),
    }

    def command(self, name, workload, place):
        if name == "nginx":
            return servers.nginx(place, NGINX)
        if name == "flared":
            return servers.flared(self.flared, place, FLARED)
        after = "close" if workload.mode == "close" else "keep"
        return [self.programs / "floor/epoll_floor", place.port, len(request_bytes(workload, place.port)), place.workers, after]

    def check(self, server, workload):
        """Status, body, fields, 16 pipelined requests, and a Date that moves."""
        request = request_bytes(workload, server.port)
        close = workload.mode == "close"
        depth = 1 if close else 16
        with http.connect(server.port) as connection:
            connection.sendall(request * depth)
            responses = http.read_responses(connection, depth)
            expect(server, not close or connection.recv(1) == b"", "the connection stays open although the request says close")
        for status, fields, body in responses:
            expect(server, status == "HTTP/1.1 200 OK", f"status line {status!r}")
            expect(server, body == b"Hello, World!", f"body {body!r}")
            expect(server, fields.get("content-type", "").startswith("text/plain"), f"fields {fields}")
            expect(server, fields.get("server"), "no Server field")
            parsedate_to_datetime(fields["date"])
        if not server.name.startswith("floor"):
            expect(server, date_moves(server, request, responses[0][1]["date"]), "Date does not change")
        return {}

    def client(self, server, workload, seconds):
        if workload.tool == "wrk":
            url = f"http://127.0.0.1:{server.port}/plaintext"
            return ["wrk", "-t1", f"-c{workload.connections}", f"-d{max(1, round(seconds))}s", "--latency", url]
        request = self.request_file(server, request_bytes(workload, server.port))
        return [self.programs / "load/load", workload.mode, server.port, workload.connections, workload.depth, seconds, request]

    def figures(self, workload, output):
        return wrk_figures(output) if workload.tool == "wrk" else super().figures(workload, output)


def request_bytes(workload, port):
    head = f"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if workload.browser:
        head += BROWSER_FIELDS.replace("\n", "\r\n")
        head += "0123456789abcdef" * 16
        head = head[: BROWSER_REQUEST_BYTES - 4] + "\r\n"
    elif workload.mode == "close":
        head += "Connection: close\r\n"
    return (head + "\r\n").encode()


def date_moves(server, request, before):
    end = time.monotonic() + 3
    while time.monotonic() < end:
        with http.connect(server.port) as connection:
            connection.sendall(request)
            if http.read_responses(connection, 1)[0][1]["date"] != before:
                return True
        time.sleep(0.1)
    return False


def wrk_figures(output):
    if "Socket errors" in output or "Non-2xx" in output:
        raise SystemExit(f"wrk saw errors:\n{output}")
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", output).groups()
    percentiles = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))", output))
    return {
        "requests": int(requests),
        "seconds": float(took),
        "p50_us": microseconds(percentiles["50"]),
        "p99_us": microseconds(percentiles["99"]),
    }


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


if __name__ == "__main__":
    main.run("plaintext", __doc__, Plaintext)
