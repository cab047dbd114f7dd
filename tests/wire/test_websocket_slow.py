"""Who reads slower than others publish: what waits, what is dropped, what still gets through (behaviour.md W-7, W-13)."""

import os
import threading
import time

import pytest
import ws
from cases import IPV4, UNIX
from hub import Events, Publisher, small_reader
from tls import Issuer
from ws import BINARY, CLOSE, PING, PONG, TEXT, begin

TLS = 2  # the third address it listens on
SIZE, WAITING, MANY = 30_000, 8, 400  # of a message; how many fit in the queue, to the byte; how many are published
CONFIG = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[listen.secure]
address = "127.0.0.1:0"
tls = true
{certificate}
[limits]
{limits}
[log.access]
to = []
[[route]]
path = "/live/:topic"
hub = {{ publish = "anyone", presence = true{hub} }}
ws = {{ message = "30000B", queue = "{queue}B", on_slow = "{on_slow}", close_timeout = "25s"{ws} }}
{more}
"""
FRAME = SIZE + 4  # with its head
EVENT = len("id: 1234567890123456\ndata: \n\n") + SIZE


@pytest.fixture(name="slow")
def with_a_policy(start, tmp_path):
    certificate = Issuer(tmp_path / "certs").make("main", "DNS:main.test").toml("main", "default = true")

    def begin_with(on_slow, queue=WAITING * FRAME, hub="", settings="", limits="", more=""):
        return start(CONFIG.format(dir=tmp_path, certificate=certificate, on_slow=on_slow, queue=queue, hub=hub, ws=settings, limits=limits,
                                   more=more))

    return begin_with


def numbered(number):
    return b"%06d" % number + b"x" * (SIZE - 6)


def publish(daemon, count=MANY):
    with Publisher(daemon.connect(UNIX)) as publisher:
        for number in range(count):
            publisher.post("/live/a", numbered(number))


def joined(daemon, index):
    """A subscriber that is there, which the first message shows."""
    client = begin(small_reader(daemon, index, index == TLS), "/live/a")
    with Publisher(daemon.connect(UNIX)) as publisher:
        publisher.post("/live/a", "joined")
    return client.expect(TEXT, "joined")


def read_to_the_mark(daemon, read):
    """What read() gives until it gives b"mark", which is published over and over: there may be no room for the first ones."""
    got, done = [], threading.Event()

    def reading():
        try:
            while (each := read()) != b"mark":
                got.append(each)
        finally:
            done.set()

    reader = threading.Thread(target=reading)
    reader.start()
    with Publisher(daemon.connect(UNIX)) as publisher:
        while not done.is_set():
            publisher.post("/live/a", "mark")
    reader.join()
    return got


def numbers(messages):
    messages = list(messages)
    for each in messages:
        assert each == numbered(int(each[:6]))
    return [int(each[:6]) for each in messages]


def payload_of(client):
    def read():
        got = client.frame()
        assert got.opcode == TEXT
        return got.payload

    return read


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
def test_W_13_drop_newest_gives_what_came_first(slow, index):
    daemon = slow("drop-newest")
    with joined(daemon, index) as client:
        publish(daemon)
        got = numbers(read_to_the_mark(daemon, payload_of(client)))
        assert got == list(range(len(got))) and WAITING - 1 <= len(got) < MANY, got


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
def test_W_13_drop_oldest_keeps_as_many_of_the_last_as_the_queue_holds(slow, index):
    daemon = slow("drop-oldest")
    with joined(daemon, index) as client:
        publish(daemon)
        got = numbers([payload_of(client)() for _ in range(WAITING - 1)])
        while got[-1] != MANY - 1:
            got += numbers([payload_of(client)()])
        assert got == sorted(set(got)) and got[0] == 0 and len(got) < MANY
        last = next(count for count in range(1, len(got)) if got[-count - 1] != MANY - 1 - count)
        assert last in (WAITING - 1, WAITING), f"to the byte: {got[-20:]}"


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
def test_W_13_close_1013_ends_with_it_and_others_go_on(slow, index):
    daemon = slow("close-1013")
    with joined(daemon, index) as client, begin(daemon.connect(), "/live/a") as quick:
        with Publisher(daemon.connect(UNIX)) as publisher:
            for number in range(MANY):
                publisher.post("/live/a", numbered(number))
                quick.expect(TEXT, numbered(number))
        got = []
        while (each := client.frame()).opcode == TEXT:
            got.append(each.payload)
        assert each.opcode == CLOSE and each.payload == b"\x03\xf5too slow", each
        assert numbers(got) == list(range(len(got))) and len(got) < MANY
        client.send(ws.close(1013))
        assert client.connection.ended() == "closed"
        assert daemon.get("/live/a").body == b'{"subscribers":1}\n'


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
@pytest.mark.parametrize("kind", ["session", "stream"])
def test_W_13_pause_producer_loses_nothing_and_whoever_posts_waits(slow, index, kind):
    daemon = slow("pause-producer", queue=WAITING * EVENT)
    if kind == "session":
        client = joined(daemon, index)
        read = payload_of(client)
    else:
        client = Events(small_reader(daemon, index, index == TLS), "/live/a")

        def read():
            return client.event().data
    with client:
        posting = threading.Thread(target=publish, args=(daemon,))
        posting.start()
        assert numbers([read()]) == [0]
        posting.join(1)
        assert posting.is_alive(), "more than the kernel and the queue have room for"
        assert numbers(read() for _ in range(MANY - 1)) == list(range(1, MANY))
        posting.join()


def test_W_13_pause_producer_goes_on_when_the_slow_one_leaves(slow):
    daemon = slow("pause-producer")
    with joined(daemon, UNIX) as quick:
        lazy = joined_beside(daemon, quick)
        posting = threading.Thread(target=publish, args=(daemon,))
        posting.start()
        first = payload_of(quick)()
        posting.join(0.5)
        assert posting.is_alive()
        lazy.connection.socket.close()
        assert numbers([first] + [payload_of(quick)() for _ in range(MANY - 1)]) == list(range(MANY))
        posting.join()


def joined_beside(daemon, other):
    client = begin(small_reader(daemon, UNIX), "/live/a")
    with Publisher(daemon.connect(UNIX)) as publisher:
        publisher.post("/live/a", "joined")
    other.expect(TEXT, "joined")
    return client.expect(TEXT, "joined")


def test_W_7_W_13_pongs_overtake_what_waits_and_the_latest_counts(slow):
    daemon = slow("drop-oldest")
    with joined(daemon, UNIX) as client:
        publish(daemon)
        for payload in (b"one", b"two", b"three"):
            client.send(ws.frame(PING, payload)).connection.taken()
        with Publisher(daemon.connect(UNIX)) as publisher:  # so that the worker has looked at what it has read
            publisher.post("/live/a", numbered(MANY))
        got = []
        while not got or got[-1].payload != numbered(MANY):
            got.append(client.frame())
        places = [place for place, each in enumerate(got) if each.opcode == PONG]
        assert [got[place].payload for place in places] == [b"three"], "the others were behind"
        assert len(got) - places[0] - 1 >= WAITING - 2, f"before what waits: {places} of {len(got)}"


def test_W_13_a_close_gets_through_a_full_queue(slow):
    daemon = slow("drop-newest")
    with joined(daemon, UNIX) as client:
        publish(daemon)
        client.send(ws.close(3333))
        got = []
        while (each := client.frame()).opcode == TEXT:
            got.append(each.payload)
        assert each.opcode == CLOSE and each.payload == b"\x0d\x05" and client.connection.ended() == "closed"
        assert numbers(got) == list(range(len(got)))


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
def test_W_13_drop_newest_of_a_stream(slow, index):
    daemon = slow("drop-newest", queue=WAITING * EVENT)
    with Events(small_reader(daemon, index, index == TLS), "/live/a") as events:
        publish(daemon)
        got = numbers(read_to_the_mark(daemon, lambda: events.event().data))
        assert got == list(range(len(got))) and WAITING <= len(got) < MANY


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
def test_W_13_drop_oldest_of_a_stream(slow, index):
    daemon = slow("drop-oldest", queue=WAITING * EVENT)
    with Events(small_reader(daemon, index, index == TLS), "/live/a") as events:
        publish(daemon)
        got = numbers([events.event().data])
        while got[-1] != MANY - 1:
            got += numbers([events.event().data])
        assert got == sorted(set(got)) and got[0] == 0 and len(got) < MANY
        last = next(count for count in range(1, len(got)) if got[-count - 1] != MANY - 1 - count)
        assert last == WAITING, f"to the byte: {got[-20:]}"


@pytest.mark.parametrize("index", [IPV4, UNIX, TLS], ids=["tcp", "unix", "tls"])
def test_W_13_a_slow_stream_ends_and_comes_back_for_the_rest(slow, index):
    """With close-1013 an event stream just ends: a page comes back by itself, and says what it has seen."""
    daemon = slow("close-1013", queue=WAITING * EVENT, hub=f", history = {MANY}")
    got, seen = [], None
    with Events(small_reader(daemon, index, index == TLS), "/live/a") as events:
        publish(daemon)
        while event := events.event():
            got.append(event.data)
            seen = event.id
    assert numbers(got) == list(range(len(got))) and 0 < len(got) < MANY
    rounds = 0
    while len(got) < MANY:
        assert (rounds := rounds + 1) < MANY
        with Events(daemon.connect(UNIX), "/live/a", f"Last-Event-ID: {seen}") as events:
            while len(got) < MANY and (event := events.event()):
                got.append(event.data)
                seen = event.id
    assert numbers(got) == list(range(MANY))


@pytest.mark.parametrize("on_slow", ["close-1013", "drop-newest", "drop-oldest", "pause-producer"])
@pytest.mark.parametrize("kind", ["session", "stream"])
def test_W_13_a_history_longer_than_the_queue_reaches_who_reads_it(slow, on_slow, kind):
    """It is kept in any case: a reader that keeps up is not slow."""
    daemon = slow(on_slow, queue=WAITING * EVENT, hub=f", history = {MANY}")
    publish(daemon)
    if kind == "session":
        client = begin(daemon.connect(UNIX), "/live/a")
        read = payload_of(client)
    else:
        client = Events(daemon.connect(UNIX), "/live/a")

        def read():
            return client.event().data
    with client:
        assert numbers(read() for _ in range(MANY)) == list(range(MANY))


@pytest.mark.parametrize("on_slow", ["close-1013", "drop-newest", "drop-oldest", "pause-producer"])
def test_W_13_the_longest_binary_message_fits_the_queue_of_a_stream(slow, on_slow):
    """As base64 it is longer than ws.message; the smallest queue that is accepted has to do."""
    daemon = slow(on_slow, queue=SIZE + 14)
    payload = bytes(range(256)) * (SIZE // 256)
    with Events(daemon.connect(), "/live/a") as events, Publisher(daemon.connect(UNIX)) as publisher:
        for _ in range(3):
            publisher.binary("/live/a", payload)
            event = events.event()
            assert event is not None, "the stream has ended"
            assert event.kind == "binary" and event.data == payload


def test_W_13_what_one_of_the_subscribers_sends_waits_for_the_slow_one(slow):
    """A producer over WebSocket is not read from while it is paused."""
    daemon = slow("pause-producer")
    with joined(daemon, UNIX) as lazy, begin(daemon.connect(UNIX), "/live/b") as aside:
        producer = begin(daemon.connect(UNIX), "/live/a")
        taken = []
        sending = threading.Thread(target=lambda: [producer.send(ws.text(numbered(number))) for number in range(MANY)])
        reading = threading.Thread(target=lambda: taken.extend(payload_of(producer)() for _ in range(MANY)))
        for thread in (sending, reading):
            thread.start()
        assert numbers([payload_of(lazy)()]) == [0]
        sending.join(0.5)
        assert sending.is_alive()
        aside.send(ws.text("other topics go on")).expect(TEXT, "other topics go on")
        assert numbers(payload_of(lazy)() for _ in range(MANY - 1)) == list(range(1, MANY))
        for thread in (sending, reading):
            thread.join()
        assert numbers(taken) == list(range(MANY))
        producer.leave()


def test_ws_queue_bounds_what_is_held(slow):
    """With a large one a slow reader gets what a small one would have dropped."""
    daemon = slow("drop-newest", queue=(MANY + 1) * FRAME)
    with joined(daemon, UNIX) as client:
        publish(daemon)
        assert numbers(payload_of(client)() for _ in range(MANY)) == list(range(MANY))
        client.send(ws.binary(b"anyone may")).expect(BINARY, b"anyone may").leave()


def open_files(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def await_open_files(daemon, count, patience=15):
    end = time.monotonic() + patience
    while open_files(daemon) != count:
        assert time.monotonic() < end, f"{open_files(daemon)} open files, not {count}"


def test_W_13_who_takes_nothing_at_all_is_cut_off_by_write_idle(slow):
    daemon = slow("drop-newest", limits='write_idle = "1s"')
    before = open_files(daemon)
    with joined(daemon, UNIX):
        publish(daemon)
        await_open_files(daemon, before)
        assert daemon.get("/live/a").body == b'{"subscribers":0}\n'


def test_W_10_a_silent_one_that_does_not_read_is_not_waited_for(slow):
    """1011, and TCP closed: what waits for it does not keep the connection."""
    daemon = slow("drop-newest", settings=', ping = "200ms", idle = "1s"')
    before = open_files(daemon)
    with joined(daemon, UNIX):
        publish(daemon)
        await_open_files(daemon, before)


def test_W_12_a_drain_ends_although_a_producer_waits_for_a_slow_reader(slow):
    daemon = slow("pause-producer", more='[drain]\ntimeout = "3s"\nws_spread = "0s"\n')
    posted = []

    def publish_until_it_ends():
        try:
            with Publisher(daemon.connect(UNIX)) as publisher:
                while True:
                    posted.append(publisher.post("/live/a", numbered(len(posted))))
        except (AssertionError, OSError):
            pass  # the server has ended

    with joined(daemon, UNIX):
        posting = threading.Thread(target=publish_until_it_ends)
        posting.start()
        posting.join(0.5)
        assert posting.is_alive()
        daemon.signal()
        assert daemon.wait() == 0
        posting.join()
        assert 0 < len(posted) < MANY


def test_W_13_a_producer_that_leaves_while_it_waits(slow):
    daemon = slow("pause-producer")
    with joined(daemon, UNIX) as lazy:
        for _ in range(3):
            with Publisher(daemon.connect(UNIX)) as publisher:
                publisher.connection.send(b"".join(publisher.request("/live/a", numbered(number)) for number in range(5)))  # fit the socket
        publish_one = threading.Thread(target=publish, args=(daemon, 1))
        publish_one.start()
        got = [payload_of(lazy)()]
        while len(got) < 4 or got[-1] != numbered(0):
            got.append(payload_of(lazy)())
        assert numbers(got)
        publish_one.join()
