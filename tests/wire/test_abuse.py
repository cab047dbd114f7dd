"""Limits under abuse: the L-rows of behaviour.md and S-19. Whoever stalls loses only his own connection."""

import contextlib
import os
import resource
import select
import socket
import subprocess
import time
from pathlib import Path

import pytest
from wire import FLARED, Connection

GET = "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"


def config(limits="", workers=2, more="", log='to = ["stdout"]'):
    return f"""
[server]
workers = {workers}
[listen.web]
address = ["127.0.0.1:0", "unix:{{dir}}/web.sock"]
[limits]
{limits}
[log.access]
{log}
[[route]]
path = "/a"
respond = {{{{ text = "a" }}}}
{more}
"""


@pytest.fixture
def serve(start, tmp_path):
    """serve(limits, ...) gives a daemon with a large file below /files/."""
    (tmp_path / "files").mkdir()
    with (tmp_path / "files" / "large").open("wb") as file:
        file.truncate(256 * 1024 * 1024)
    files = f'[[route]]\npath = "/files/**"\nstatic = {{{{ root = "{tmp_path}/files" }}}}\n'
    return lambda limits="", **options: start(config(limits, more=files, **options).format(dir=tmp_path))


def sockets(daemon):
    count = 0
    for entry in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            count += entry.readlink().name.startswith("socket:")
    return count


def until_sockets(daemon, count):
    """Waits until the daemon has that many sockets, listening ones included."""
    end = time.monotonic() + 30
    while (now := sockets(daemon)) != count:
        assert time.monotonic() < end, f"{now} sockets, not {count}"


