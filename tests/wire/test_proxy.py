"""The reverse proxy, message by message (behaviour.md P-1 to P-17)."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

import ws
from upstream import Upstream, answers, ok
from wire import FLARED

CONFIG = """
[server]
workers = 1
{server}
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = ["stdout"]
[[route]]
path = "/**"
proxy = {{ to = "http://{to}"{options} }}
{route}
{more}
"""


POOL = """
[upstream.pool]
servers = [{servers}]
timeout = {{ first_byte = "300ms", connect = "300ms" }}
balance = "round_robin"
{more}
[[route]]
path = "/pool"
proxy = {{ to = "pool"{options} }}
"""


def pool_of(*addresses, options="", more=""):
    return POOL.format(servers=", ".join(f'{{ addr = "{each}" }}' for each in addresses), options=options, more=more)


@pytest.fixture
def proxied(start, tmp_path):
    """proxied(upstream, ...) gives a daemon that passes everything to it."""

    def begin(upstream, options="", route="", server="", more=""):
        return start(
            CONFIG.format(dir=tmp_path, to=upstream.address, options=options, route=route, server=server, more=more)
        )

    return begin


def seen_by(peer_requests):
    """A server that keeps what it was asked, and answers ok."""

    def serve(peer):
        while True:
            try:
                peer_requests.append(peer.request())
            except AssertionError:
                return  # the proxy has closed
            peer.send(ok())

    return serve


def names(asked):
    return [name.lower() for name, _ in asked.fields]


def test_P_1_hop_by_hop_fields_stay_on_their_hop(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream)
        daemon.get("/", "Connection: close, X-Mine, x-other\r\nX-Mine: 1\r\nX-Other: 2\r\nKeep-Alive: timeout=5\r\n"
                   "Proxy-Connection: keep-alive\r\nProxy-Authenticate: a\r\nProxy-Authorization: b\r\nTE: gzip, trailers\r\n"
                   "Trailer: X-T\r\nX-Kept: yes\r\n")
        daemon.get("/", "Connection: te\r\nTE: gzip\r\n")
    first, second = asked
    for name in ("x-mine", "x-other", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
                 "trailer", "upgrade", "transfer-encoding"):
        assert name not in names(first), name
    assert first["X-Kept"] == "yes" and first["TE"] == "trailers" and first["Connection"] == "TE"
    assert second["TE"] is None and second["Connection"] is None


def test_P_1_hop_by_hop_fields_of_the_answer(proxied):
    response = ok(fields="Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: x\r\nX-End: 2\r\n"
                         "Trailer: X-T\r\nUpgrade: h2c\r\n")
    with Upstream(answers(response)) as upstream:
        answer = proxied(upstream).get("/")
        assert answer["X-End"] == "2" and answer.body == b"ok"
        for name in ("X-Hop", "Keep-Alive", "Connection", "Proxy-Authenticate", "Trailer", "Upgrade"):
            assert answer[name] is None, name


@pytest.mark.parametrize("response,body", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n", b"hello"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    (b"HTTP/1.1 204 No Content\r\n\r\n", None),
    (b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", None),
    (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
])
def test_P_2_answers_are_framed_anew_and_the_connection_is_kept(proxied, response, body):
    with Upstream(answers(response, response)) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            for _ in range(2):
                client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
                answer = client.answer()
                assert answer.body == body
                assert answer["Transfer-Encoding"] is None or answer["Content-Length"] is None
        daemon.stop()
        assert upstream.connections == 1


def test_P_2_what_ends_with_its_connection_gets_a_length(proxied):
    """From HTTP/1.0, where it is short; in HTTP/1.1 it says that it streams."""
    def serve(peer):
        peer.send(peer.request().target[1:] + " 200 OK\r\n\r\nuntil ")
        peer.send(b"the end")

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        old, new = daemon.get("/HTTP/1.0"), daemon.get("/HTTP/1.1")
        assert old.body == b"until the end" and old["Content-Length"] == "13" and old["Transfer-Encoding"] is None
        assert new.body == b"until the end" and new["Transfer-Encoding"] == "chunked"


@pytest.mark.parametrize("fields", ["Content-Type: Text/Event-Stream; charset=utf-8", "X-Accel-Buffering: no"])
def test_P_2_what_is_to_stream_is_not_held_for_its_end(proxied, fields):
    def serve(peer):
        peer.request()
        peer.send(f"HTTP/1.0 200 OK\r\n{fields}\r\n\r\ndata: 1\n\n")

    with Upstream(serve) as upstream:
        answer = proxied(upstream).get("/")
        assert answer["Transfer-Encoding"] == "chunked" and answer.body == b"data: 1\n\n"


@pytest.mark.parametrize("first", [b"x" * 70_000, b"slow"], ids=["long", "slow"])
def test_P_2_what_is_long_or_slow_is_not_held_for_its_end(proxied, first):
    seen = threading.Event()

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\n" + first)
        assert seen.wait(30)
        peer.send(b"the end")

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert b"Transfer-Encoding: chunked" in client.until(b"\r\n\r\n")
            got = b""
            while len(got) < len(first):
                got += client.exactly(int(client.until(b"\r\n"), 16))
                assert client.exactly(2) == b"\r\n"
            seen.set()
            assert got + b"".join(client.chunks()) == first + b"the end"


def test_P_2_what_is_held_and_breaks_off_is_502(proxied):
    taken = threading.Event()

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nhalf of")
        taken.wait(0.1)
        peer.reset()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        assert daemon.get("/").status == 502
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == "upstream_closed"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("framing", ["", "Content-Length: 0\r\n"])
def test_P_2_an_empty_post_says_so(proxied, method, framing):
    """RFC 9110 §8.6: there are servers that answer 411 otherwise."""
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        assert proxied(upstream).get("/", framing, method=method).status == 200
    assert asked[0]["Content-Length"] == "0" and asked[0]["Transfer-Encoding"] is None


def test_P_2_content_that_turns_out_empty_says_so(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream, options=', buffer = "4KiB"')
        assert daemon.ask("PUT / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status == 200
        assert daemon.get("/").status == 200
    assert asked[0]["Content-Length"] == "0" and asked[1]["Content-Length"] is None


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_P_2_requests_are_framed_anew(proxied, framing):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream)
        content = "Content-Length: 5\r\n\r\nhello" if framing == "length" else "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
        assert daemon.ask(f"POST /x HTTP/1.1\r\nHost: example.com\r\n{content}").status == 200
    assert asked[0].content == b"hello"
    assert (asked[0]["Content-Length"], asked[0]["Transfer-Encoding"]) == (("5", None) if framing == "length" else (None, "chunked"))


def test_P_2_HEAD_keeps_the_length_and_has_no_content(proxied):
    def serve(peer):
        for _ in range(2):
            assert peer.request().method == "HEAD"
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            for _ in range(2):
                answer = client.send("HEAD / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer("HEAD")
                assert answer["Content-Length"] == "12345"
        daemon.stop()


def test_P_3_the_client_is_named_and_its_own_word_dropped(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        proxied(upstream).get("/", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example.net\r\n"
                              "X-Forwarded-Port: 1\r\nX-Real-IP: 192.0.2.9\r\nForwarded: for=192.0.2.7\r\n", host="example.com:8080")
    (first,) = asked
    assert first["X-Forwarded-For"] == "127.0.0.1" and first["X-Real-IP"] == "127.0.0.1"
    assert first["X-Forwarded-Proto"] == "http" and first["X-Forwarded-Host"] == "example.com:8080"
    assert first["Forwarded"] is None


def test_P_3_a_trusted_proxy_is_believed_up_to_the_boundary(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream, server='trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]')
        daemon.get("/", "X-Forwarded-For: 203.0.113.66, 192.0.2.1, 10.1.2.3\r\nX-Forwarded-Proto: https\r\n")
    (first,) = asked
    assert first["X-Forwarded-For"] == "192.0.2.1, 10.1.2.3, 127.0.0.1", "the list begins at the first untrusted one"
    assert first["X-Real-IP"] == "192.0.2.1" and first["X-Forwarded-Proto"] == "https"


def test_P_4_Forwarded(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        proxied(upstream, options=', forwarded = "rfc7239"').get("/")
    assert asked[0]["Forwarded"] == "for=127.0.0.1;proto=http;host=example.com"


@pytest.mark.parametrize("policy,expected", [("", "example.com"), (', host = "upstream"', None), (', host = "inner.example.net"', "inner.example.net")])
def test_P_5_host(proxied, policy, expected):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        proxied(upstream, options=policy).get("/")
        assert asked[0]["Host"] == (expected or upstream.address)


def test_P_5_a_unix_sockets_host_is_localhost(start, tmp_path):
    asked = []
    with Upstream(seen_by(asked), where=str(tmp_path / "app.sock")) as upstream:
        more = pool_of(upstream.address, options=', host = "upstream"')
        daemon = start(CONFIG.format(dir=tmp_path, to="127.0.0.1:1", options="", route="", server="", more=more))
        assert daemon.get("/pool").status == 200
    assert asked[0]["Host"] == "localhost"


def test_fields_are_edited_both_ways(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        route = 'headers = { request = { set = { X-Api = "1" }, unset = ["Cookie"] }, set = { X-Out = "2" }, unset = ["X-Gone"] }'
        answer = proxied(upstream, route=route).get("/", "x-api: forged\r\nCookie: a=b\r\n")
        assert answer["X-Out"] == "2"
    assert asked[0]["X-Api"] == "1" and asked[0]["Cookie"] is None


def test_P_6_via_and_loops(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream)
        daemon.get("/", "Via: 1.0 front\r\n")
        via = asked[0]["Via"]
        assert via.startswith("1.0 front, 1.1 flared")
        answer = daemon.get("/", f"Via: {via}\r\n")
        assert answer.status == 502 and len(asked) == 1
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == "loop"


def test_P_6_max_forwards(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream)
        assert daemon.get("/", "Max-Forwards: 0\r\n", method="OPTIONS").status in (200, 204) and not asked
        daemon.get("/", "Max-Forwards: 3\r\n", method="OPTIONS")
        assert asked[0]["Max-Forwards"] == "2"


@pytest.mark.parametrize("target", ["/a%2Fb/%C3%A4?x=%20y&&z", "/a%20b", "/a;b=c,d", "/a?", "/a?b=//c/../d"])
def test_P_7_the_target_is_passed_on_byte_for_byte(proxied, target):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        assert proxied(upstream).get(target).status == 200
    assert asked[0].target == target


@pytest.mark.parametrize("target,expected", [("/api/x/%2e%41", "/x/%2e%41"), ("/api", "/"), ("/api/", "/"), ("/api?q", "/?q"), ("/apix/y", "/apix/y"), ("/%61pi/x", "/x")])
def test_P_7_strip_prefix_at_a_segment(proxied, target, expected):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        proxied(upstream, options=', strip_prefix = "/api"').get(target)
    assert asked[0].target == expected


def test_P_8_httpoxy(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        proxied(upstream).get("/", "Proxy: http://evil.example.net/\r\n")
    assert asked[0]["Proxy"] is None


def test_P_9_connection_refused_is_502(proxied):
    upstream = Upstream(lambda peer: None)
    daemon = proxied(upstream)
    upstream.stop_listening()
    assert daemon.get("/").status == 502
    daemon.stop()
    assert daemon.access_log()[-1]["why"] == "upstream_connect"


def test_P_9_silence_is_504(proxied):
    def serve(peer):
        peer.request()
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream, options=', timeout = { first_byte = "200ms" }')
        began = time.monotonic()
        assert daemon.get("/").status == 504
        assert time.monotonic() - began >= 0.2
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == "upstream_first_byte"


@pytest.mark.parametrize("dripped,status,why", [
    (b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 1000, 504, "upstream_first_byte"),
    (b"HTTP/1.1 200 " + b"ever so good " * 1000, 504, "upstream_first_byte"),
    (b"no answer at all " * 1000, 502, "bad_status_line"),
], ids=["fields", "phrase", "garbage"])
def test_P_9_a_byte_at_a_time_is_504(proxied, dripped, status, why):
    """The limit is for the whole head; what is no answer is none at its first wrong byte."""
    over = threading.Event()

    def serve(peer):
        peer.request()
        for byte in dripped:
            if over.wait(0.01):
                return
            try:
                peer.send(bytes([byte]))
            except OSError:
                return  # the proxy has closed

    with Upstream(serve) as upstream:
        daemon = proxied(upstream, options=', timeout = { first_byte = "500ms" }')
        began = time.monotonic()
        assert daemon.get("/").status == status
        assert status == 502 or time.monotonic() - began >= 0.5
        over.set()
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == why


def full_listener():
    """A place to connect to that never lets anybody in: what it has room for is taken."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    clients = [socket.socket() for _ in range(4)]
    for client in clients:
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
    return listener, clients


