"""A server process: on a free loopback port, with a scratch folder of its own; it ends with its context."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from . import machine

# As an expert for the workload would have it: what a bench adds goes into {http} and {server}.
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
  {http}
  server {{
    listen 127.0.0.1:{port} backlog=4096 reuseport {listen};
    {server}
  }}
}}
"""

FLARED = """
schema = 1
[server]
workers = {workers}
pin = "off"
[listen.bench]
address = "127.0.0.1:{port}"
{listen}
[limits]
connections = 18000
per_ip = 18000
header_timeout = "1h"
keepalive_idle = "1h"
keepalive_requests = 1000000000
keepalive_age = "1d"
{limits}
[log.access]
to = []
{rest}
"""


def nginx(place, server, http="", listen=""):
    """The command line of nginx; `listen`, `http` and `server` are lines of its configuration."""
    config = place.scratch / "nginx.conf"
    config.write_text(
        NGINX.format(workers=place.workers, port=place.port, scratch=place.scratch, listen=listen, http=http, server=server)
    )
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    return [program, "-e", place.scratch / "error.log", "-p", place.scratch, "-c", config]


def flared(program, place, rest, listen="", limits=""):
    """The command line of flared; `listen`, `limits` and `rest` are lines of its configuration."""
    config = place.scratch / "flare.toml"
    config.write_text(FLARED.format(workers=place.workers, port=place.port, listen=listen, limits=limits, rest=rest))
    return [program, "-c", config]


class Server:
    """A running server. Use as a context: leaving it ends the process and removes the scratch folder."""

    def __init__(self, name, command, port, cpu, scratch, workers=1):
        self.name, self.port, self.scratch, self.workers = name, port, scratch, workers
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
        try:
            self.wait_until_listening()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.scratch)
