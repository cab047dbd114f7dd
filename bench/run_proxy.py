"""Measures flared as a reverse proxy against nginx, haproxy and a bare loop: see bench/README.md for what the figures mean.

All ask the same bare server, which runs on the client's cpu.
"""

import atexit
import shutil
import subprocess
from dataclasses import dataclass

from harness import bench, http, machine, main, servers
from harness.http import expect

KIB, MIB = 1 << 10, 1 << 20
REQUEST = b"GET /x HTTP/1.1\r\nHost: example.com\r\n\r\n"

NGINX_HTTP = "upstream app {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}"
HANDSHAKE = (
    b"GET /x HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MESSAGE = b"\x82\xa0" + bytes(4) + b"x" * 32

NGINX_UPGRADE = """location / {
  proxy_pass http://app; proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
}"""
NGINX = 'location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }'
FLARED = """
[upstream.app]
servers = [{{ addr = "127.0.0.1:{upstream}" }}]
keepalive = {{ max_requests = 1000000000 }}
[[route]]
path = "/**"
proxy = {{ to = "app" }}
"""
HAPROXY = """
global
  maxconn 4000
  nbthread 1
defaults
  mode http
  option http-keep-alive
  option splice-response
  timeout client 1h
  timeout server 1h
  timeout connect 5s
  http-reuse always
frontend bench
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server app 127.0.0.1:{upstream}
"""


@dataclass(frozen=True)
class Workload(bench.Workload):
    body_bytes: int = 13  # 0: WebSocket messages instead
    servers: tuple = ("floor", "nginx", "haproxy", "flared")


class Proxy(bench.Bench):
    workloads = {
        "small": Workload("13 bytes, 64 connections", goals={"nginx": 0.82}, p99_goals={"nginx": 1.0}),
        "1m": Workload(
            "1 MiB, 16 connections", connections=16, body_bytes=MIB, goals={"nginx": 0.33, "haproxy": 1.05}, p99_goals={"nginx": 1.0},
        ),
        "ws": Workload("WebSocket messages of 32 bytes, 64 connections", body_bytes=0, goals={"nginx": 1.0}, p99_goals={"nginx": 1.0}),
    }

    def __init__(self, root, scratch, flared):
        super().__init__(root, scratch, flared)
        self.upstreams = {}

    def upstream(self, workload):
        """The port of the server behind the proxies, which runs from its first use to the end."""
        size = workload.body_bytes
        if size not in self.upstreams:
            port = machine.free_port()
            command = machine.pinned(machine.CLIENT_CPU, [self.programs / "floor/upstream", port, size])
            process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL)
            atexit.register(process.kill)
            self.upstreams[size] = port
        return self.upstreams[size]

    def command(self, name, workload, place):
        upstream = self.upstream(workload)
        if name == "floor":
            how = "splice" if workload.body_bytes > 64 * KIB else "copy"
            return [self.programs / "floor/proxy_floor", place.port, upstream, how]
        if name == "flared":
            return servers.flared(self.flared, place, FLARED.format(upstream=upstream))
        if name == "haproxy":
            config = place.scratch / "haproxy.cfg"
            config.write_text(HAPROXY.format(port=place.port, upstream=upstream))
            return [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-db", "-f", config]
        location = NGINX if workload.body_bytes else NGINX_UPGRADE
        return servers.nginx(place, location, http=NGINX_HTTP.format(upstream=upstream))

    def check(self, server, workload):
        """The whole body, or an answer to a message, three times on one connection."""
        with http.connect(server.port) as connection:
            if not workload.body_bytes:
                connection.sendall(HANDSHAKE)
                head = connection.recv(4096)
                expect(server, head.startswith(b"HTTP/1.1 101"), f"{head!r} to a handshake")
                for _ in range(3):
                    connection.sendall(MESSAGE)
                    answer = connection.recv(4096)
                    expect(server, answer == b"\x82\x20" + b"x" * 32, f"{answer!r} to a message")
                return {}
            for _ in range(3):
                connection.sendall(REQUEST)
                status, _, body = http.read_responses(connection, 1)[0]
                expect(server, status == "HTTP/1.1 200 OK", f"status line {status!r}")
                expect(server, body == b"x" * workload.body_bytes, f"a wrong body of {len(body)} bytes")
        return {}

    def client(self, server, workload, seconds):
        if not workload.body_bytes:
            request = self.request_file(server, HANDSHAKE + MESSAGE)
            return [self.programs / "load/load", "upgrade", server.port, workload.connections, 1, seconds, request]
        request = self.request_file(server, REQUEST)
        return [self.programs / "load/load", "keep", server.port, workload.connections, 1, seconds, request]


if __name__ == "__main__":
    main.run("proxy", __doc__, Proxy)
