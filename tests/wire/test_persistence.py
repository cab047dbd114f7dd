"""Connections: H-17, H-18, H-20, H-32, H-33 and H-35 of behaviour.md."""

import re
import select
import socket
import struct

import pytest
from cases import ADDRESSES, GET, IPV4, POST, UNIX, accepted, final, get, head, refused
from conftest import running

VERSIONS = ["HTTP/1.0", "HTTP/1.1", "HTTP/1.7"]


@pytest.mark.parametrize("fields,by_default", [
    ([], None), (["Connection: close"], False), (["Connection: Close"], False), (["connection: CLOSE"], False), (["Connection: x, Close"], False),
    (["Connection: close,x"], False), (["Connection: ,close ,"], False), (["Connection: keep-alive, close"], False), (["Connection: close, keep-alive"], False),
    (["Connection: keep-alive", "Connection: close"], False), (["Connection: close", "Connection: keep-alive"], False), (["Connection: keep-alive"], True),
    (["Connection: Keep-Alive"], True), (["Connection: x", "Connection: keep-alive, y"], True), (["Connection:"], None), (["Connection: closed"], None),
    (["Connection: xclose"], None), (["Connection: keep-alivex"], None), (['Connection: "close"'], None), (["X-Connection: close"], None), (["Connection: clo, se"], None),
    (["Proxy-Connection: close"], None), (["Proxy-Connection: keep-alive"], None), (["Keep-Alive: timeout=5, max=1"], None), (["Connection: close;x"], None),
])
def test_H_17_persistence(plain, fields, by_default):
    for version in VERSIONS:
        request = head(f"GET /plaintext {version}", "Host: example.com", *fields)
        keeps = by_default if by_default is not None else version != "HTTP/1.0"
        if keeps:
            accepted(plain, request)
            assert plain.ask(request)["Connection"] == ("keep-alive" if version == "HTTP/1.0" else None)
        else:
            assert final(plain, request).status == 200


@pytest.mark.parametrize("request_bytes,status", [
    (head("GET /nowhere HTTP/1.1", "Host: example.com"), 404), (head("GET /only-post HTTP/1.1", "Host: example.com"), 405),
    (head("OPTIONS /only-post HTTP/1.1", "Host: example.com"), 204),
])
def test_H_17_an_ordinary_error_does_not_end_the_connection(plain, request_bytes, status):
    body = plain.ask(request_bytes).body
    accepted(plain, request_bytes, status, body)


SMALL = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/small.sock"]
[log.access]
to = ["stdout"]
[limits]
keepalive_requests = 3
[[route]]
path = "/plaintext"
respond = {{ text = "a" }}
"""


def test_H_17_keepalive_requests(start, tmp_path):
    daemon = start(SMALL.format(dir=tmp_path))
    for index in (IPV4, UNIX):
        for request in (GET, POST, head("GET /nowhere HTTP/1.1", "Host: example.com")):
            with daemon.connect(index) as connection:
                assert [connection.send(request).answer()["Connection"] for _ in range(3)] == [None, None, "close"]
                assert connection.ended() == "closed"
        with daemon.connect(index) as connection:
            connection.send(GET * 10)
            assert [connection.answer()["Connection"] for _ in range(3)] == [None, None, "close"]
            assert connection.ended() == "closed", "the rest of the pipeline is not answered"
    assert daemon.stop() == 0
    assert len(daemon.access_log()) == 2 * 4 * 3


ORDER = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/order.sock", "[::1]:0"]
[log.access]
to = []
[[route]]
path = "/to/:n"
redirect = {{ to = "/{{param.n}}", status = 302 }}
[[route]]
path = "/large"
respond = {{ text = "{large}" }}
[[route]]
path = "/plaintext"
respond = {{ text = "Hello, World!" }}
"""


@pytest.fixture(scope="module")
def order(tmp_path_factory):
    folder = tmp_path_factory.mktemp("order")
    with running(folder, ORDER.format(dir=folder, large="x" * 40000)) as daemon:
        yield daemon


def numbered(count, begin=0):
    return "".join(head(f"GET /to/{number} HTTP/1.1", "Host: example.com") for number in range(begin, begin + count))


def expect_numbered(connection, count, begin=0):
    for number in range(begin, begin + count):
        assert connection.answer()["Location"] == f"/{number}"


