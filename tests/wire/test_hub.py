"""The hub from outside: topics, subscribers of both kinds, history, ids, who may publish, limits, drain."""

import base64
import json
import os
import random
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
import ws
from cases import IPV4, UNIX
from conftest import running
from hub import Events, Publisher
from tls import Issuer, SecureConnection
from ws import BINARY, CLOSE, PING, RSV1, TEXT, begin

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


@pytest.fixture(name="hub")
def with_settings(start, tmp_path):
    """hub(settings) gives a daemon with a hub below /live."""

    def begin_with(settings='publish = "anyone"', session="", workers=1, more="", **environment):
        return start(CONFIG.format(dir=tmp_path, hub=settings, ws=session, workers=workers, more=more), **environment)

    return begin_with


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


# ---- topics, and who gets what


def test_subscribers_of_both_kinds_get_what_is_published_in_either_way(hub):
    daemon = hub('publish = "anyone", presence = true')
    with begin(daemon.connect(), "/live/a") as session, sse(daemon, "/live/a") as events, publisher_of(daemon) as publisher:
        await_presence(daemon, "/live/a", 2)
        number, subscribers = publisher.post("/live/a", "by POST")
        assert subscribers == 2
        session.expect(TEXT, "by POST")
        event = events.event()
        assert (event.id, event.kind, event.data) == (number, "message", b"by POST")
        session.send(ws.text("by WebSocket")).expect(TEXT, "by WebSocket")
        assert events.event().data == b"by WebSocket"
        session.send(ws.binary(b"\0\xff")).expect(BINARY, b"\0\xff")
        event = events.event()
        assert (event.kind, event.data) == ("binary", b"\0\xff")
        publisher.binary("/live/a", b"\xc0")
        session.expect(BINARY, b"\xc0")
        assert events.event().data == b"\xc0"
        publisher.post("/live/a", "")
        session.expect(TEXT, "")
        assert events.event().data == b""
        session.leave()


