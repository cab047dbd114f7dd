"""Measures flared against nginx and a bare epoll loop over OpenSSL, with TLS: see bench/README.md for what the figures mean.

The client speaks TLS 1.3 with X25519 and offers OpenSSL's suites in their order (AES-256-GCM first, as curl does); the certificate is
an ECDSA one on P-256, made at the start. nginx and flared use the same files.
"""

import ssl
import subprocess
from dataclasses import dataclass

from harness import bench, http, main, servers
from harness.http import expect

NAME = "bench.example.com"
MIB = 1 << 20

# Tickets without a session cache ("off" would refuse tickets, too) is what costs nginx least; its ssl_buffer_size is 16k by default, best for large bodies.
NGINX_HTTP = """
  ssl_certificate {folder}/cert.pem;
  ssl_certificate_key {folder}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_tickets on;
  ssl_session_cache none;
  ssl_session_timeout 1h;
  ssl_buffer_size 16k;
  open_file_cache max=100 inactive=1h;
  open_file_cache_valid 1h;
  output_buffers 2 128k;
"""
NGINX_SERVER = """
    server_name {name};
    root {folder}/www;
    default_type application/octet-stream;
    location = /plaintext {{ default_type text/plain; return 200 "Hello, World!"; }}
"""
FLARED = """
[tls]
unknown_sni = "default-cert"
[[tls.cert]]
chain = "{folder}/cert.pem"
key = "{folder}/key.pem"
default = true
[[route]]
path = "/plaintext"
respond = {{ status = 200, type = "text/plain", text = "Hello, World!" }}
[[route]]
path = "/**"
static = {{ root = "{folder}/www" }}
"""


@dataclass(frozen=True)
class Workload(bench.Workload):
    mode: str = "keep"  # of tls_load
    path: str = "/plaintext"
    suites: str = ""  # the client's preference; empty: OpenSSL's

    @property
    def closes(self):
        return self.mode in ("full", "resumed")


class Tls(bench.Bench):
    workloads = {
        "keep": Workload("TLS 1.3, keep-alive, 64 connections", goals={"nginx": 0.97}),
        "full": Workload("a full handshake per request", mode="full", connections=16, goals={"nginx": 0.94}),
        "resumed": Workload("a resumed handshake per request", mode="resumed", connections=16, goals={"nginx": 0.94}),
        "mib": Workload("1 MiB responses, 16 connections", path="/mib", connections=16, goals={"nginx": 0.95}),
        "mib-aes128": Workload(
            "1 MiB responses, 16 connections, a client that prefers AES-128 as browsers do", path="/mib", connections=16,
            suites="TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384", goals={"nginx": 0.95},
        ),
        "idle": Workload(
            "10 000 idle TLS connections", mode="idle", idle=True, connections=10000, servers=("nginx", "flared"), goals={"nginx": 1.0},
        ),
    }

    def __init__(self, root, scratch, flared):
        super().__init__(root, scratch, flared)
        self.cert, self.key, self.body = scratch / "cert.pem", scratch / "key.pem", b"flare" * (MIB // 5) + b"!"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "30",
             "-keyout", self.key, "-out", self.cert, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"],
            check=True, capture_output=True,
        )
        (scratch / "www").mkdir()
        (scratch / "www/mib").write_bytes(self.body)

    def command(self, name, workload, place):
        if name == "nginx":
            server = NGINX_SERVER.format(folder=self.scratch, name=NAME)
            return servers.nginx(place, server, http=NGINX_HTTP.format(folder=self.scratch), listen="ssl")
        if name == "flared":
            return servers.flared(self.flared, place, FLARED.format(folder=self.scratch), listen="tls = true")
        body = len(self.body) if workload.path == "/mib" else len("Hello, World!")
        after = "close" if workload.closes else "keep"
        return [self.programs / "floor/tls_floor", place.port, self.cert, self.key, len(request_bytes(workload)), body, after]

    def check(self, server, workload):
        """Both versions of TLS, the certificate's name, two requests on a connection (or the close that was asked for)."""
        request = request_bytes(workload)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=self.cert)
            context.minimum_version = context.maximum_version = version
            with http.connect(server.port, context, NAME) as connection:
                for _ in range(1 if workload.closes else 2):
                    connection.sendall(request)
                    status, _, body = http.read_responses(connection, 1)[0]
                    expect(server, status == "HTTP/1.1 200 OK", f"status line {status!r}")
                    wanted = self.body if workload.path == "/mib" else b"Hello, World!"
                    right = len(body) == len(wanted) if server.name == "floor" else body == wanted
                    expect(server, right, f"a wrong body of {len(body)} bytes")
                expect(server, not workload.closes or connection.recv(1) == b"", "no close_notify after Connection: close")
        return {}

    def client(self, server, workload, seconds):
        request = self.request_file(server, request_bytes(workload))
        suites = [workload.suites] if workload.suites else []
        program = self.programs / "load/tls_load"
        return [program, workload.mode, server.port, workload.connections, seconds, request, self.cert, NAME, *suites]

    def prepares(self, workload):
        return not workload.closes


def request_bytes(workload):
    close = "Connection: close\r\n" if workload.closes else ""
    return f"GET {workload.path} HTTP/1.1\r\nHost: {NAME}\r\n{close}\r\n".encode()


if __name__ == "__main__":
    main.run("tls", __doc__, Tls)