def test_P_9_a_connection_that_never_comes_about_is_504(start, tmp_path):
    listener, clients = full_listener()
    to = "%s:%d" % listener.getsockname()
    with listener:
        daemon = start(CONFIG.format(dir=tmp_path, to=to, options="", route="", server="", more=pool_of(to)))
        began = time.monotonic()
        assert daemon.get("/pool").status == 504
        assert time.monotonic() - began >= 0.3
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == "upstream_connect_timeout"
    for client in clients:
        client.close()


@pytest.mark.parametrize("bad,why", [
    (b"garbage\r\n\r\n", "bad_status_line"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", None),
    (b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", None),
    (b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n", None),
    (b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", None),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", None),
    (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", None),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", None),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", None),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"Content-Length: 0\r\n\r\n", None),
    (b"", "upstream_closed"),
    (b"HTTP/1.1 200 OK\r\nContent-Le", "upstream_closed"),
])
def test_P_9_P_17_what_is_no_answer_is_502(proxied, bad, why):
    def serve(peer):
        peer.request()
        peer.send(bad)

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        answer = daemon.get("/")
        assert answer.status == 502 and b"garbage" not in answer.body
        daemon.stop()
        entry = daemon.access_log()[-1]
        assert entry["why"] == why or (why is None and entry["why"])


@pytest.mark.parametrize("head,sent", [
    (b"Content-Length: 100\r\n\r\n", b"x" * 50),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\n"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\nzz\r\n"),
])
@pytest.mark.parametrize("end", ["close", "reset"])
def test_P_10_an_upstream_that_dies_never_looks_complete(proxied, head, sent, end):
    taken = threading.Event()

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n" + head + sent)
        if end == "reset":
            assert taken.wait(30)
            peer.reset()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            client.until(b"\r\n\r\n")
            got = client.buffer
            while b"x" * 50 not in got and b"0123456789" not in got:
                assert client.more()
                got = client.buffer
            taken.set()
            try:
                while client.more():
                    pass
            except ConnectionResetError:
                pass
            assert not client.buffer.endswith(b"0\r\n\r\n") and len(client.buffer) < 100
        daemon.stop()
        assert daemon.access_log()[-1]["why"] in ("upstream_closed", "content_failed", "bad_chunk")


def test_P_11_a_client_that_leaves_ends_the_request_upstream(proxied):
    asked, gone = threading.Event(), threading.Event()

    def serve(peer):
        peer.request()
        asked.set()
        assert peer.gone() in ("closed", "reset")
        gone.set()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert asked.wait(30)
        assert gone.wait(30)


def test_P_11_while_an_answer_streams(proxied):
    gone = threading.Event()

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        assert peer.gone() in ("closed", "reset")
        gone.set()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").until(b"first")
        assert gone.wait(30)


def test_P_12_interim_answers(proxied):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: 1\r\n\r\n"

    def serve(peer):
        while True:
            try:
                peer.request()
            except AssertionError:
                return
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" + early + early + ok())

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            for _ in range(2):
                interim = client.answer()
                assert interim.status == 103 and interim["Link"] == "</a.css>; rel=preload" and interim["X"] is None
            assert client.answer().body == b"ok"
        with daemon.connect() as client:
            assert client.send("GET / HTTP/1.0\r\n\r\n").answer().status == 200, "HTTP/1.0 knows no interim answers"


def test_P_12_expect_continue(proxied):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            assert client.answer().status == 100
            assert client.send("abc").answer().status == 200
    assert asked[0].content == b"abc"


def test_P_13_each_piece_goes_on_at_once(proxied):
    turns = threading.Semaphore(0)

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            assert turns.acquire(timeout=30)
            peer.send(b"8\r\ndata: %d\n\r\n" % number)
        assert turns.acquire(timeout=30)
        peer.send(b"0\r\n\r\n")

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert b"200 OK" in client.until(b"\r\n\r\n"), "the head does not wait for content (P-21)"
            for number in range(3):
                turns.release()
                assert client.until(b"\n\r\n").endswith(b"data: %d" % number)
            turns.release()
            assert client.until(b"0\r\n\r\n") == b""


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


CHUNKED_POST = "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("buffer", ["", ', buffer = "5B"'])
def test_P_13_both_directions_at_once(proxied, buffer):
    """A server that answers while it reads: each piece of the answer comes before the next one of the question."""

    def serve(peer):
        asked = peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in peer.pieces(asked):
            peer.send(chunk(piece.upper()))
        assert asked.trailers == ["X-Sum: 3"]
        peer.send(b"0\r\n\r\n")
        assert peer.head().method == "GET", "the connection is whole"
        peer.send(ok())
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream, options=buffer)
        with daemon.connect() as client:
            client.send(CHUNKED_POST).send(chunk(b"first"))
            assert b"200 OK" in client.until(b"\r\n\r\n") and client.until(b"FIRST\r\n") == b"5\r\n"
            for piece in (b"second", b"third" * 1000):
                client.send(chunk(piece))
                assert client.until(piece.upper() + b"\r\n") == b"%x\r\n" % len(piece)
            client.send("0\r\nX-Sum: 3\r\n\r\n")
            assert client.until(b"0\r\n\r\n") == b""
        assert daemon.get("/").status == 200
        daemon.stop()
        assert upstream.connections == 1


def test_P_13_an_answer_does_not_wait_for_content(proxied):
    """The client sends nothing more before it has its answer, which ends the matter."""

    def serve(peer):
        peer.head()
        peer.send(ok(b"enough"))
        assert peer.gone() in ("closed", "reset"), "half a request: nothing can follow it"

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1000000\r\n\r\n")
            answer = client.answer()
            assert answer.status == 200 and answer.body == b"enough" and answer["Connection"] == "close"
        with daemon.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
            assert client.answer().status == 100
            assert client.answer().status == 200
        daemon.stop()


def send_until_blocked(client, total):
    """How much of so many bytes the other side takes, until it takes no more for a second."""
    sent, piece = 0, bytes(65536)
    client.socket.settimeout(1)
    try:
        while sent < total:
            sent += client.socket.send(piece[:total - sent])
    except TimeoutError:
        pass
    client.socket.settimeout(30)
    return sent


def test_P_14_an_early_refusal_is_passed_on(proxied):
    """From a server that reads no further, and does not close either, while the upload is stuck."""
    stuck, over = threading.Event(), threading.Event()

    def serve(peer):
        peer.head()
        assert stuck.wait(30)
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch")
        assert over.wait(30)

    total = 64 * 1024 * 1024
    with Upstream(serve) as upstream:
        daemon = proxied(upstream, route='limits.body = "1GiB"')
        with daemon.connect() as client:
            client.send(f"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: {total}\r\n\r\n")
            assert send_until_blocked(client, total) < total
            client.socket.settimeout(5)
            stuck.set()
            answer = client.answer()
            assert answer.status == 413 and answer.body == b"much"
        over.set()


@pytest.mark.parametrize("fault", ["server", "content"])
def test_P_13_an_answer_that_breaks_off_under_an_upload(proxied, fault):
    """The server dies, or the client's content is bad: either way the answer never looks complete."""

    def serve(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"begun"))
        assert peer.until(b"abc\r\n") == b"3\r\n"
        if fault == "server":
            peer.reset()
        else:
            assert peer.gone() in ("closed", "reset")

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send(CHUNKED_POST).until(b"begun\r\n")
            client.send(chunk(b"abc"))
            if fault == "content":
                client.send("zzz\r\n")
            assert client.ended() in ("closed", "reset")
        daemon.stop()