@pytest.mark.parametrize("depth", [1, 2, 16, 63, 64, 65, 128, 1000])
def test_H_18_deep_pipelines_are_answered_in_order(order, depth):
    for index in ADDRESSES:
        with order.connect(index) as connection:
            connection.send(numbered(depth))
            expect_numbered(connection, depth)
            expect_numbered(connection.send(numbered(1)), 1)


def test_H_18_small_and_large_answers_keep_their_order(order):
    """The large one leaves in a write of its own, behind what gathered before it."""
    for index in ADDRESSES:
        with order.connect(index) as connection:
            large = head("GET /large HTTP/1.1", "Host: example.com")
            connection.send((numbered(3) + large + large + numbered(70, 3) + POST) * 2)
            for _ in range(2):
                expect_numbered(connection, 3)
                assert [len(connection.answer().body) for _ in range(2)] == [40000, 40000]
                expect_numbered(connection, 70, 3)
                assert connection.answer().status == 200


@pytest.mark.parametrize("bad,status", [
    ("GET  / HTTP/1.1\r\n\r\n", 400), (head("GET /a HTTP/2.0", "Host: a"), 505), (head("GET /../a HTTP/1.1", "Host: a"), 400), (head("GET /a HTTP/1.1"), 400),
    (head("POST /to/9 HTTP/1.1", "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"), 400), (head("TRACE / HTTP/1.1", "Host: a"), 405),
])
def test_H_18_an_error_ends_the_pipeline(order, bad, status):
    for index in ADDRESSES:
        for depth in (1, 40, 63, 64, 65, 200):
            with order.connect(index) as connection:
                connection.send(numbered(depth) + bad + numbered(100, depth))
                expect_numbered(connection, depth)
                answer = connection.answer()
                assert (answer.status, answer["Connection"]) == (status, "close") and connection.ended() == "closed"


def test_H_18_every_split_of_a_pipeline_gives_the_same_answers(plain):
    post = head("POST /plaintext HTTP/1.1", "Host: example.com", "Content-Length: 5") + "hello"
    requests = GET + post + head("HEAD /users/7 HTTP/1.1", "Host: example.com") + GET
    methods = ("GET", "POST", "HEAD", "GET")
    with plain.connect(UNIX) as connection:
        for cut in [[cut] for cut in range(1, len(requests))] + [range(1, len(requests))]:
            connection.send_in_pieces(requests, cut)
            assert [connection.answer(method).status for method in methods] == [200] * 4
    for cut in range(1, len(requests), 17):
        with plain.connect(IPV4) as connection:
            connection.send_in_pieces(requests, [cut])
            assert [connection.answer(method).status for method in methods] == [200] * 4


def test_H_18_who_does_not_read_answers_is_not_read_from(order):
    """Neither answers nor requests pile up in the server: it stops taking them, and goes on when the client does."""
    with order.connect(UNIX) as connection:
        requests, sent = numbered(400_000).encode(), 0
        connection.socket.setblocking(False)
        while select.select([], [connection.socket], [], 0.5)[1]:
            sent += connection.socket.send(requests[sent : sent + 65536])
            assert sent < 4 << 20, "the server takes requests without end"
        connection.socket.settimeout(30)
        whole = requests[:sent].count(b"\r\n\r\n")
        expect_numbered(connection, whole)


def test_H_17_half_closed_clients_get_their_answers(plain):
    for index in ADDRESSES:
        with plain.connect(index) as connection:
            connection.send(GET * 3 + "GET /plain")
            connection.socket.shutdown(socket.SHUT_WR)
            assert [connection.answer().status for _ in range(3)] == [200] * 3
            assert connection.ended() == "closed"


@pytest.mark.parametrize("index", [IPV4, UNIX])
def test_H_20_a_client_that_goes_away_is_logged(start, tmp_path, index):
    root = tmp_path / "root"
    root.mkdir()
    (root / "large.bin").write_bytes(b"x" * (32 << 20))
    daemon = start(f'[listen.web]\naddress = ["127.0.0.1:0", "unix:{tmp_path}/web.sock"]\n[log.access]\nto = ["stdout"]\n'
                   f'[[route]]\npath = "/**"\nstatic = {{ root = "{root}" }}\n')
    with daemon.connect(index) as connection:
        connection.send("GET /large.bin HTTP/1.1\r\nHost: example.com\r\n\r\n").until(b"\r\n\r\n")
        if index == IPV4:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    assert daemon.stop() == 0, "and nothing holds up the drain"
    [line] = daemon.access_log()
    assert (line["status"], line["why"]) == (200, "client_closed") and line["bytes_out"] < 32 << 20


