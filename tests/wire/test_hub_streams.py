"""Event streams of a hub: who gets one, its format, how it is kept alive, and how a drain ends it and sessions (W-12)."""

import base64
import os
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
import ws
from cases import UNIX
from conftest import running
from hub import CONFIG, Events, Publisher, await_presence, publisher_of, sse
from tls import Issuer, SecureConnection
from ws import CLOSE, TEXT, begin


# ---- the format of event streams


def test_events_of_any_text(hub):
    daemon = hub('publish = "anyone", history = 100')
    texts = ["one line", "two\nlines", "\n", "a\n\nb\n", " leading space", ": no comment", "id: 5", "event: x", "\0", "κόσμε 😀",
             "data: data", "x" * 60_000]
    with publisher_of(daemon) as publisher:
        ids = [publisher.post("/live/a", text)[0] for text in texts]
        assert publisher.post("/live/a", "a\r\nb\rc")
        number = publisher.binary("/live/a", bytes(range(256)))[0]
    with sse(daemon, "/live/a") as events:
        assert events.head["Content-Type"] == "text/event-stream"
        for text, expected in zip(texts, ids):
            event = events.event()
            assert (event.id, event.kind, event.data) == (expected, "message", text.encode())
        assert events.event().data == b"a\nb\nc", "a line ends there as well; which way is not kept"
        lines = events.block()
        assert lines == [b"id: %d" % number, b"event: binary", b"data: " + base64.b64encode(bytes(range(256)))]


@pytest.mark.parametrize("accept", ["text/event-stream", "text/html, Text/Event-Stream;q=0.5", "*/*, text/event-stream", "text/event-stream, */*;q=0"])
def test_who_names_event_streams_gets_one(hub, accept):
    daemon = hub('publish = "anyone", history = 1')
    with publisher_of(daemon) as publisher:
        publisher.post("/live/a", "kept")
    with Events(daemon.connect(), "/live/a", accept=accept) as events:
        assert events.event().data == b"kept"


@pytest.mark.parametrize("accept", ["*/*", "text/*", "text/event-stream;q=0", "text/html", ""])
def test_who_does_not_is_told_to_upgrade(hub, accept):
    daemon = hub()
    answer = daemon.get("/live/a", f"Accept: {accept}\r\n")
    assert answer.status == 426 and answer["Upgrade"] == "websocket" and answer["Sec-WebSocket-Version"] == "13"


def test_a_quiet_stream_gets_comments_and_lives(hub):
    """Longer than what holds for requests and slow readers."""
    limits = "\n".join(["[limits]", *(f'{key} = "1s"' for key in ("header_timeout", "body_idle", "write_idle", "keepalive_idle"))])
    daemon = hub('publish = "anyone"', session='ping = "300ms", idle = "900ms"', more=limits)
    with sse(daemon, "/live/a") as events:
        began = time.monotonic()
        for _ in range(10):
            events.comment()
        assert time.monotonic() - began > 2.5
        with publisher_of(daemon) as publisher:
            publisher.post("/live/a", "still there")
        assert events.event().data == b"still there"


def test_no_comments_where_none_are_wanted(hub):
    limits = "\n".join(["[limits]", *(f'{key} = "1s"' for key in ("header_timeout", "body_idle", "write_idle", "keepalive_idle"))])
    daemon = hub('publish = "anyone"', session='ping = "0s", idle = "0s"', more=limits)
    with sse(daemon, "/live/a") as events:
        events.connection.socket.settimeout(2.5)
        with pytest.raises(TimeoutError):
            events.block()
        events.connection.socket.settimeout(30)
        events.pieces = events.connection.chunks()
        Publisher(daemon.connect()).post("/live/a", "still there")
        assert events.event().data == b"still there"