def test_P_11_a_client_that_leaves_in_the_midst_of_both(proxied):
    gone = threading.Event()

    def serve(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"begun"))
        peer.until(b"abc\r\n")
        assert peer.gone() in ("closed", "reset")
        gone.set()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send(CHUNKED_POST).send(chunk(b"abc")).until(b"begun\r\n")
        assert gone.wait(30)
        daemon.stop()


@pytest.mark.parametrize("fields", ["Content-Type: text/event-stream", "Content-Type: text/plain\r\nX-Accel-Buffering: no"])
def test_P_21_events_go_on_at_once_and_as_they_are(proxied, fields):
    turns = threading.Semaphore(0)

    def serve(peer):
        peer.request()
        peer.send(f"HTTP/1.1 200 OK\r\n{fields}\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            assert turns.acquire(timeout=30)
            peer.send(b"8\r\ndata: %d\n\r\n" % number)
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream, route="compress = true", options=', timeout = { first_byte = "1s" }')
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: gzip, br, zstd\r\n\r\n")
            head = client.until(b"\r\n\r\n")
            assert b"200 OK" in head and b"Content-Encoding" not in head
            for number in range(3):
                turns.release()
                assert client.until(b"\n\r\n").endswith(b"data: %d" % number)


def test_P_13_back_pressure_holds_the_upstream(proxied):
    """A client that does not read stops the server: what lies between them is bounded."""
    total = 256 * 1024 * 1024
    progress = {"sent": 0}
    stop = threading.Event()

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        peer.socket.settimeout(1)
        piece = b"x" * 65536
        try:
            while progress["sent"] < total and not stop.is_set():
                progress["sent"] += peer.socket.send(piece)
        except OSError:
            pass

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").until(b"\r\n\r\n")
            for thread in upstream.threads:
                thread.join(30)
            assert progress["sent"] < 64 * 1024 * 1024, "kernel buffers and no more"
        stop.set()