def test_H_32_keep_alive_is_for_1_0_only(plain):
    for fields in ("", "Connection: keep-alive\r\n", "Keep-Alive: timeout=5\r\n"):
        answer = plain.get("/plaintext", fields)
        assert answer["Connection"] is None or answer["Connection"].lower() == "keep-alive"
    assert plain.get("/plaintext")["Keep-Alive"] is None
    assert plain.get("/plaintext", "Connection: close\r\n")["Keep-Alive"] is None
    assert plain.ask(head("GET /plaintext HTTP/1.0"))["Keep-Alive"] is None, "the connection ends"
    kept = plain.ask(head("GET /plaintext HTTP/1.0", "Connection: keep-alive"))
    assert kept["Connection"] == "keep-alive" and re.fullmatch(r"timeout=[1-9]\d*", kept["Keep-Alive"] or "timeout=75")


@pytest.mark.parametrize("fields", [
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"],
    ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"], ["Upgrade: h2c", "Connection: upgrade"],
    ["Upgrade: websocket"], ["Connection: Upgrade"], ["Upgrade: TLS/1.2, HTTP/1.1", "Connection: keep-alive, Upgrade"], ["Upgrade:", "Connection: Upgrade"],
    ["Upgrade: websocket, h2c", "Connection: Upgrade"],
])
def test_H_33_an_upgrade_that_no_route_offers_is_ignored(plain, fields):
    accepted(plain, get(*fields))
    answer = plain.ask(get(*fields))
    assert answer["Upgrade"] is None and "upgrade" not in (answer["Connection"] or "").lower()
    accepted(plain, head("POST /plaintext HTTP/1.1", "Host: example.com", "Content-Length: 5", *fields) + "hello")
    assert plain.ask(head("GET /plaintext HTTP/1.0", *fields)).status == 200
    assert plain.get("/nowhere", "".join(field + "\r\n" for field in fields)).status == 404


def test_H_33_what_follows_an_ignored_upgrade_is_http(plain):
    refused(plain, "\x81\x85\x01\x02\x03\x04hello", 400)
    with plain.connect() as connection:
        connection.send(get("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__") + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + GET)
        assert connection.answer().status == 200 and connection.answer().status in (400, 505)
        assert connection.ended() == "closed"


TIMEOUTS = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/timeouts.sock"]
[log.access]
to = ["stdout"]
[limits]
header_timeout = "300ms"
keepalive_idle = "600ms"
body_idle = "300ms"
[[route]]
path = "/**"
respond = {{ text = "a" }}
"""


def test_H_35_idle_is_closed_silently_and_a_started_head_gets_408(start, tmp_path):
    daemon = start(TIMEOUTS.format(dir=tmp_path))
    silent = [daemon.connect(index) for index in (IPV4, UNIX)]
    served = [daemon.connect(index).send(GET) for index in (IPV4, UNIX)]
    content = [daemon.connect(index).send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 5") + "he") for index in (IPV4, UNIX)]
    started = [daemon.connect(index).send(GET + part) for index in (IPV4, UNIX) for part in ("G", "\r\n", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nX: \r\n\r")]
    dribbling = [daemon.connect(index).send("GET / HTTP/1.1\r\n") for index in (IPV4, UNIX)]
    for connection in started:
        assert connection.answer().status == 200
        answer = connection.answer()
        assert (answer.status, answer["Connection"], answer["Cache-Control"]) == (408, "close", "no-store") and connection.ended() == "closed"
    for connection in dribbling:
        connection.send("X: a\r\n")  # what comes late does not extend the time
        assert connection.answer().status == 408 and connection.ended() == "closed"
    for connection in served + content:
        assert connection.answer().status == 200 and connection.ended() == "closed", "no 408 where no request is under way"
    for connection in silent:
        assert connection.ended() == "closed"
    for connection in silent + served + content + started + dribbling:
        connection.socket.close()
    assert daemon.stop() == 0
    late = [line for line in daemon.access_log() if line["status"] != 200]
    assert len(late) == len(started) + len(dribbling) and {(line["status"], line["why"]) for line in late} == {(408, "header_timeout")}


def test_H_35_a_head_may_take_its_time_within_the_limit(plain):
    """One byte at a time is no reason for a refusal."""
    with plain.connect(UNIX) as connection:
        connection.send_in_pieces(GET * 2, range(1, 2 * len(GET)))
        assert [connection.answer().status for _ in range(2)] == [200, 200]
