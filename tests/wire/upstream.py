"""An upstream server that does what a test tells it, also what no server should."""

import re
import socket
import struct
import threading

from wire import PATIENCE, Connection


class Peer(Connection):
    """What the proxy has connected to: its requests come in, bytes of any kind go out."""

    def __init__(self, accepted):  # pylint: disable=super-init-not-called
        self.socket, self.buffer = accepted, b""
        self.socket.settimeout(PATIENCE)
        if self.socket.family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def head(self):
        return Asked(self.until(b"\r\n\r\n").decode("latin-1"))

    def request(self):
        """A whole request, its content in `content`."""
        asked = self.head()
        if asked["Transfer-Encoding"] == "chunked":
            asked.content = b"".join(self.pieces(asked))
        else:
            asked.content = self.exactly(int(asked["Content-Length"] or 0))
        return asked

    def pieces(self, asked):
        while size := int(self.until(b"\r\n"), 16):
            yield self.exactly(size)
            assert self.exactly(2) == b"\r\n"
        asked.trailers = []
        while line := self.until(b"\r\n"):
            asked.trailers.append(line.decode("latin-1"))

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def gone(self):
        """The proxy ends the connection without another byte; how."""
        return self.ended()


class Asked:
    """The head of a request as the upstream server got it."""

    def __init__(self, text):
        self.line, *lines = text.split("\r\n")
        self.method, self.target, self.version = self.line.split(" ")
        self.fields = []
        for line in lines:
            assert re.fullmatch(r"[^:\s]+: ?.*", line), f"malformed field line {line!r}"
            name, value = line.split(":", 1)
            self.fields.append((name, value.strip()))
        self.content, self.trailers = None, None

    def __getitem__(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None


class Upstream:
    """Runs serve(peer) for each connection, in a thread of its own; what fails there fails the test."""

    def __init__(self, serve, where=("127.0.0.1", 0)):
        self.serve = serve
        self.listener = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(where)
        self.listener.listen(64)
        self.failures, self.threads, self.peers, self.connections = [], [], [], 0
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            peer = Peer(accepted)
            self.peers.append(peer)
            thread = threading.Thread(target=self._run, args=(peer,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _run(self, peer):
        try:
            self.serve(peer)
        except (AssertionError, OSError, ValueError) as failure:
            self.failures.append(failure)
        finally:
            peer.socket.close()

    def __enter__(self):
        return self

    @property
    def address(self):
        name = self.listener.getsockname()
        return f"unix:{name}" if isinstance(name, str) else f"{name[0]}:{name[1]}"

    def stop_listening(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join(PATIENCE)

    def __exit__(self, kind, *_):
        try:
            self.stop_listening()
        except OSError:
            pass
        for peer in self.peers:  # what the proxy keeps open ends here
            try:
                peer.socket.shutdown(socket.SHUT_RD)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(PATIENCE)
        if kind is None:
            assert not self.failures, self.failures


def answers(*responses):
    """A server that gives these responses, in order, on each connection, and then waits for its end."""

    def serve(peer):
        for response in responses:
            peer.request()
            peer.send(response)
        peer.gone()

    return serve


def ok(body=b"ok", fields=""):
    body = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body
