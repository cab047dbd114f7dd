"""Measures flared against nginx and a bare sendfile loop with files: see bench/README.md for what the figures mean.

As root all but the bbr workloads run with reno. The client drops bodies inside the kernel, so that only the server pays for them.
"""

import gzip
import json
import random
from dataclasses import dataclass

from harness import bench, http, main, servers
from harness.http import expect

KIB, MIB = 1 << 10, 1 << 20

NGINX_HTTP = """
  sendfile on;
  tcp_nopush on;
  open_file_cache max=1000 inactive=1h;
  open_file_cache_valid 1s;
  types {{ application/json json; }}
  default_type application/octet-stream;
  gzip_types application/json;
  gzip_vary on;
  {gzip}
"""
NGINX_GZIP = {
    "file": "",
    "precompressed": "gzip_static on;",
    "cached": "gzip_static on;",  # nginx keeps no variants: an expert writes them beside the files
    "dynamic": "gzip on;",  # level 1, the default
}

# Congestion control: "auto" takes it from the system, except for peers on this machine.
FLARED_LISTEN = 'congestion = "auto"'
FLARED_STATIC = """
[[route]]
path = "/**"
static = {{ root = "{root}"{options} }}
"""
FLARED_COMPRESS = """
[compress]
encodings = ["gzip"]
types = ["application/json"]
"""
FLARED_DYNAMIC = """
[[route]]
path = "/{path}"
respond = {{ status = 200, type = "application/json", text = {text} }}
"""


@dataclass(frozen=True)
class Workload(bench.Workload):
    path: str = ""
    body: str = "file"  # or "precompressed", "cached" (compressed once, then kept), "dynamic" (compressed each time)

    @property
    def compressed(self):
        return self.body != "file"


class Static(bench.Bench):
    workloads = {
        "1k": Workload("1 KiB, 64 connections", path="1k", goals={"nginx": 0.70}),
        "64k": Workload("64 KiB, 64 connections", path="64k", goals={"nginx": 0.90}),
        "1m": Workload("1 MiB, 16 connections", path="1m", connections=16, goals={"floor": 1.15}),
        "10m": Workload("10 MiB, 8 connections", path="10m", connections=8, goals={"floor": 1.15}),
        "1m-bbr": Workload("1 MiB, 16 connections", path="1m", connections=16, congestion="bbr", goals={"nginx": 0.33}),
        "10m-bbr": Workload("10 MiB, 8 connections", path="10m", connections=8, congestion="bbr", goals={"nginx": 0.33}),
        "pre": Workload("10 KiB of JSON, its .gz beside it, 64 connections", path="data.json", body="precompressed", goals={"nginx": 0.55}),
        "gzip": Workload(
            "10 KiB of JSON from memory, gzip on the fly, 64 connections", path="dynamic.json", body="dynamic",
            servers=("nginx", "nginx6", "flared"), goals={"nginx": 0.60}, size_goal="nginx",
        ),
        "cached": Workload(
            "10 KiB of JSON, flared compresses it once, nginx has a .gz beside it, plain: flared without [compress]",
            path="data.json", body="cached", servers=("floor", "nginx", "plain", "flared"), goals={"nginx": 0.60, "plain": 1.10},
        ),
    }

    def __init__(self, root, scratch, flared):
        super().__init__(root, scratch, flared)
        self.plain, self.with_gz = scratch / "www", scratch / "www-gz"
        self.bodies = {"data.json": some_json(10 * KIB), "dynamic.json": some_json(10 * KIB)}
        for name, size in {"1k": KIB, "64k": 64 * KIB, "1m": MIB, "10m": 10 * MIB}.items():
            self.bodies[name] = random.Random(size).randbytes(size)
        for folder in (self.plain, self.with_gz):
            folder.mkdir()
            for name, body in self.bodies.items():
                (folder / name).write_bytes(body)
        (self.with_gz / "data.json.gz").write_bytes(gzip.compress(self.bodies["data.json"], 9))

    def command(self, name, workload, place):
        if name in ("flared", "plain"):
            routes = FLARED_STATIC.format(root=self.plain, options="") if name == "plain" else self.flared_routes(workload)
            return servers.flared(self.flared, place, routes, listen=FLARED_LISTEN)
        if name == "floor":
            folder, suffix, field = (self.with_gz, ".gz", ["Content-Encoding: gzip"]) if workload.compressed else (self.plain, "", [])
            program = self.programs / "floor/sendfile_floor"
            return [program, place.port, len(request_bytes(workload)), folder / (workload.path + suffix), *field]
        more = NGINX_GZIP[workload.body] + (" gzip_comp_level 6;" if name == "nginx6" else "")
        root = self.with_gz if workload.body in ("precompressed", "cached") else self.plain
        server = nginx_returns(self.bodies[workload.path]) if workload.body == "dynamic" else f"root {root};"
        return servers.nginx(place, server, http=NGINX_HTTP.format(gzip=more))

    def flared_routes(self, workload):
        if workload.body == "dynamic":
            text = json.dumps(self.bodies[workload.path].decode())
            return FLARED_COMPRESS + FLARED_DYNAMIC.format(path=workload.path, text=text)
        if workload.body == "precompressed":
            return FLARED_STATIC.format(root=self.with_gz, options=', precompressed = ["gz"]')
        compress = FLARED_COMPRESS if workload.body == "cached" else ""
        return compress + FLARED_STATIC.format(root=self.plain, options=", precompressed = []")

    def check(self, server, workload):
        """The whole body, twice on one connection; compressed and as it is, with Vary, where that is asked."""
        body, fields = fetch(server, request_bytes(workload))
        compressed = workload.compressed and server.name != "plain"
        expect(server, fields.get("content-encoding") == ("gzip" if compressed else None), f"fields {fields}")
        plain = gzip.decompress(body) if compressed else body
        expect(server, plain == self.bodies[workload.path], f"a wrong body of {len(plain)} bytes")
        if compressed and server.name != "floor":
            expect(server, "accept-encoding" in fields.get("vary", "").lower(), f"no Vary: Accept-Encoding: {fields}")
            identity, fields = fetch(server, request_bytes(workload, accept=""))
            expect(server, identity == self.bodies[workload.path], "a wrong body for clients without gzip")
        return {"body_bytes": len(body)}

    def client(self, server, workload, seconds):
        request = self.request_file(server, request_bytes(workload))
        return [self.programs / "load/load", "keep", server.port, workload.connections, 1, seconds, request]