@pytest.mark.parametrize("answered", [False, True])
def test_P_13_back_pressure_holds_the_client(proxied, answered):
    """A server that does not read stops the client, whether it has answered or not."""
    over = threading.Event()

    def serve(peer):
        peer.head()
        if answered:
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert over.wait(30)

    total = 256 * 1024 * 1024
    with Upstream(serve) as upstream:
        daemon = proxied(upstream, route='limits.body = "1GiB"')
        with daemon.connect() as client:
            client.send(f"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: {total}\r\n\r\n")
            assert send_until_blocked(client, total) < 64 * 1024 * 1024, "kernel buffers and no more"
        over.set()


def test_P_14_a_request_streams_up(proxied):
    first, rest = threading.Event(), threading.Event()

    def serve(peer):
        asked = peer.head()
        assert asked["Content-Length"] == "10"
        assert peer.exactly(5) == b"01234"
        first.set()
        assert peer.exactly(5) == b"56789"
        peer.send(ok())
        rest.set()
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 10\r\n\r\n01234")
            assert first.wait(30), "what has come goes on before the rest is there"
            assert client.send("56789").answer().status == 200
        daemon.stop()


def test_P_15_a_kept_connection_that_was_closed_is_replaced(proxied):
    """The server closes as the second request comes: it is asked again on a new connection."""
    state = {"connections": 0}

    def serve(peer):
        state["connections"] += 1
        peer.request()
        peer.send(ok())
        if state["connections"] == 1:
            peer.request()
            peer.reset()
            return
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            for _ in range(2):
                assert client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().status == 200
        daemon.stop()
        assert state["connections"] == 2


