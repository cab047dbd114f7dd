"""The client process of one round."""

import subprocess

from . import machine
from .bench import client_cpu


class Client:
    """Made as far as it must be before anything is measured; work() lets it."""

    def __init__(self, bench, server, workload, seconds):
        self.bench, self.server, self.workload = bench, server, workload
        command = machine.pinned(client_cpu(workload), bench.client(server, workload, seconds))
        self.command = [str(part) for part in command]
        self.prepares = bench.prepares(workload)
        if self.prepares:
            self.process = self.start()
            if self.process.stdout.readline() != "ready\n":
                self.end()

    def start(self):
        return subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def work(self):
        """Its figures. A prepared one may hold its connections until end(): closing them is not what is measured."""
        if not self.prepares:
            self.process = self.start()
            return self.bench.figures(self.workload, self.end())
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.bench.figures(self.workload, self.process.stdout.readline() or self.end())

    def end(self):
        """What it says up to its end, that it has not said yet."""
        if self.process.returncode is not None:
            return ""
        output, errors = self.process.communicate()
        if self.process.returncode != 0:
            raise SystemExit(f"the client of {self.server.name} failed: {errors}{self.server.log.read_text()}")
        return output
