"""Measures flared's WebSockets against a bare loop that unmasks and frames: see bench/README.md for what the figures mean."""

from dataclasses import dataclass

from harness import bench, http, main, servers
from harness.http import expect

KIB = 1 << 10
TEXT, BINARY = 0x81, 0x82  # the first byte of a whole message's frame
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3

FLARED = """
[[route]]
path = "/echo"
websocket = { echo = true }
[[route]]
path = "/live/:topic"
hub = { publish = "anyone" }
"""


@dataclass(frozen=True)
class Workload(bench.Workload):
    mode: str = "echo"  # of ws_load
    depth: int = 1
    message_bytes: int = 32
    text: bool = False
    servers: tuple = ("floor", "flared")


class WebSocket(bench.Bench):
    workloads = {
        "32": Workload("echo of 32 bytes, 64 connections", goals={"floor": 1.14}),
        "32-16": Workload("echo of 32 bytes, 16 in flight, 64 connections", depth=16, goals={"floor": 1.32}),
        "64k": Workload("echo of 64 KiB, 16 connections", connections=16, message_bytes=64 * KIB, goals={"floor": 1.15}),
        "64k-text": Workload("the same as text, which flared validates", connections=16, message_bytes=64 * KIB, text=True),
        "broadcast": Workload(
            "a message of 100 bytes to 10 000 connections, per message delivered",
            mode="broadcast", connections=10000, message_bytes=100, goals={"floor": 1.2},
        ),
        "idle": Workload("10 000 idle WebSockets", mode="idle", idle=True, connections=10000, goal_bytes=1024),
    }

    def command(self, name, workload, place):
        if name == "flared":
            return servers.flared(self.flared, place, FLARED)
        return [self.programs / "floor/ws_floor", place.port, "broadcast" if workload.mode == "broadcast" else "echo"]

    def check(self, server, workload):
        """The handshake's answer, three messages one by one, some at once: back to who sent them, or to three connections."""
        sockets = [connect(server, path(workload)) for _ in range(3 if workload.mode == "broadcast" else 1)]
        opcode = TEXT if workload.text else BINARY
        payload = bytes(ord("!") + i % 89 for i in range(workload.message_bytes))
        for count in (1, 1, 1, 16 if workload.message_bytes < KIB else 2):
            sockets[0].sendall(client_frame(opcode, payload) * count)
            wanted = server_frame(opcode, payload) * count
            for socket in sockets:
                answers = exactly(socket, len(wanted))
                expect(server, answers == wanted, f"{answers[:60]!r} to {count} messages")
        for socket in sockets:
            socket.close()
        return {}

    def prepares(self, workload):
        return True  # handshakes are not measured

    def client(self, server, workload, seconds):
        opcode = "text" if workload.text else "binary"
        connections, depth, size = workload.connections, workload.depth, workload.message_bytes
        return [self.programs / "load/ws_load", workload.mode, server.port, path(workload), connections, depth, seconds, size, opcode]


def path(workload):
    return "/live/bench" if workload.mode == "broadcast" else "/echo"


def connect(server, path):
    """A socket past the handshake."""
    connection = http.connect(server.port)
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(4096)
        expect(server, more, f"the connection ended after {head!r}")
        head += more
    expect(server, head.startswith(b"HTTP/1.1 101 "), f"{head!r} to a handshake")
    expect(server, f": {ACCEPT}\r\n".encode() in head, f"no Sec-WebSocket-Accept in {head!r}")
    return connection


def head(first, masked, size):
    """A frame's, to its mask: RFC 6455, section 5.2."""
    if size < 126:
        return bytes((first, masked | size))
    return bytes((first, masked | 126)) + size.to_bytes(2) if size < 1 << 16 else bytes((first, masked | 127)) + size.to_bytes(8)


def client_frame(first, payload):
    mask = b"\x12\x34\x56\x78"
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head(first, 0x80, len(payload)) + mask + masked


def server_frame(first, payload):
    return head(first, 0, len(payload)) + payload


def exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            break
        data += more
    return data


if __name__ == "__main__":
    main.run("ws", __doc__, WebSocket)