def test_P_15_what_may_have_been_done_is_not_repeated(proxied):
    state = {"posts": 0}

    def serve(peer):
        peer.request()
        peer.send(ok())
        asked = peer.request()
        state["posts"] += asked.method == "POST"
        peer.reset()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            assert client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().status == 200
            client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1\r\n\r\nx")
            assert client.answer().status == 502
        daemon.stop()
        assert state["posts"] == 1 and upstream.connections == 1


def test_P_15_a_post_is_repeated_where_nothing_was_sent(start, tmp_path):
    asked = []
    with Upstream(lambda peer: None) as nobody, Upstream(seen_by(asked)) as upstream:
        more = pool_of(nobody.address, upstream.address, more="eject.errors = 0")
        nobody.stop_listening()
        daemon = start(CONFIG.format(dir=tmp_path, to=upstream.address, options="", route="", server="", more=more))
        for _ in range(4):  # whose turn it is, is the pool's choice
            answer = daemon.ask("POST /pool HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello")
            assert answer.status == 200
        assert [each.content for each in asked] == [b"hello"] * 4
        daemon.stop()
        assert 2 in [entry.get("attempts", 1) for entry in daemon.access_log()]


@pytest.mark.parametrize("interim,on,expected", [
    (b"", '["timeout"]', 200),
    (b"", '["connect"]', 504),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", '["timeout"]', 504),
], ids=["wanted", "unwanted", "told"])
def test_P_15_silence_is_repeated_where_that_is_wanted(start, tmp_path, interim, on, expected):
    """But never once the client has heard of the first one, a 103 included."""

    def silent(peer):
        peer.request()
        peer.send(interim)
        peer.gone()

    asked = []
    with Upstream(silent) as first, Upstream(seen_by(asked)) as second:
        more = pool_of(first.address, second.address, more=f"retry = {{ on = {on}, budget = '100%' }}\neject.errors = 0")
        daemon = start(CONFIG.format(dir=tmp_path, to=second.address, options="", route="", server="", more=more))
        statuses = set()
        for _ in range(4):
            with daemon.connect() as client:
                answer = client.send("GET /pool HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
                while answer.status == 103:
                    answer = client.answer()
                statuses.add(answer.status)
        assert statuses == {200, expected} and first.connections >= 1
        daemon.stop()


@pytest.mark.parametrize("last", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok leftover",
])
def test_P_16_connections_that_are_not_to_be_kept(proxied, last):
    def serve(peer):
        peer.request()
        peer.send(last)
        assert peer.gone() in ("closed", "reset")

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            for _ in range(2):
                assert client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().body == b"ok"
        daemon.stop()
        assert upstream.connections == 2


