"""Raw bytes to a real flared and back: the daemon as a context, a strict response parser, sockets with deadlines."""

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

FLARED = os.environ.get("FLARED", "")
SOURCE = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds until a test gives up on something that should happen at once; never slept


class Answer:
    """One response. `body` is None where the head says that there is none."""

    def __init__(self, line, fields, body):
        self.line, self.fields, self.body = line, fields, body
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) ([ -~]*)", line)
        assert match, f"malformed status line {line!r}"
        self.status = int(match[1])

    def __getitem__(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.line} {self.fields} {self.body!r:.60}>"


class Connection:
    """A client's socket. Reading past the end of what the server sends is an error, waiting too long one too."""

    def __init__(self, where):
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(where)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def send_in_pieces(self, data, cuts):
        """Each piece is a read of its own over a unix socket; over TCP it is a segment of its own, and often a read."""
        data = data.encode("latin-1") if isinstance(data, str) else data
        for begin, end in zip([0, *cuts], [*cuts, len(data)]):
            self.socket.sendall(data[begin:end])
            if self.socket.family == socket.AF_UNIX:
                self.taken()
            else:
                os.sched_yield()  # an acknowledgement may be a while coming, and says nothing about reading
        return self

    def taken(self):
        """Until the server has read all that was sent, which a unix socket can tell; of TCP only the kernel's receipt is known."""
        end = time.monotonic() + PATIENCE
        while struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0\0\0\0"))[0] != 0:
            assert time.monotonic() < end, "the server does not read what it was sent"
            os.sched_yield()
        return self

    def more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return data

    def until(self, mark):
        while mark not in self.buffer:
            assert self.more(), f"the connection ended before {mark!r}: {self.buffer!r}"
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            assert self.more(), f"the connection ended {count - len(self.buffer)} bytes early"
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def answer(self, method="GET"):
        """The next response, with its framing checked (H-19, H-21)."""
        line, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = []
        for text in lines:
            name, colon, value = text.partition(": ")
            assert colon and re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name), f"malformed field line {text!r}"
            fields.append((name, value))
        answer = Answer(line, fields, None)
        length = answer["Content-Length"]
        chunked = answer["Transfer-Encoding"] == "chunked"
        assert chunked or answer["Transfer-Encoding"] is None
        if answer.status < 200 or answer.status in (204, 304):
            assert length is None, f"{answer.status} with Content-Length"
            if answer.status < 200 and answer.status != 101:
                assert answer["Date"] is None
            return answer
        assert chunked != bool(re.fullmatch(r"\d+", length or "")), f"no valid Content-Length: {answer}"
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer["Date"] or ""), answer
        if method != "HEAD":
            answer.body = b"".join(self.chunks()) if chunked else self.exactly(int(length))
        return answer

    def chunks(self):
        """The chunks of a content, to its end."""
        while size := int(self.until(b"\r\n"), 16):
            yield self.exactly(size)
            assert self.exactly(2) == b"\r\n"
        assert self.until(b"\r\n") == b"", "trailers"

    def ended(self):
        """The server sends nothing more and closes; how: 'closed' or 'reset'."""
        assert self.buffer == b"", f"unexpected bytes {self.buffer!r}"
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return "reset"
        assert data == b"", f"unexpected bytes {data!r}"
        return "closed"


class Daemon:
    """A flared of our own, ready to serve. `config` may use {dir} for its scratch folder."""

    def __init__(self, folder, config, arguments=None, **environment):
        assert FLARED, "set FLARED to the flared to test (ctest does)"
        self.folder = Path(folder)
        self.config = self.folder / "flare.toml"
        self.config.write_text(config)
        self.stdout = (self.folder / "stdout").open("w+b")
        command = [FLARED, *(arguments or ["-c", self.config])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.stdout, stderr=subprocess.PIPE, env={**os.environ, **environment}
        )
        self.log = []
        self.logged = threading.Condition()
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        self.addresses = []
        self.wait_for_log("flared is ready")

    def _read_log(self):
        for line in self.process.stderr:
            with self.logged:
                self.log.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.logged.notify_all()
        with self.logged:
            self.log.append(None)  # the end
            self.logged.notify_all()

    def wait_for_log(self, text, count=1):
        """The lines of the error log so far, once `text` stands in `count` of them."""
        end = time.monotonic() + PATIENCE
        with self.logged:
            while sum(text in line for line in self.log if line) < count:
                assert None not in self.log, "flared ended:\n" + self.errors()
                assert self.logged.wait(end - time.monotonic()), f"no {text!r} in the log:\n{self.errors()}"
            return [line for line in self.log if line]

    def errors(self):
        return "\n".join(line for line in self.log if line)

    def address(self, index=0):
        """The index-th address it listens on, as connect() wants it."""
        found = [line.split("listening on ")[1] for line in self.log if line and "listening on " in line][index]
        if found.startswith("unix:"):
            return found[5:]
        host, port = found.rsplit(":", 1)
        return (host.strip("[]"), int(port))

    def connect(self, index=0):
        return Connection(self.address(index))

    def ask(self, request, method="GET", index=0):
        with self.connect(index) as connection:
            return connection.send(request).answer(method)

    def get(self, target, fields="", method="GET", host="example.com", index=0):
        return self.ask(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n", method, index)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code

    def stop(self):
        """Drains; whatever the sanitizers have to say is an error."""
        if self.process.poll() is None:
            self.signal()
        code = self.wait()
        assert "Sanitizer" not in self.errors() and "runtime error" not in self.errors(), self.errors()
        return code

    def access_log(self):
        """The access log on stdout, complete once the daemon has ended."""
        self.stdout.flush()
        return [json.loads(line) for line in Path(self.stdout.name).read_bytes().splitlines()]


def flared(*arguments, **options):
    """One command to its end."""
    return subprocess.run(
        [FLARED, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, **options
    )
