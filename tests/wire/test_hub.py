"""The hub from outside: topics, subscribers of both kinds, order, history, compression."""

import json
import random
import threading

import pytest
import ws
from hub import await_presence, publisher_of, sse
from ws import BINARY, RSV1, TEXT, begin


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