def test_P_1_trailers_that_frame_or_name_go_nowhere(proxied):
    """What a head would not get through does not behind the content: there are servers that put both together."""
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        route = 'headers.request = { unset = ["X-Unset"], set = { X-Set = "ours" } }'
        daemon = proxied(upstream, route=route)
        trailers = ("Content-Length: 3", "X-Forwarded-For: 192.0.2.1", "Proxy: http://evil.example.net/", "X-Unset: 1", "x-set: theirs",
                    "Host: evil.example.net", "X-Real-IP: 192.0.2.1", "Transfer-Encoding: chunked", "X-Hop: 1", "X-Check: 5")
        assert daemon.ask("POST / HTTP/1.1\r\nHost: example.com\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "1\r\na\r\n0\r\n" + "\r\n".join(trailers) + "\r\n\r\n").status == 200
    assert asked[0].trailers == ["X-Check: 5"]


def test_trailers_of_an_empty_answer(proxied):
    response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"
    with Upstream(answers(response, ok())) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\nTE: trailers\r\nConnection: TE\r\n\r\n").until(b"\r\n\r\n")
            assert client.until(b"\r\n\r\n") == b"0\r\nX-Sum: 1"
            assert client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().body == b"ok"
        daemon.stop()
        assert upstream.connections == 1


def test_trailers_go_both_ways(proxied):
    asked = []

    def serve(peer):
        asked.append(peer.request())
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nContent-Length: 3\r\n\r\n")
        peer.gone()

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: example.com\r\nTE: trailers\r\nConnection: TE\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Check: 5\r\n\r\n")
            client.until(b"\r\n\r\n")
            assert client.until(b"0\r\n").endswith(b"ok\r\n")
            assert client.until(b"\r\n\r\n") == b"X-Sum: 7"
        daemon.stop()
    assert asked[0].trailers == ["X-Check: 5"]


def test_W_16_upgrades_are_tunnelled(proxied):
    def serve(peer):
        asked = peer.head()
        assert asked["Upgrade"] == "websocket" and asked["Connection"] == "Upgrade"
        assert asked["Sec-WebSocket-Key"] == "dGhlIHNhbXBsZSBub25jZQ=="
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello")
        assert peer.exactly(5) == b"early"
        for _ in range(100):
            peer.send(peer.exactly(1000))
        assert peer.gone() == "closed"

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        for index in (0, 1):
            with daemon.connect(index) as client:
                client.send("GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly")
                answer = client.answer()
                assert answer.status == 101 and answer["Upgrade"] == "websocket" and answer["Connection"] == "Upgrade"
                assert answer["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
                assert client.exactly(5) == b"hello"
                for number in range(100):
                    piece = os.urandom(1000)
                    assert client.send(piece).exactly(1000) == piece
                client.socket.shutdown(socket.SHUT_WR)
                assert client.ended() == "closed"


def test_W_16_what_two_ends_agree_on_is_theirs(proxied):
    """101 comes after the server's and not before; extensions, subprotocol and compressed frames pass as they are."""
    asked, may_answer = [], threading.Event()
    frames = ws.text(ws.deflated(b"compressed by a client" * 9), rsv=ws.RSV1) + ws.frame(3, b"not even a frame", rsv=ws.RSV3)

    def serve(peer):
        asked.append(peer.head())
        assert may_answer.wait(30)
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: " + ws.ACCEPT.encode() + b"\r\nSec-WebSocket-Protocol: b\r\n"
                  b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n")
        assert peer.exactly(len(frames)) == frames
        peer.send(frames)
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.exactly(4) == b"more" and peer.gone() == "closed"

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        with daemon.connect() as client:
            client.send(ws.head("/chat", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: permessage-deflate, x-other; y=1",
                                "Origin: https://www.example.net"))
            client.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.more()  # nothing is promised in the server's place
            client.socket.settimeout(30)
            may_answer.set()
            answer = client.answer()
            assert answer.status == 101 and answer["Sec-WebSocket-Accept"] == ws.ACCEPT
            assert answer["Sec-WebSocket-Protocol"] == "b"
            assert answer["Sec-WebSocket-Extensions"] == "permessage-deflate; server_no_context_takeover"
            assert client.send(frames).exactly(len(frames)) == frames
            assert client.ended() == "closed", "the server's half"
            client.send("more").socket.shutdown(socket.SHUT_WR)
        daemon.stop()
    assert asked[0]["Sec-WebSocket-Protocol"] == "a, b" and asked[0]["Origin"] == "https://www.example.net"
    assert asked[0]["Sec-WebSocket-Extensions"] == "permessage-deflate, x-other; y=1" and asked[0]["Sec-WebSocket-Version"] == "13"


def test_W_16_a_refusal_is_the_servers_too(proxied):
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    with Upstream(answers(refusal)) as upstream:
        daemon = proxied(upstream)
        answer = daemon.ask(ws.head("/chat"))
        assert answer.status == 403 and answer.body == b"no"
        daemon.stop()


def test_W_16_a_tunnel_without_traffic_ends(proxied):
    def serve(peer):
        peer.head()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        assert peer.gone() in ("closed", "reset")

    with Upstream(serve) as upstream:
        daemon = proxied(upstream, options=', timeout = { tunnel_idle = "300ms" }')
        with daemon.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            assert client.answer().status == 101
            assert client.ended() in ("closed", "reset")


@pytest.mark.parametrize("fields", ["Connection: Upgrade\r\nUpgrade: h2c\r\n", "Upgrade: websocket\r\n"])
def test_upgrades_that_are_not_asked_for_or_are_http(proxied, fields):
    asked = []
    with Upstream(seen_by(asked)) as upstream:
        assert proxied(upstream).get("/", fields).status == 200
    assert asked[0]["Upgrade"] is None and asked[0]["Connection"] is None


def test_a_one_gibibyte_answer_grows_nothing(proxied):
    """1 GiB through a slow reader: less than 1 MiB of memory for it."""
    total = 1024 * 1024 * 1024

    def serve(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        piece = bytes(1024 * 1024)
        for _ in range(total // len(piece)):
            peer.send(piece)
        peer.gone()

    def resident(daemon):
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    with Upstream(serve) as upstream:
        daemon = proxied(upstream)
        assert daemon.process.poll() is None
        with daemon.connect() as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").until(b"\r\n\r\n")
            before, most, got = resident(daemon), 0, len(client.buffer)
            scratch = bytearray(65536)
            while got < total:
                count = client.socket.recv_into(scratch)
                assert count
                got += count
                if got % (64 * 1024 * 1024) < count:
                    most = max(most, resident(daemon))
        assert got == total
        slack = 32 if any(name in Path(FLARED).read_bytes() for name in (b"__asan_init", b"__tsan_init")) else 1
        assert most - before < 1024 * slack, f"{most - before} KiB"
        daemon.stop()