def fetch(server, request):
    with http.connect(server.port) as connection:
        for _ in range(2):
            connection.sendall(request)
            status, fields, body = http.read_responses(connection, 1)[0]
            expect(server, status == "HTTP/1.1 200 OK", f"status line {status!r}")
    return body, fields


def request_bytes(workload, accept="Accept-Encoding: gzip\r\n"):
    fields = accept if workload.compressed else ""
    return f"GET /{workload.path} HTTP/1.1\r\nHost: example.com\r\n{fields}\r\n".encode()


def some_json(size):
    """Records as an API returns them, always the same; exactly `size` bytes, without characters that need quoting anywhere."""
    chosen = random.Random(size)
    words = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november".split()
    records = []
    while len(json.dumps(records)) < size - 300:
        name = " ".join(chosen.choices(words, k=2))
        records.append({
            "id": 1000 + len(records), "name": name, "email": name.replace(" ", ".") + "@example.com", "active": chosen.random() < 0.7,
            "score": round(chosen.random() * 100, 2), "tags": chosen.sample(words, 3), "created": f"2026-{chosen.randint(1, 12):02}-01T08:30:00Z",
        })
    text = json.dumps(records)
    return (text + " " * (size - len(text))).encode()


def nginx_returns(body):
    """Configuration that answers everything with the body, from memory; nginx takes at most 4 KiB in one word."""
    pieces = [body[at : at + 3000].decode() for at in range(0, len(body), 3000)]
    lines = [f"set $piece{index} '{piece}';" for index, piece in enumerate(pieces)]
    joined = "".join(f"${{piece{index}}}" for index in range(len(pieces)))
    return "location / { " + " ".join(lines) + f' default_type application/json; return 200 "{joined}"; }}'


if __name__ == "__main__":
    main.run("static", __doc__, Static)
