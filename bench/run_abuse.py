"""What dribbling clients do to a good one (behaviour.md L-1): its latency with and without them, and when they are gone.

Rounds alternate between the two. The good client sends a request every two milliseconds on one connection; the dribblers send a
byte of a request head each second until header_timeout ends them. Both clients share a cpu, the dribblers with the lowest priority.
"""

import argparse
import multiprocessing
import os
import resource
import select
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from harness import machine
from harness.servers import Server

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """
[server]
workers = 1
pin = "off"
[listen.plain]
address = "127.0.0.1:{port}"
[limits]
connections = 18000
per_ip = 18000
header_timeout = "{timeout}s"
[log.access]
to = []
[[route]]
path = "/plaintext"
respond = {{ type = "text/plain", text = "Hello, World!" }}
"""
REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n"


def p99(port, seconds):
    """Of a good client's latencies, in microseconds."""
    latencies = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            client.sendall(REQUEST)
            assert client.recv(4096).startswith(b"HTTP/1.1 200"), "the good client is refused"
            latencies.append(time.monotonic() - began)
            time.sleep(max(0, 0.002 - latencies[-1]))
    return statistics.quantiles(latencies, n=100)[98] * 1e6


def dribble(port, count, ready):
    """Opens `count` connections, sends a byte a second on each, reports how long the server let them live."""
    os.nice(19)
    clients = {}
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        client.send(b"GET / HTTP/1.1\r\nX-Dribble: ")
        clients[client.fileno()] = client
    poll = select.poll()
    for number in clients:
        poll.register(number, select.POLLIN)
    began = time.monotonic()
    ready.send("ready")
    while clients:
        second = time.monotonic() + 1
        for client in list(clients.values()):
            try:
                client.send(b"x")
            except OSError:
                pass  # the server has ended it: poll says so
        while clients and (left := second - time.monotonic()) > 0:
            for number, _ in poll.poll(left * 1000):
                try:
                    open_still = clients[number].recv(4096) != b""
                except OSError:
                    open_still = False
                if not open_still:
                    poll.unregister(number)
                    clients.pop(number).close()
    ready.send(time.monotonic() - began)


def attack(port, options):
    """p99 of a good client under attack, and the seconds until the last dribbler was gone."""
    ours, theirs = multiprocessing.Pipe()
    attacker = multiprocessing.Process(target=dribble, args=(port, options.sockets, theirs))
    attacker.start()
    assert ours.recv() == "ready"
    latency = p99(port, options.seconds)
    lived = ours.recv()
    attacker.join()
    return latency, lived


def main():
    parser = argparse.ArgumentParser(prog="./dev bench abuse", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--header-timeout", type=int, default=10)
    options = parser.parse_args()
    machine.enter_private_network()
    machine.prepare_network()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {machine.CLIENT_CPU})
    quiet, attacked, lives = [], [], []
    with tempfile.TemporaryDirectory(prefix="flare-bench-") as folder:
        port = machine.free_port()
        config = Path(folder) / "flare.toml"
        config.write_text(CONFIG.format(port=port, timeout=options.header_timeout))
        scratch = Path(folder) / "flared"
        scratch.mkdir()
        with Server("flared", [ROOT / "build/release/flared", "-c", config], port, machine.SERVER_CPU, scratch):
            for _ in range(options.rounds):
                quiet.append(p99(port, options.seconds))
                latency, lived = attack(port, options)
                attacked.append(latency)
                lives.append(lived)
    before, during = statistics.median(quiet), statistics.median(attacked)
    print(f"p99 of a good client: {before:.0f} µs alone, {during:.0f} µs beside {options.sockets} dribblers: x {during / before:.2f} (goal 1.20)")
    print(f"the last dribbler was gone after {max(lives):.1f} s (goal {options.header_timeout + 5} s)")
    return 0 if during <= 1.2 * before and max(lives) <= options.header_timeout + 5 else 1


if __name__ == "__main__":
    sys.exit(main())