def test_topics_are_paths(hub):
    daemon = hub('publish = "anyone", presence = true')
    topics = ["/live/a", "/live/b", "/live/a/b", "/live/a/", "/live/A"]
    clients = [begin(daemon.connect(), topic) for topic in topics]
    for topic in topics:
        await_presence(daemon, topic, 1)
    with publisher_of(daemon) as publisher:
        for topic in topics:
            assert publisher.post(topic + "?query=is-not-part-of-it", topic)[1] == 1
        assert publisher.post("/live/%61", "the same path, written differently")[1] == 1
    for topic, client in zip(topics, clients):
        client.expect(TEXT, topic)
    clients[0].expect(TEXT, "the same path, written differently")
    for client in clients:
        client.leave()
    for topic in topics:
        await_presence(daemon, topic, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_order_is_the_same_for_all(hub, workers):
    """Many publish at once, by POST and by WebSocket, over several workers; each reader sees one and the same order."""
    daemon = hub('publish = "anyone", presence = true', workers=workers)
    sessions = [begin(daemon.connect(), "/live/a") for _ in range(6)]
    streams = [sse(daemon, "/live/a") for _ in range(6)]
    talkers = [begin(daemon.connect(), "/live/a") for _ in range(3)]
    await_presence(daemon, "/live/a", 15)
    each, receipts, seen = 60, {}, [[] for _ in range(15)]
    total = each * 6

    def post(name):
        with publisher_of(daemon) as publisher:
            for number in range(each):
                receipts[f"{name}.{number}".encode()] = publisher.post("/live/a", f"{name}.{number}")

    def talk(client, name):
        for number in range(each):
            client.send(ws.text(f"{name}.{number}"))

    def listen(client, into):
        into.extend(client.message()[1] for _ in range(total))

    def follow(events, into):
        into.extend(events.event() for _ in range(total))

    threads = [threading.Thread(target=listen, args=pair) for pair in zip(sessions + talkers, seen[:9])]
    threads += [threading.Thread(target=follow, args=pair) for pair in zip(streams, seen[9:])]
    threads += [threading.Thread(target=post, args=(f"p{i}",)) for i in range(3)]
    threads += [threading.Thread(target=talk, args=(talker, f"t{i}")) for i, talker in enumerate(talkers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = seen[0]
    assert len(set(order)) == total
    for other in seen[1:9]:
        assert other == order
    for stream in seen[9:]:
        assert [event.data for event in stream] == order
        ids = [event.id for event in stream]
        assert ids == sorted(set(ids)) and ids == [event.id for event in seen[9]]
    numbers = {event.data: event.id for event in seen[9]}
    assert all(numbers[name] == receipt[0] and receipt[1] == 15 for name, receipt in receipts.items())
    for name in ("p0", "p1", "p2", "t0", "t1", "t2"):
        assert [x for x in order if x.startswith(name.encode())] == [f"{name}.{i}".encode() for i in range(each)]


# ---- history


def test_history_comes_first_then_what_is_new(hub):
    daemon = hub('publish = "anyone", history = 3')
    with publisher_of(daemon) as publisher:
        ids = [publisher.post("/live/a", f"{i}")[0] for i in range(5)]
        publisher.post("/live/b", "another's")
        with begin(daemon.connect(), "/live/a") as session, sse(daemon, "/live/a") as events:
            for i in (2, 3, 4):
                session.expect(TEXT, f"{i}")
                event = events.event()
                assert (event.id, event.data) == (ids[i], b"%d" % i)
            publisher.post("/live/a", "new")
            session.expect(TEXT, "new")
            assert events.event().data == b"new"


def test_no_history_by_default(hub):
    daemon = hub('publish = "anyone", presence = true')
    with publisher_of(daemon) as publisher:
        publisher.post("/live/a", "gone")
        with begin(daemon.connect(), "/live/a") as session, sse(daemon, "/live/a") as events:
            await_presence(daemon, "/live/a", 2)
            publisher.post("/live/a", "new")
            session.expect(TEXT, "new")
            assert events.event().data == b"new"


@pytest.mark.parametrize("how", ["Last-Event-ID", "since"])
@pytest.mark.parametrize("kind", ["session", "stream"])
def test_what_came_behind_an_id(hub, how, kind):
    daemon = hub('publish = "anyone", history = 100')
    with publisher_of(daemon) as publisher:
        ids = [publisher.post("/live/a", f"{i}")[0] for i in range(10)]
        for after, first in ((ids[3], 4), (ids[0], 1), (ids[9], 10), (ids[9] + 1, 10), (ids[4] - 1, 4), (0, 0), ("x", 0), ("", 0), (-1, 0)):
            target = f"/live/a?x=1&since={after}" if how == "since" else "/live/a"
            fields = [f"Last-Event-ID: {after}"] if how != "since" else []
            with begin(daemon.connect(), target, *fields) if kind == "session" else sse(daemon, target, *fields) as client:
                for number in range(first, 10):
                    if kind == "session":
                        client.expect(TEXT, f"{number}")
                    else:
                        assert client.event().data == b"%d" % number
                if kind == "session":  # nothing but that
                    client.leave()


def test_the_field_counts_more_than_the_query(hub):
    """A page's stream that comes back says the field, and still has the query that it began with."""
    daemon = hub('publish = "anyone", history = 100')
    with publisher_of(daemon) as publisher:
        ids = [publisher.post("/live/a", f"{i}")[0] for i in range(3)]
    with sse(daemon, f"/live/a?since={ids[0]}", f"Last-Event-ID: {ids[1]}") as events:
        assert events.event().data == b"2"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["session", "stream"])
def test_no_gap_and_no_repetition_while_a_publisher_goes_on(hub, workers, kind):
    daemon = hub('publish = "anyone", history = 10000', workers=workers)
    stop, ids = threading.Event(), []

    def publish():
        with publisher_of(daemon) as publisher:
            while not stop.is_set():
                ids.append(publisher.post("/live/a", f"{len(ids)}")[0])

    posting = threading.Thread(target=publish)
    posting.start()
    chance = random.Random(5)
    try:
        for _ in range(30):
            known = len(ids)
            after = chance.randrange(known) if known else None
            fields = [] if after is None else [f"Last-Event-ID: {ids[after]}"]
            first = 0 if after is None else after + 1
            client = begin(daemon.connect(), "/live/a", *fields) if kind == "session" else sse(daemon, "/live/a", *fields)
            with client:
                for number in range(first, max(known, first) + 25):
                    got = client.message()[1] if kind == "session" else client.event().data
                    assert got == b"%d" % number
    finally:
        stop.set()
        posting.join()


def test_history_bytes_bounds_what_is_kept(hub):
    daemon = hub('publish = "anyone", history = 1000, history_bytes = "10KiB"')
    with publisher_of(daemon) as publisher:
        for number in range(30):
            publisher.post("/live/a", f"{number:04}" + "x" * 996)
        with sse(daemon, "/live/a") as events:
            kept = [events.event()]
            publisher.post("/live/a", "the end")
            while kept[-1].data != b"the end":
                kept.append(events.event())
        numbers = [int(event.data[:4]) for event in kept[:-1]]
        assert numbers == list(range(numbers[0], 30)) and 9 <= len(numbers) <= 10, numbers


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


# ---- who may publish


def test_the_token_lets_publish(hub):
    daemon = hub('publish_token = "@env:HUB_TOKEN", presence = true', HUB_TOKEN=TOKEN)
    with begin(daemon.connect(), "/live/a") as session, publisher_of(daemon, TOKEN) as publisher:
        await_presence(daemon, "/live/a", 1)
        number, subscribers = publisher.post("/live/a", "with the token")
        assert number > 0 and subscribers == 1
        session.expect(TEXT, "with the token")
        for scheme in ("bearer", "BEARER"):
            assert publisher_of(daemon).ask("/live/a", "x", f"Authorization: {scheme} {TOKEN}").status == 200
            session.expect(TEXT, "x")
        with begin(daemon.connect(), "/live/a", f"Authorization: Bearer {TOKEN}") as talker:
            talker.send(ws.text("me too")).expect(TEXT, "me too")
            session.expect(TEXT, "me too")
            talker.leave()


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer x{TOKEN[1:]}",
                                           TOKEN, f"Basic {TOKEN}", f"Bearer{TOKEN}", f"Bearer {TOKEN.upper()}", "Bearer \"\""])
