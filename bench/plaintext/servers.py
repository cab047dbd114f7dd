"""The servers compared: each starts on a free loopback port with a scratch folder of its own, and dies with the bench."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from . import machine

NGINX = """
worker_processes {workers};
worker_rlimit_nofile 19000;
daemon off;
user root;
pid {scratch}/nginx.pid;
error_log {scratch}/error.log warn;
events {{ worker_connections 18000; }}
http {{
  access_log off;
  server_tokens off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_header_timeout 1h;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096 reuseport;
    location = /plaintext {{ default_type text/plain; return 200 "Hello, World!"; }}
  }}
}}
"""

FLARED = """
schema = 1
[server]
workers = {workers}
pin = "off"
[listen.plain]
address = "127.0.0.1:{port}"
[limits]
connections = 18000
per_ip = 18000
header_timeout = "1h"
keepalive_idle = "1h"
keepalive_requests = 1000000000
keepalive_age = "1d"
[log.access]
to = []
[[route]]
path = "/plaintext"
respond = {{ status = 200, type = "text/plain", text = "Hello, World!" }}
"""


class Server:
    """A running server. Use as a context: leaving it ends the process and removes the scratch folder."""

    def __init__(self, name, command, port, cpu, scratch):
        self.name, self.port, self.scratch = name, port, scratch
        self.log = scratch / "output.log"
        with self.log.open("w") as log:
            command = [str(part) for part in machine.pinned(cpu, command)]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.process.pid

    def wait_until_listening(self, seconds=10):
        """Looks at the kernel's list, so that no connection of ours is the server's first."""
        wanted = f"0100007F:{self.port:04X} 00000000:0000 0A"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended with status {self.process.returncode}:\n{self.log.read_text()}")
            if wanted in Path("/proc/net/tcp").read_text():
                return
            time.sleep(0.02)
        raise SystemExit(f"{self.name} does not listen on port {self.port} after {seconds} s:\n{self.log.read_text()}")

    def __enter__(self):
        self.wait_until_listening()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.scratch)


class Servers:
    """Starts servers by name for one workload."""

    def __init__(self, root, programs, scratch):
        self.root, self.programs, self.scratch = root, programs, scratch
        self.started = 0

    def names(self):
        return ["floor", "nginx", "flared"] if self.flared().exists() else ["floor", "nginx"]

    def flared(self):
        return self.root / "build/release/flared"

    def start(self, name, request, port, workers=1, cpu=machine.SERVER_CPU, close=False):
        self.started += 1
        scratch = self.scratch / f"{self.started}-{name}"
        scratch.mkdir()
        commands = {"floor": self.floor_command, "nginx": self.nginx_command, "flared": self.flared_command}
        command = commands[name](scratch, request, port, workers, close)
        return Server(f"{name}-{workers}w" if cpu is None else name, command, port, cpu, scratch)

    def floor_command(self, _, request, port, workers, close):
        return [self.programs / "floor/epoll_floor", port, len(request), workers, "close" if close else "keep"]

    def nginx_command(self, scratch, _request, port, workers, _close):
        config = scratch / "nginx.conf"
        config.write_text(NGINX.format(workers=workers, port=port, scratch=scratch))
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        return [program, "-e", scratch / "error.log", "-p", scratch, "-c", config]

    def flared_command(self, scratch, _request, port, workers, _close):
        config = scratch / "flare.toml"
        config.write_text(FLARED.format(workers=workers, port=port))
        return [self.flared(), "-c", config]
