"""Just enough HTTP to judge a server before it is measured, over a plain or a TLS socket."""

import socket


def connect(port, context=None, name=None):
    """A connection to the server, with TLS when there is an ssl.SSLContext."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    return context.wrap_socket(connection, server_hostname=name) if context else connection


def read_responses(connection, count):
    """Exactly count responses from the socket, as (status line, fields, body)."""
    data, responses = b"", []
    while len(responses) < count:
        status, fields, body, rest = parse(data)
        if body is not None:
            responses.append((status, fields, body))
            data = rest
            continue
        more = connection.recv(1 << 20)
        if not more:
            raise SystemExit(f"integrity: the connection ended after {len(responses)} of {count} responses: {data[:200]!r}")
        data += more
    if data:
        raise SystemExit(f"integrity: bytes after the last response: {data[:200]!r}")
    return responses


def parse(data):
    """(status line, fields, body, what follows); the body is None while it is not whole."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None, None, None, data
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if fields.get("transfer-encoding") == "chunked":
        body, rest = dechunk(rest)
    else:
        length = int(fields["content-length"])
        body, rest = (rest[:length], rest[length:]) if len(rest) >= length else (None, rest)
    return status, fields, body, rest


def dechunk(data):
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None, b""
        size = int(line, 16)
        if len(data) < size + 2:
            return None, b""
        body, data = body + data[:size], data[size + 2 :]
        if size == 0:
            return body, data


def expect(server, ok, what):
    if not ok:
        raise SystemExit(f"integrity: {server.name}: {what}")