def test_without_the_token_401_and_1008(hub, authorization):
    daemon = hub(f'publish_token = "{TOKEN}", history = 5')
    fields = [f"Authorization: {authorization}"] if authorization is not None else []
    answer = publisher_of(daemon).ask("/live/a", "x", *fields)
    assert answer.status == 401 and answer["WWW-Authenticate"] == "Bearer"
    with begin(daemon.connect(), "/live/a", *fields) as reader, publisher_of(daemon, TOKEN) as publisher:
        publisher.post("/live/a", "first")
        reader.expect(TEXT, "first")  # reading it may
        reader.send(ws.frame(PING)).expect(ws.PONG)
        reader.send(ws.text("y"))
        code, _ = reader.close_frame()
        assert code == 1008
        reader.send(ws.close(1008))
        assert reader.connection.ended() == "closed"
        with sse(daemon, "/live/a") as events:
            publisher.post("/live/a", "last")
            assert [events.event().data for _ in range(2)] == [b"first", b"last"], "neither x nor y was published"
    assert (401, "hub_token") in statuses(daemon)


def test_anyone_may_publish(hub):
    daemon = hub()
    assert publisher_of(daemon).post("/live/a", "x")[1] == 0
    assert publisher_of(daemon).ask("/live/a", "x", "Authorization: Bearer whatever").status == 200
    with begin(daemon.connect(), "/live/a") as session:
        session.send(ws.text("y")).expect(TEXT, "y").leave()


# ---- other methods and contents


