"""A hub from outside: its daemon, who posts to a topic, and who reads its events (WHATWG HTML §9.2)."""

import base64
import json
import re
import socket
import time

from cases import IPV4
from tls import context
from wire import PATIENCE, Answer, Connection


TOKEN = "0123456789abcdef-a-secret"
CONFIG = """
[server]
workers = {workers}
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
{more}
[log.access]
to = ["stdout"]
[[route]]
path = "/live/**"
hub = {{ {hub} }}
ws = {{ {ws} }}
[[route]]
path = "/plain"
respond = {{ text = "plain" }}
"""


class Publisher:
    """Posts to one topic after the other on a connection that is kept."""

    def __init__(self, connection, token=None):
        self.connection, self.token = connection, token

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.connection.socket.close()

    def request(self, topic, content, *fields):
        content = content.encode() if isinstance(content, str) else content
        fields = [*fields, *([f"Authorization: Bearer {self.token}"] if self.token else [])]
        lines = [f"POST {topic} HTTP/1.1", "Host: example.com", f"Content-Length: {len(content)}", *fields, "", ""]
        return "\r\n".join(lines).encode("latin-1") + content

    def ask(self, topic, content, *fields):
        return self.connection.send(self.request(topic, content, *fields)).answer("POST")

    def post(self, topic, content, *fields):
        """(id, subscribers) of what was taken."""
        answer = self.ask(topic, content, *fields)
        assert answer.status == 200 and answer["Content-Type"] == "application/json", answer
        receipt = json.loads(answer.body)
        assert list(receipt) == ["id", "subscribers"]
        return receipt["id"], receipt["subscribers"]

    def binary(self, topic, content):
        return self.post(topic, content, "Content-Type: application/octet-stream")


class Event:
    def __init__(self, number, kind, data):
        self.id, self.kind, self.data = number, kind, data

    def __repr__(self):
        return f"<event {self.id} {self.kind} {self.data!r:.60}>"


class Events:
    """A stream of events, as a page would see them; comments are counted."""

    def __init__(self, connection, target, *fields, accept="text/event-stream"):
        self.connection, self.comments, self.pending = connection, 0, b""
        connection.send("\r\n".join([f"GET {target} HTTP/1.1", "Host: example.com", f"Accept: {accept}", *fields, "", ""]))
        line, *lines = connection.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.head = Answer(line, [tuple(each.split(": ", 1)) for each in lines], None)
        assert self.head.status == 200 and self.head["Content-Type"] == "text/event-stream", self.head
        assert self.head["Cache-Control"] == "no-store" and self.head["Transfer-Encoding"] == "chunked"
        self.pieces = connection.chunks()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.connection.socket.close()

    def block(self):
        """The lines up to the next empty one; None at the stream's end, which is orderly."""
        while b"\n\n" not in self.pending:
            piece = next(self.pieces, None)
            if piece is None:
                assert self.pending == b"", f"the stream ended within an event: {self.pending!r}"
                return None
            self.pending += piece
        block, self.pending = self.pending.split(b"\n\n", 1)
        return block.split(b"\n")

    def event(self):
        while (lines := self.block()) == [b":"]:
            self.comments += 1
        if lines is None:
            return None
        number = re.fullmatch(rb"id: (\d+)", lines.pop(0))
        kind = lines.pop(0)[7:].decode() if lines[0].startswith(b"event: ") else "message"
        assert number and lines and all(line.startswith(b"data: ") for line in lines), lines
        data = b"\n".join(line[6:] for line in lines)
        if kind == "binary":
            data = base64.b64decode(data, validate=True)
        return Event(int(number[1]), kind, data)

    def comment(self):
        assert self.block() == [b":"]


def small_reader(daemon, index=0, secure=False):
    """A connection whose kernel takes little that is not read. A unix socket takes some 200 KB."""
    where = daemon.address(index)
    if isinstance(where, str):
        return Connection(where)
    made = Connection.__new__(Connection)
    made.socket, made.buffer = socket.socket(socket.AF_INET, socket.SOCK_STREAM), b""
    made.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)  # before the handshake that offers a window
    made.socket.settimeout(PATIENCE)
    made.socket.connect(where)
    if secure:
        made.socket = context().wrap_socket(made.socket, server_hostname="main.test")
    return made


def publisher_of(daemon, token=None, index=IPV4):
    return Publisher(daemon.connect(index), token)


def presence(daemon, topic):
    answer = daemon.get(topic)
    assert answer.status == 200 and answer["Content-Type"] == "application/json" and answer["Cache-Control"] == "no-store"
    return json.loads(answer.body)["subscribers"]


def await_presence(daemon, topic, count):
    end = time.monotonic() + 30
    while presence(daemon, topic) != count:
        assert time.monotonic() < end, f"not {count} subscribers, but {presence(daemon, topic)}"


def sse(daemon, target, *fields, index=IPV4):
    return Events(daemon.connect(index), target, *fields)


def statuses(daemon):
    daemon.stop()
    return [(line["status"], line.get("why")) for line in daemon.access_log()]
