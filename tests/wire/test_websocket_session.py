"""How long a WebSocket lives: keepalive, the end, a drain, readers that are slow (behaviour.md W-9 to W-13)."""

import socket
import threading
import time

import pytest
import ws
from hub import small_reader
from ws import BINARY, CLOSE, PING, PONG, TEXT, begin

CONFIG = """
[server]
workers = {workers}
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[limits]
{limits}
[log.access]
to = ["stdout"]
[[route]]
path = "/plain"
respond = {{ text = "plain" }}
[[route]]
path = "/echo"
websocket = {{ echo = true }}
ws = {{ {ws} }}
{more}
"""


@pytest.fixture(name="echo")
def with_settings(start, tmp_path):
    """echo(ws) gives a daemon whose /echo has these settings."""

    def begin_with(settings="", limits="", workers=1, more=""):
        return start(CONFIG.format(dir=tmp_path, ws=settings, limits=limits, workers=workers, more=more))

    return begin_with


# ---- keepalive


def test_W_10_pings_keep_alive_who_answers(echo):
    daemon = echo('ping = "200ms", idle = "1s"')
    with begin(daemon.connect()) as client:
        began = time.monotonic()
        for _ in range(10):
            client.expect(PING).send(ws.frame(PONG))
        took = time.monotonic() - began
        assert took > 1.9, f"{took} s, twice what idle allows"
        client.send(ws.text("still here")).expect(TEXT, "still here").leave()


def test_W_10_messages_keep_alive_too_and_make_pings_needless(echo):
    daemon = echo('ping = "1500ms", idle = "2s"')
    with begin(daemon.connect()) as client:
        end = time.monotonic() + 3
        while time.monotonic() < end:  # at its own pace: each answer is waited for
            client.send(ws.text("busy")).expect(TEXT, "busy")
        client.leave()


@pytest.mark.parametrize("silent_after", ["the handshake", "a message", "a part of a frame"])
def test_W_10_who_is_silent_is_told_and_cut(echo, silent_after):
    daemon = echo('ping = "200ms", idle = "700ms"')
    with begin(daemon.connect()) as client:
        if silent_after == "a message":
            client.send(ws.text("one")).expect(TEXT, "one")
        elif silent_after == "a part of a frame":
            client.send(ws.text("not the whole of it")[:9])
        began, pings = time.monotonic(), 0
        while (got := client.frame()).opcode == PING:
            pings += 1
        assert got.opcode == CLOSE and got.payload == b"\x03\xf3ping timeout", got
        assert client.connection.ended() == "closed", "nobody waits for an answer"
        assert time.monotonic() - began > 0.6 and pings in (1, 2, 3)


def test_W_10_a_message_under_way_is_no_silence(echo):
    """Bytes count, not only whole frames: one comes after each ping, and no pong at all."""
    daemon = echo('ping = "200ms", idle = "1s"')
    whole = ws.text("slowly")
    with begin(daemon.connect()) as client:
        for at in range(len(whole)):
            client.expect(PING).send(whole[at:at + 1])
        client.expect(TEXT, "slowly").leave()


def test_W_10_no_ping_and_no_end_where_none_are_wanted(echo):
    """Nor do the limits of requests hold for a session."""
    daemon = echo('ping = "0s", idle = "0s"', limits="\n".join(f'{key} = "1s"' for key in (
        "header_timeout", "body_idle", "write_idle", "keepalive_idle", "keepalive_age")))
    with begin(daemon.connect()) as client:
        client.patience(2.5)
        with pytest.raises(socket.timeout):
            client.frame()
        client.patience().send(ws.text("hello")).expect(TEXT, "hello").leave()


def test_W_10_who_was_not_read_from_was_not_silent(echo):
    """A client that sends a lot and reads late: the server stopped reading meanwhile, longer than `idle`."""
    daemon = echo('message = "1MiB", ping = "100ms", idle = "300ms"')
    payload, rounds = b"z" * 1_000_000, 40
    connection = small_reader(daemon)
    with begin(connection) as client:
        sender = threading.Thread(target=client.send, args=(ws.binary(payload) * rounds + ws.text("the end"),))
        sender.start()
        sender.join(1)
        assert sender.is_alive(), "the ways are full"
        got, messages = client.frame(), 0
        while got.opcode != TEXT:
            assert got.opcode in (BINARY, PING) and (got.opcode == PING or got.payload == payload), got
            messages += got.opcode == BINARY
            got = client.frame()
        sender.join()
        assert messages == rounds


# ---- the end


def test_W_11_the_server_closes_first(echo):
    """Its FIN comes although ours never does."""
    daemon = echo()
    with begin(daemon.connect()) as client:
        client.send(ws.close(1000)).closes(1000)


def test_W_11_who_breaks_a_rule_can_read_why_although_it_goes_on_sending(echo):
    daemon = echo()
    with begin(daemon.connect()) as client:
        client.send(ws.frame(3) + ws.binary(b"x" * 60000) * 4)
        client.closes(1002)


def test_W_11_an_end_without_a_close_frame(echo):
    daemon = echo()
    with begin(daemon.connect()) as client:
        client.send(ws.text("hello")).expect(TEXT, "hello")
        client.connection.socket.shutdown(socket.SHUT_WR)
        assert client.connection.ended() in ("closed", "reset")
    assert begin(daemon.connect()).leave() is None, "and the server goes on"


