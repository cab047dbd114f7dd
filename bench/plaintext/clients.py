"""The clients, and what they must have seen before anything is measured."""

import json
import re
import socket
import subprocess
import time
from email.utils import parsedate_to_datetime

from . import machine

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


def request_bytes(kind, port):
    head = f"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if kind == "browser":
        head += BROWSER_FIELDS.replace("\n", "\r\n")
        head += "0123456789abcdef" * 16
        head = head[: BROWSER_REQUEST_BYTES - 4] + "\r\n"
    elif kind == "close":
        head += "Connection: close\r\n"
    return (head + "\r\n").encode()


def read_responses(connection, count):
    """Exactly count responses with Content-Length from the socket, as (status line, fields, body)."""
    data, responses = b"", []
    while len(responses) < count:
        head, end, rest = data.partition(b"\r\n\r\n")
        if end:
            status, *lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(fields["content-length"])
            if len(rest) >= length:
                responses.append((status, fields, rest[:length]))
                data = rest[length:]
                continue
        more = connection.recv(65536)
        if not more:
            raise SystemExit(f"integrity: the connection ended after {len(responses)} of {count} responses: {data[:200]!r}")
        data += more
    if data:
        raise SystemExit(f"integrity: bytes after the last response: {data[:200]!r}")
    return responses


def check_integrity(server, request, date_must_change):
    """A server that answers wrongly is not measured: status, body, fields, 16 pipelined requests, and a Date that moves."""

    def expect(ok, what):
        if not ok:
            raise SystemExit(f"integrity: {server.name}: {what}")

    close = b"Connection: close" in request
    depth = 1 if close else 16
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request * depth)
        responses = read_responses(connection, depth)
        expect(not close or connection.recv(1) == b"", "the connection stays open although the request says close")
    for status, fields, body in responses:
        expect(status == "HTTP/1.1 200 OK", f"status line {status!r}")
        expect(body == b"Hello, World!", f"body {body!r}")
        expect(fields.get("content-type", "").startswith("text/plain"), f"fields {fields}")
        expect(fields.get("server"), "no Server field")
        parsedate_to_datetime(fields["date"])
    if not date_must_change:
        return
    end = time.monotonic() + 3
    while time.monotonic() < end:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(request)
            if read_responses(connection, 1)[0][1]["date"] != responses[0][1]["date"]:
                return
        time.sleep(0.1)
    raise SystemExit(f"integrity: {server.name}: Date does not change")


def run_load(programs, mode, server, connections, depth, seconds, request_file, cpu=machine.CLIENT_CPU):
    command = [programs / "load/load", mode, server.port, connections, depth, seconds, request_file]
    run = subprocess.run([str(part) for part in machine.pinned(cpu, command)], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"load against {server.name} failed: {run.stderr}{server.log.read_text()}")
    return json.loads(run.stdout)


def run_wrk(server, connections, seconds, cpu=machine.CLIENT_CPU):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}/plaintext"]
    out = subprocess.run(machine.pinned(cpu, command), capture_output=True, text=True, check=True).stdout
    if "Socket errors" in out or "Non-2xx" in out:
        raise SystemExit(f"wrk against {server.name} saw errors:\n{out}")
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", out).groups()
    percentiles = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))", out))
    return {
        "requests": int(requests),
        "seconds": float(took),
        "p50_us": microseconds(percentiles["50"]),
        "p99_us": microseconds(percentiles["99"]),
    }


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