def resident(daemon):
    """RSS in KiB."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


# Sanitizers keep shadows of the memory, and AddressSanitizer up to 256 MiB of what was freed.
SLACK = 32 if any(name in Path(FLARED).read_bytes() for name in (b"__asan_init", b"__tsan_init")) else 1


def cpu_seconds(daemon):
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def serves(daemon, index=0):
    assert daemon.ask(GET, index=index).status == 200


def wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it does not recover"


@contextlib.contextmanager
def many_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= count, f"this test needs {count} descriptors, the hard limit is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def until_all_ended(sockets, seconds):
    """Reads every socket to its end; how many had not ended in time."""
    poll = select.poll()
    left = {each.fileno(): each for each in sockets}
    for number in left:
        poll.register(number, select.POLLIN)
    end = time.monotonic() + seconds
    while left and time.monotonic() < end:
        for number, _ in poll.poll(200):
            try:
                data = left[number].recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                poll.unregister(number)
                left.pop(number)
    return len(left)


# ---- L-1


def test_L_1_dribbling_sockets_are_gone_in_time_and_bother_nobody(serve):
    with many_descriptors(12000), contextlib.ExitStack() as stack:
        daemon = serve('header_timeout = "3s"\nconnections = 12000\nper_ip = 12000', log="to = []")
        before = resident(daemon)
        dribblers = []
        for _ in range(5000):
            dribblers.append(stack.enter_context(socket.create_connection(daemon.address())))
            dribblers[-1].send(b"GET / HTTP/1.1\r\nX:")
        began = time.monotonic()
        with daemon.connect() as good:
            while time.monotonic() < began + 2:
                for dribbler in dribblers[::50]:
                    dribbler.send(b"x")
                assert good.send(GET).answer().status == 200
        assert resident(daemon) - before < 5000 * 4 * SLACK, "a dribbler costs less than 4 KiB"
        assert until_all_ended(dribblers, 3 + 5) == 0
        serves(daemon)


def test_L_1_a_late_head_is_408_however_it_dribbles(serve):
    daemon = serve('header_timeout = "500ms"')
    with daemon.connect() as connection:
        for byte in "GET / HTTP/1.1\r\n":
            connection.send(byte)
        assert connection.answer().status == 408
        assert connection.ended() == "closed"
    assert daemon.stop() == 0
    assert [line["why"] for line in daemon.access_log()] == ["header_timeout"]


# ---- L-2, pace in both directions


def download(daemon, index=0):
    connection = daemon.connect(index)
    connection.send("GET /files/large HTTP/1.1\r\nHost: example.com\r\n\r\n")
    connection.until(b"\r\n\r\n")
    return connection


def test_L_2_a_reader_that_stalls_is_closed(serve):
    daemon = serve('write_idle = "1s"')
    listening = sockets(daemon)
    with download(daemon), download(daemon, 1):
        until_sockets(daemon, listening)
    assert daemon.stop() == 0
    assert [line["why"] for line in daemon.access_log()] == ["write_idle"] * 2


def test_L_2_a_slow_reader_below_min_rate_is_closed_and_a_slow_one_above_it_is_not(serve):
    """Small segments and buffers, so that what the readers take is what the daemon sees acknowledged."""
    daemon = serve('write_idle = "5s"\nmin_rate = "32KiB/s"', workers=1)
    listening = sockets(daemon)
    with socket.socket() as slow, socket.socket() as steady:
        for each in (slow, steady):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1024)
            each.connect(daemon.address())
            each.send(b"GET /files/large HTTP/1.1\r\nHost: example.com\r\n\r\n")
        until_sockets(daemon, listening + 2)
        end = time.monotonic() + 30
        while sockets(daemon) == listening + 2:
            assert time.monotonic() < end, "the slow reader keeps its connection"
            select.select([], [], [], 0.05)  # the pace is what is tested
            slow.recv(100)
            for _ in range(16):
                steady.recv(1024)
        assert sockets(daemon) == listening + 1
        steady.close()
        assert daemon.stop() == 0
    assert [line["why"] for line in daemon.access_log()] == ["min_rate", "client_closed"]


def test_L_2_memory_does_not_grow_with_slow_readers(serve):
    daemon = serve()
    before = resident(daemon)
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(download(daemon))
        serves(daemon)
        assert resident(daemon) - before < 100 * 64 * SLACK, "KiB for 100 answers of 256 MiB under way"


# ---- L-3


@pytest.mark.parametrize("limit,status", [("connections", 503), ("per_ip", 429)])
def test_L_3_H_36_beyond_the_limit_clients_are_told(serve, limit, status):
    daemon = serve(f"{limit} = 3")
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            assert stack.enter_context(daemon.connect()).send(GET).answer().status == 200
        for _ in range(5):
            with daemon.connect() as refused:
                answer = refused.send(GET).answer()
                assert (answer.status, answer["Connection"], answer["Retry-After"]) == (status, "close", "1")
                assert refused.ended() == "closed"
        if limit == "per_ip":
            serves(daemon, index=1)  # a unix socket has no address
    wait_for(lambda: daemon.ask(GET).status == 200)
    daemon.wait_for_log(f"why={limit} (")
    assert daemon.stop() == 0
    assert limit in [line.get("why") for line in daemon.access_log()]


def test_L_3_connect_floods_are_bounded(serve):
    daemon = serve("connections = 50", log="to = []")
    before = resident(daemon)
    with many_descriptors(4000), contextlib.ExitStack() as stack:
        flood = [stack.enter_context(socket.create_connection(daemon.address())) for _ in range(2000)]
        assert until_all_ended(flood[200:], 20) == 0
    assert resident(daemon) - before < 8 * 1024 * SLACK
    wait_for(lambda: daemon.ask(GET).status == 200)


# ---- S-19


def test_S_19_without_descriptors_clients_are_told_and_accepting_pauses(tmp_path, start):
    limit = 40
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        # UBSan reads types through a pipe, which needs descriptors.
        (tmp_path / "suppressions").write_text("vptr:*\n")
        daemon = start(config(workers=1).format(dir=tmp_path), UBSAN_OPTIONS=f"suppressions={tmp_path}/suppressions")
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        held = []
        statuses = []
        for _ in range(limit):
            connection = stack.enter_context(daemon.connect())
            statuses.append(connection.send(GET).answer().status)
            if statuses[-1] != 200:
                break
            held.append(connection)
        assert statuses[-1] == 503 and len(held) > 10
        stack.enter_context(daemon.connect()).send(GET)  # more than one may wait
        spent = cpu_seconds(daemon)
        refused = daemon.connect().send(GET).answer()
        assert refused.status == 503 and refused["Retry-After"] == "1"
        assert cpu_seconds(daemon) - spent < 0.2, "it spins"
        assert held[0].send(GET).answer().status == 200, "those inside are served"
        daemon.wait_for_log("why=resource_exhausted (out of file descriptors")
        for connection in held:
            connection.socket.close()
    wait_for(lambda: daemon.ask(GET).status == 200)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


# ---- L-5 and the pace of content


def post(length, *fields):
    return "\r\n".join(["POST /a HTTP/1.1", "Host: example.com", f"Content-Length: {length}", *fields, "", ""])


def test_L_5_a_known_length_beyond_the_limit_is_413_before_100_continue(serve):
    daemon = serve('body = "1KiB"')
    for index in (0, 1):
        with daemon.connect(index) as connection:
            answer = connection.send(post(1025, "Expect: 100-continue")).answer()
            assert (answer.status, answer["Connection"]) == (413, "close")
            assert connection.ended() == "closed"
        with daemon.connect(index) as connection:
            assert connection.send(post(1024) + "x" * 1024 + GET).answer().status == 200
            assert connection.answer().status == 200


def test_H_17_an_old_connection_is_closed_with_its_next_answer(serve):
    daemon = serve('keepalive_age = "1s"\nkeepalive_requests = 1000000000')
    with daemon.connect() as connection:
        end = time.monotonic() + 30
        while (answer := connection.send(GET).answer())["Connection"] is None:
            assert time.monotonic() < end
        assert (answer.status, answer["Connection"]) == (200, "close")
        assert connection.ended() == "closed"


def test_H_32_keep_alive_parameters_are_for_1_0_alone(serve):
    daemon = serve('keepalive_idle = "20s"')
    with daemon.connect() as connection:
        answer = connection.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer()
        assert (answer["Connection"], answer["Keep-Alive"]) == ("keep-alive", "timeout=20")
        assert connection.send(GET).answer()["Keep-Alive"] is None


@pytest.mark.parametrize("accept,kind", [
    ("", "text/html; charset=utf-8"), ("Accept: */*\r\n", "text/html; charset=utf-8"), ("Accept: application/json\r\n", "application/problem+json"),
    ("Accept: text/html, application/json;q=0.9\r\n", "text/html; charset=utf-8"), ("Accept: application/problem+json\r\n", "application/problem+json"),
])
def test_H_34_errors_are_html_or_problem_json_by_accept(serve, accept, kind):
    daemon = serve()
    answer = daemon.get("/nowhere", accept)
    assert (answer.status, answer["Content-Type"], answer["Cache-Control"]) == (404, kind, "no-store")
    if "json" in kind:
        assert answer.body == b'{"type":"about:blank","title":"Not Found","status":404}\n'
    else:
        assert answer.body.startswith(b"<!doctype html>") and b"404 Not Found" in answer.body and len(answer.body) < 200
    head = daemon.get("/nowhere", accept, method="HEAD")
    assert head["Content-Length"] == str(len(answer.body)) and head["Content-Type"] == kind


def test_H_22_utf8_of_paths(serve, start):
    strict = serve()
    for path, status in (("/caf%C3%A9", 404), ("/%ff", 400), ("/%c0%ae%c0%ae/a", 400), ("/%ed%a0%80", 400), ("/%C3/%A9", 400)):
        assert strict.get(path).status == status, path
    assert strict.stop() == 0
    assert {line.get("why") for line in strict.access_log()} == {"no_route", "bad_utf8"}
    opaque = start('[server]\nutf8 = "opaque"\n[listen.web]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/:name"\nrespond = { text = "a" }\n')
    for path, status in (("/%ff", 200), ("/%c3", 200), ("/%00", 400), ("/%1f", 400)):
        assert opaque.get(path).status == status, path


def test_H_16_skipped_content_has_an_end_however_it_dribbles(serve):
    daemon = serve('body_idle = "1s"')
    with daemon.connect() as connection:
        assert connection.send(post(1000)).answer().status == 200
        began = time.monotonic()
        ended = False
        while not ended:
            assert time.monotonic() - began < 20, "a dribbler keeps its connection"
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send("x")
            ended = bool(select.select([connection.socket], [], [], 0.1)[0])
    serves(daemon)


def connected(path):
    """A connection to a daemon that is about to listen there."""
    end = time.monotonic() + 30
    while True:
        try:
            return Connection(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            assert time.monotonic() < end, "it does not listen"


def test_O_4_a_blocked_error_log_holds_up_nobody(tmp_path):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    file = tmp_path / "flare.toml"
    file.write_text(config("connections = 2", workers=1, log="to = []").format(dir=tmp_path))
    process = subprocess.Popen([FLARED, "-c", file], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer)
    try:
        os.close(writer)
        good = connected(tmp_path / "web.sock")
        assert good.send(GET).answer().status == 200
        with Connection(str(tmp_path / "web.sock")):
            with Connection(str(tmp_path / "web.sock")) as refused:
                assert refused.answer().status == 503  # which is logged, or would be
            assert good.send(GET).answer().status == 200
    finally:
        process.terminate()
        with open(reader, "rb") as log:
            written = log.read()
        assert process.wait(30) == 0
    assert b"why=connections" in written, "what waited is written in the end"