def test_methods(hub):
    daemon = hub('publish = "anyone", presence = true')
    for method in ("DELETE", "PUT", "PATCH"):
        answer = daemon.get("/live/a", "Content-Length: 0\r\n", method=method)
        assert answer.status == 405 and {"GET", "HEAD", "POST", "OPTIONS"} == set(answer["Allow"].split(", "))
    answer = daemon.get("/live/a", method="OPTIONS")
    assert answer.status == 204 and {"GET", "HEAD", "POST", "OPTIONS"} == set(answer["Allow"].split(", "))
    assert daemon.get("/live/a").body == b'{"subscribers":0}\n'
    assert daemon.get("/live/a", method="HEAD").status == 200


def test_presence_counts_subscribers_of_both_kinds(hub):
    daemon = hub('publish = "anyone", presence = true', workers=2)
    assert presence(daemon, "/live/a") == 0
    clients = [begin(daemon.connect(), "/live/a") for _ in range(4)] + [sse(daemon, "/live/a") for _ in range(4)]
    await_presence(daemon, "/live/a", 8)
    assert presence(daemon, "/live/b") == 0
    for left, client in zip(range(7, -1, -1), clients):
        client.connection.socket.close()
        await_presence(daemon, "/live/a", left)


def test_what_is_posted_is_text_in_utf_8_unless_it_says_otherwise(hub):
    daemon = hub('publish = "anyone", history = 10')
    publisher = publisher_of(daemon)
    for bad in (b"\xff", b"cut \xe2\x82", b"\xed\xa0\x80"):
        for kind in ([], ["Content-Type: text/plain"], ["Content-Type: application/json"]):
            assert publisher.ask("/live/a", bad, *kind).status == 400
        for kind in ("application/octet-stream", "Application/Octet-Stream", "application/octet-stream; x=y"):
            assert publisher.ask("/live/a", bad, f"Content-Type: {kind}").status == 200, kind
    publisher.post("/live/a", "text")
    with sse(daemon, "/live/a") as events:
        assert [events.event().kind for _ in range(10)] == ["binary"] * 9 + ["message"]


def test_ws_message_bounds_what_is_posted_and_sent(hub):
    daemon = hub(session='message = "1000B"')
    with begin(daemon.connect(), "/live/a") as session, publisher_of(daemon) as publisher:
        session.send(ws.text("x" * 1000)).expect(TEXT, "x" * 1000)
        publisher.post("/live/a", "y" * 1000)
        session.expect(TEXT, "y" * 1000)
        assert publisher_of(daemon).ask("/live/a", "y" * 1001).status == 413
        session.send(ws.frame_head(TEXT, 1001)).closes(1009)