def test_HEAD_of_a_stream_subscribes_nobody(hub):
    daemon = hub('publish = "anyone", presence = true')
    with daemon.connect() as connection:
        connection.send("HEAD /live/a HTTP/1.1\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n")
        head = connection.until(b"\r\n\r\n").decode()
        assert head.startswith("HTTP/1.1 200 ") and "Content-Type: text/event-stream" in head
        answer = connection.send("GET /live/a HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
        assert answer.body == b'{"subscribers":0}\n', "and the connection goes on"


def test_a_stream_over_http_1_0_ends_with_its_connection(hub):
    daemon = hub('publish = "anyone", history = 1')
    with publisher_of(daemon) as publisher, daemon.connect() as connection:
        publisher.post("/live/a", "kept")
        connection.send("GET /live/a HTTP/1.0\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n")
        head = connection.until(b"\r\n\r\n").decode()
        assert "Transfer-Encoding" not in head and "Connection: close" in head
        assert connection.until(b"\n\n").endswith(b"data: kept")


def test_a_stream_over_tls(hub, tmp_path):
    certificate = Issuer(tmp_path / "certs").make("main", "DNS:main.test").toml("main", "default = true")
    daemon = hub('publish = "anyone", presence = true', more=f'[listen.secure]\naddress = "127.0.0.1:0"\ntls = true\n{certificate}')
    with Events(SecureConnection(daemon.address(2)), "/live/a") as events, begin(SecureConnection(daemon.address(2)), "/live/a") as session:
        await_presence(daemon, "/live/a", 2)
        with Publisher(SecureConnection(daemon.address(2))) as publisher:
            for number in range(100):
                publisher.post("/live/a", f"{number}")
        for number in range(100):
            assert events.event().data == b"%d" % number
            session.expect(TEXT, f"{number}")


# ---- the end


def test_W_12_a_drain_ends_streams_and_sessions(hub):
    daemon = hub('publish = "anyone"', workers=2, more='[drain]\ntimeout = "25s"\nws_spread = "1s"\n')
    streams = [sse(daemon, "/live/a") for _ in range(20)]
    sessions = [begin(daemon.connect(), "/live/a") for _ in range(5)]
    moments = []

    def until_the_end(events):
        while (block := events.block()) is not None:
            assert block == [b":"]
        moments.append(time.monotonic())

    threads = [threading.Thread(target=until_the_end, args=(events,)) for events in streams]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    daemon.signal()
    for thread in threads:
        thread.join()
    for session in sessions:
        code, _ = session.close_frame()
        assert code == 1001
        session.send(ws.close(1001))
        assert session.connection.ended() == "closed"
    assert daemon.wait() == 0
    assert len(moments) == 20 and max(moments) - began > 0.4 and max(moments) - min(moments) > 0.3
    daemon.wait_for_log("drained")


@pytest.mark.parametrize("how", ["closes", "resets"])
@pytest.mark.parametrize("kind", ["session", "stream"])
def test_W_12_a_drain_is_over_when_the_last_subscriber_leaves(hub, kind, how):
    """By itself, before its moment: nobody waits for that, or for drain.timeout, then."""
    daemon = hub('publish = "anyone", history = 1', more='[drain]\ntimeout = "1m"\nws_spread = "50s"\n')
    publisher_of(daemon).post("/live/a", "x")
    clients = [begin(daemon.connect(), "/live/a") if kind == "session" else sse(daemon, "/live/a") for _ in range(3)]
    for client in clients:
        assert (client.message()[1] if kind == "session" else client.event().data) == b"x"
    daemon.signal()
    daemon.wait_for_log("draining")
    for client in clients:
        if how == "resets":
            client.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.connection.socket.close()
    began = time.monotonic()
    assert daemon.wait() == 0
    assert time.monotonic() - began < 10


def test_W_12_the_last_stream_leaves_as_the_drain_begins(tmp_path):
    """A worker that hears of both in one turn does not sleep until drain.timeout. Stopped meanwhile, it often does."""
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = CONFIG.format(dir=folder, hub='publish = "anyone", history = 1', ws="", workers=1, more='[drain]\ntimeout = "5s"\n')
        config = config.replace('to = ["stdout"]', "to = []")  # which wakes the worker now and then
        with running(folder, config) as daemon:
            publisher_of(daemon).post("/live/a", "x")
            events = sse(daemon, "/live/a", index=UNIX)
            assert events.event().data == b"x"
            daemon.signal(signal.SIGSTOP)
            while Path(f"/proc/{daemon.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "T":
                os.sched_yield()
            events.connection.socket.close()
            daemon.signal(signal.SIGTERM)
            daemon.signal(signal.SIGCONT)
            assert daemon.wait() == 0
            daemon.wait_for_log("drained: every connection ended by itself")


def test_W_12_no_new_streams_during_a_drain(hub):
    daemon = hub('publish = "anyone"', more='[drain]\ntimeout = "20s"\nws_spread = "0s"\n')
    request = "GET /live/a HTTP/1.1\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n"
    with begin(daemon.connect(), "/live/b", early=ws.text("x")) as keeps, daemon.connect(UNIX) as connection:
        keeps.expect(TEXT, "x")
        connection.send(request[:-2]).taken()
        daemon.signal()
        assert keeps.close_frame()[0] == 1001
        answer = connection.send(request[-2:]).answer()
        assert answer.status == 503 and answer["Retry-After"] is not None
        keeps.send(ws.close(1001))
    assert daemon.wait() == 0


def test_subscribers_that_vanish_leave_nothing(hub):
    """Resets, in the midst of deliveries, over two workers; who stays gets everything."""
    daemon = hub('publish = "anyone", presence = true, history = 4', workers=2)
    with begin(daemon.connect(), "/live/a") as stays, publisher_of(daemon) as publisher:
        await_presence(daemon, "/live/a", 1)
        for number in range(60):
            come = [begin(daemon.connect(), "/live/a") if number % 2 else sse(daemon, "/live/a") for _ in range(3)]
            publisher.post("/live/a", f"{number}")
            for client in come:
                client.connection.socket.close()
        for number in range(60):
            stays.expect(TEXT, f"{number}")
        await_presence(daemon, "/live/a", 1)
        got = stays.send(ws.close(1000)).frame()
        assert got.opcode == CLOSE
