"""The client process of one round."""

import subprocess

from . import machine
from .bench import client_cpu


class Client:
    """Made as far as it must be before anything is measured; finish() lets it work and returns its figures."""

    def __init__(self, bench, server, workload, seconds):
        self.bench, self.server, self.workload = bench, server, workload
        command = machine.pinned(client_cpu(workload), bench.client(server, workload, seconds))
        self.command = [str(part) for part in command]
        self.prepares = bench.prepares(workload)
        if self.prepares:
            self.process = self.start()
            if self.process.stdout.readline() != "ready\n":
                self.figures()

    def start(self):
        return subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self):
        if not self.prepares:
            self.process = self.start()
        return self.figures()

    def figures(self):
        output, errors = self.process.communicate("go\n")
        if self.process.returncode != 0:
            raise SystemExit(f"the client of {self.server.name} failed: {errors}{self.server.log.read_text()}")
        return self.bench.figures(self.workload, output)