def test_a_chunked_post(hub):
    daemon = hub('publish = "anyone", history = 1')
    answer = daemon.ask("POST /live/a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert answer.status == 200
    with sse(daemon, "/live/a") as events:
        assert events.event().data == b"abcde"


# ---- limits


def test_hub_topics_bounds_how_many_are_in_use(hub):
    daemon = hub('publish = "anyone", topics = 2, presence = true')
    first, second = begin(daemon.connect(), "/live/a"), sse(daemon, "/live/b")
    await_presence(daemon, "/live/b", 1)
    for request in (ws.head("/live/c"), "GET /live/c HTTP/1.1\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n"):
        answer = daemon.ask(request)
        assert answer.status == 503 and answer["Retry-After"] is not None
    assert publisher_of(daemon).ask("/live/c", "x").status == 503
    assert publisher_of(daemon).post("/live/b", "those that exist go on")[1] == 1
    assert second.event().data == b"those that exist go on"
    first.leave()
    await_presence(daemon, "/live/a", 0)
    begin(daemon.connect(), "/live/c").leave()
    second.connection.socket.close()
    assert statuses(daemon).count((503, "hub_topics")) == 3


def test_hub_topics_of_those_with_a_history_the_oldest_make_room(hub):
    daemon = hub('publish = "anyone", topics = 2, history = 5')
    with publisher_of(daemon) as publisher:
        for topic in ("a", "b", "c"):
            publisher.post(f"/live/{topic}", topic)
        with sse(daemon, "/live/c") as events:
            assert events.event().data == b"c"
        with sse(daemon, "/live/b") as events:
            assert events.event().data == b"b"


def test_hub_subscribers_bounds_those_of_a_topic(hub):
    daemon = hub('publish = "anyone", subscribers = 2, presence = true', workers=2)
    clients = [begin(daemon.connect(), "/live/a"), sse(daemon, "/live/a")]
    await_presence(daemon, "/live/a", 2)
    for request in (ws.head("/live/a"), "GET /live/a HTTP/1.1\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n"):
        answer = daemon.ask(request)
        assert answer.status == 503 and answer["Retry-After"] is not None
    begin(daemon.connect(), "/live/b").leave()
    assert publisher_of(daemon).post("/live/a", "x")[1] == 2
    clients[0].expect(TEXT, "x").leave()
    await_presence(daemon, "/live/a", 1)
    begin(daemon.connect(), "/live/a").leave()
    clients[1].connection.socket.close()
    assert statuses(daemon).count((503, "hub_subscribers")) == 2


def test_a_bad_handshake_is_told_so_although_the_topic_is_full(hub):
    """It would not have been let in anyway, and is not to come again in a second."""
    daemon = hub('publish = "anyone", subscribers = 1, presence = true')
    with begin(daemon.connect(), "/live/a"):
        await_presence(daemon, "/live/a", 1)
        for fields, status in (("Upgrade: websocket\r\nConnection: Upgrade\r\n", 400),
                               ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n", 426)):
            assert daemon.get("/live/a", fields).status == status
        assert daemon.ask(ws.head("/live/a", "Origin: https://evil.example.net")).status == 403


# ---- origins, subprotocols


def test_W_3_origins_of_a_hub(hub):
    daemon = hub('publish = "anyone", origins = ["https://www.example.com"], origin_required = true, subprotocols = ["x.v1"]')
    for origin, status in (("https://www.example.com", 101), ("http://example.com", 403), (None, 403)):
        fields = [f"Origin: {origin}"] if origin else []
        answer = daemon.ask(ws.head("/live/a", "Sec-WebSocket-Protocol: y, x.v1", *fields))
        assert answer.status == status and answer["Sec-WebSocket-Protocol"] == ("x.v1" if status == 101 else None)
    assert statuses(daemon) == [(101, None), (403, "ws_origin"), (403, "ws_origin")]


# ---- compression


def test_W_14_compressed_delivery_is_the_same(hub):
    """One compressed frame for all who want it so, with windows of any size; nobody has a context of their own."""
    daemon = hub('publish = "anyone", deflate = true, history = 100', workers=2)
    offers = ["permessage-deflate", "permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=12", None]
    clients = [begin(daemon.connect(), "/live/a", *([f"Sec-WebSocket-Extensions: {offer}"] if offer else [])) for offer in offers * 3]
    for client, offer in zip(clients, offers * 3):
        answer = client.handshake["Sec-WebSocket-Extensions"]
        assert (answer is None) == (offer is None)
        assert offer is None or {"server_no_context_takeover", "client_no_context_takeover"} <= set(answer.split("; "))
    messages = ["short", "the same again and again. " * 200, "x" * 60_000, json.dumps(list(range(5000))), "κόσμε" * 500]
    with publisher_of(daemon) as publisher:
        for message in messages:
            publisher.post("/live/a", message)
    late = begin(daemon.connect(), "/live/a", "Sec-WebSocket-Extensions: permessage-deflate")
    for client, offer in zip([*clients, late], [*offers * 3, "late"]):
        for message in messages:
            got = client.frame()
            assert (got.rsv == RSV1) == (offer is not None and len(message) >= 64)
            payload = ws.zlib.decompressobj(wbits=-15).decompress(got.payload + ws.TAIL) if got.rsv else got.payload
            assert payload == message.encode()
            assert not got.rsv or len(got.payload) < len(message)
        client.leave()


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
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = CONFIG.format(dir=folder, hub='publish = "anyone", history = 1', ws="", workers=1, more='[drain]\ntimeout = "5s"\n')
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
