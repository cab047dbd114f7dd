"""A real nginx as an upstream server, in a folder of its own."""

import shutil
import subprocess
import time

from wire import PATIENCE, Connection

CONFIG = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000; client_max_body_size 64m;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/t1; fastcgi_temp_path {dir}/t2; uwsgi_temp_path {dir}/t3; scgi_temp_path {dir}/t4;
  {http}
  server {{
    listen {listen}; root {dir}/files;
    {server}
    location = /name {{ default_type text/plain; return 200 "{name}"; }}
    location = /echo {{ default_type text/plain; return 200 "$request_method $http_x_forwarded_for $http_host"; }}
    location = /teapot {{ return 418; }}
    location = /moved {{ return 302 http://elsewhere.example.net/; }}
  }}
}}
"""


class Nginx:
    """Listens on a unix socket, or where `listen` says."""

    def __init__(self, folder, name="nginx", listen="", server="", http=""):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
        assert program, "nginx is missing: apt-get install nginx-light"
        self.folder = folder / name
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        self.socket = str(self.folder / "nginx.sock")
        config = self.folder / "nginx.conf"
        where = listen.split()[0] if listen else f"unix:{self.socket}"
        config.write_text(CONFIG.format(dir=self.folder, name=name, listen=listen or where, server=server, http=http))
        self.command = [program, "-p", self.folder, "-c", config, "-e", self.folder / "error.log"]
        self.address, self.process = where, None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                where = self.address
                host, _, port = where.rpartition(":")
                Connection(where[5:] if where.startswith("unix:") else (host, int(port))).socket.close()
                return
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, (self.folder / "error.log").read_text()

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