def test_W_11_close_timeout_for_who_does_not_answer_a_close(echo):
    daemon = echo('close_timeout = "300ms"', more='[drain]\ntimeout = "20s"\nws_spread = "0s"\n')
    with begin(daemon.connect()) as client:
        client.send(ws.text("hello")).expect(TEXT, "hello")
        began = time.monotonic()
        daemon.signal()
        assert client.close_frame()[0] == 1001
        said = time.monotonic()
        assert client.connection.ended() in ("closed", "reset")
        ended = time.monotonic()
        assert 0.25 < ended - began and ended - said < 10, f"{ended - said} s"
        assert daemon.wait() == 0
    daemon.wait_for_log("drained")


def test_W_11_until_then_the_answer_is_waited_for(echo):
    """What comes before it is not answered any more."""
    daemon = echo('close_timeout = "20s"', more='[drain]\ntimeout = "25s"\nws_spread = "0s"\n')
    with begin(daemon.connect()) as client:
        client.send(ws.text("hello")).expect(TEXT, "hello")
        daemon.signal()
        assert client.close_frame()[0] == 1001
        client.send(ws.text("too late") + ws.frame(PING, b"too late") + ws.close(1001))
        assert client.connection.ended() == "closed"
    assert daemon.wait() == 0


# ---- drain


def test_W_12_a_drain_closes_each_at_a_moment_of_its_own(echo):
    daemon = echo(workers=2, more='[drain]\ntimeout = "25s"\nws_spread = "2s"\n')
    clients = [begin(daemon.connect(number % 2)) for number in range(50)]
    for client in clients:
        client.send(ws.text("hello")).expect(TEXT, "hello")
    moments, late = [], []

    def wait(client):
        code, reason = client.close_frame()
        moments.append(time.monotonic())
        late.append((code, reason))
        client.send(ws.close(code))
        assert client.connection.ended() == "closed"

    threads = [threading.Thread(target=wait, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    with daemon.connect() as waiting:
        waiting.send("GET /plain HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert waiting.answer().status == 200
        began = time.monotonic()
        daemon.signal()
        daemon.wait_for_log("draining")
    for thread in threads:
        thread.join()
    assert daemon.wait() == 0
    assert any("drained" in line for line in daemon.log if line)
    assert late == [(1001, b"")] * 50
    after = sorted(moment - began for moment in moments)
    assert after[-1] - after[0] > 0.8 and after[-1] > 1.2, after
    assert sum(each < 0.2 for each in after) < 25, f"not all in the first tenth: {after}"


def test_W_12_no_new_session_during_a_drain(echo):
    daemon = echo(more='[drain]\ntimeout = "20s"\nws_spread = "0s"\n')
    with begin(daemon.connect(), early=ws.text("hello")) as keeps, daemon.connect(1) as connection:
        keeps.expect(TEXT, "hello")
        request = ws.head()
        connection.send(request[:-2]).taken()  # all but its last bytes: it is in progress, and may end
        daemon.signal()
        daemon.wait_for_log("draining")
        assert keeps.close_frame()[0] == 1001
        answer = connection.send(request[-2:]).answer()
        assert answer.status == 503 and answer["Retry-After"] is not None and answer["Connection"] == "close"
        assert answer["Upgrade"] is None and connection.ended() == "closed"
        keeps.send(ws.close(1001))
        assert keeps.connection.ended() == "closed"
    assert daemon.wait() == 0
    assert [(line["status"], line.get("why")) for line in daemon.access_log()] == [(101, None), (503, "draining")]


def test_W_12_who_never_pauses_is_closed_too(echo):
    """A client whose next message is always there already."""
    daemon = echo(more='[drain]\ntimeout = "20s"\nws_spread = "500ms"\n')
    message = ws.text("busy" * 25)
    with begin(daemon.connect()) as client:
        stop = threading.Event()

        def flood():
            while not stop.is_set():
                try:
                    client.send(message * 50)
                except OSError:
                    return

        sender = threading.Thread(target=flood)
        sender.start()
        client.expect(TEXT, "busy" * 25)
        daemon.signal()
        began = time.monotonic()
        while (got := client.frame()).opcode == TEXT:
            assert time.monotonic() - began < 10, "no close comes"
        took = time.monotonic() - began
        stop.set()
        assert got.opcode == CLOSE and got.payload == b"\x03\xe9", got
        assert took < 8, f"{took} s"
        sender.join()
        client.send(ws.close(1001))
        assert client.connection.ended() in ("closed", "reset")
    assert daemon.wait() == 0


def test_W_12_who_does_not_go_is_cut_off(echo):
    daemon = echo('close_timeout = "1m"', more='[drain]\ntimeout = "1s"\n')
    with begin(daemon.connect(), early=ws.text("hello")) as client:
        client.expect(TEXT, "hello")
        began = time.monotonic()
        daemon.signal()
        assert client.close_frame()[0] == 1001
        assert client.connection.ended() in ("closed", "reset")
        assert time.monotonic() - began < 10
        assert daemon.wait() == 0


# ---- fairness


def test_W_13_who_never_pauses_leaves_others_their_turn(echo):
    """One client whose next message is always there already, on the only worker: others get their answers meanwhile."""
    daemon = echo()
    client = begin(daemon.connect())
    client.send(ws.text("begun")).expect(TEXT, "begun")
    going = client.connection.socket

    def flood():
        try:
            while True:
                going.sendall(ws.text("busy" * 25) * 5000)
        except OSError:
            pass  # the test is over

    def take():
        while going.recv(1 << 20):
            pass

    threads = [threading.Thread(target=flood), threading.Thread(target=take)]
    for thread in threads:
        thread.start()
    longest = 0
    try:
        for _ in range(20):
            began = time.monotonic()
            assert daemon.get("/plain").body == b"plain"
            longest = max(longest, time.monotonic() - began)
    finally:
        going.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
    assert longest < 2, f"{longest} s for an answer that takes no time"
