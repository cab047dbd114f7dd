"""Who the client is behind a proxy: PROXY headers (P-22), X-Forwarded-For (P-3) and Forwarded (P-4) of behaviour.md."""

import re
import signal
import socket
import struct
import time

import pytest
from conftest import running
from upstream import Upstream, ok

HEADER_TIMEOUT = 0.4  # seconds, of the daemon that is in a hurry
CONFIG = """
[server]
workers = 1
trusted_proxies = [{trusted}]
[listen.required]
address = ["127.0.0.1:0", "[::1]:0", "unix:{dir}/required.sock"]
proxy_protocol = "require"
proxy_from = ["127.0.0.1", "::1", "unix"]
[listen.elsewhere]
address = ["127.0.0.1:0", "unix:{dir}/elsewhere.sock"]
proxy_protocol = "require"
proxy_from = ["192.0.2.0/24"]
[listen.accepted]
address = "127.0.0.1:0"
proxy_protocol = "accept"
proxy_from = ["127.0.0.0/8"]
[listen.accepted-elsewhere]
address = "127.0.0.1:0"
proxy_protocol = "accept"
proxy_from = ["192.0.2.0/24"]
[listen.plain]
address = ["127.0.0.1:0", "unix:{dir}/plain.sock"]
[limits]
header_timeout = "{timeout}"
keepalive_idle = "{idle}"
[log.access]
to = ["stdout"]
[[route]]
path = "/who"
respond = {{ text = "somebody" }}
[[route]]
path = "/who"
from = ["127.0.0.1", "::1"]
respond = {{ text = "here" }}
[[route]]
path = "/who"
from = "192.0.2.7"
respond = {{ text = "192.0.2.7" }}
[[route]]
path = "/who"
from = "2001:db8::7"
respond = {{ text = "2001:db8::7" }}
[[route]]
path = "/scheme"
respond = {{ text = "http" }}
[[route]]
path = "/scheme"
scheme = "https"
respond = {{ text = "https" }}
"""
# Places in the log's list of addresses.
REQUIRED, REQUIRED_V6, REQUIRED_UNIX, ELSEWHERE, ELSEWHERE_UNIX, ACCEPTED, ACCEPTED_ELSEWHERE, PLAIN, PLAIN_UNIX = range(9)

GET = b"GET /who HTTP/1.1\r\nHost: example.com\r\n\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1_4 = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n"
V1_6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 80\r\n"


def v2(command, family, block):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(block)) + block


def tlv(kind, value):
    return bytes([kind]) + struct.pack(">H", len(value)) + value


BLOCK_4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("198.51.100.1") + struct.pack(">HH", 40000, 80)
BLOCK_6 = b"".join(socket.inet_pton(socket.AF_INET6, text) for text in ("2001:db8::7", "2001:db8::1")) + struct.pack(
    ">HH", 40000, 80
)
V2_4 = v2(0x21, 0x11, BLOCK_4 + tlv(0x01, b"http/1.1") + tlv(0x02, b"example.com") + tlv(0x04, bytes(3)))
V2_6 = v2(0x21, 0x21, BLOCK_6)

SAID = {"v1-4": (V1_4, b"192.0.2.7"), "v1-6": (V1_6, b"2001:db8::7"), "v2-4": (V2_4, b"192.0.2.7"), "v2-6": (V2_6, b"2001:db8::7")}


def fill(folder, trusted="", idle="75s", timeout="20s"):
    return CONFIG.format(dir=folder, trusted=trusted, idle=idle, timeout=timeout)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    with running(folder, fill(folder)) as started:
        yield started


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hasty")
    with running(folder, fill(folder, timeout="400ms")) as started:
        yield started


def unanswered(daemon, index, data):
    """The connection ends without a byte."""
    with daemon.connect(index) as connection:
        return connection.send(data).ended() in ("closed", "reset")


# ---- PROXY headers: what is understood


@pytest.mark.parametrize("index", [REQUIRED, REQUIRED_V6, REQUIRED_UNIX, ACCEPTED], ids=["ipv4", "ipv6", "unix", "accepted"])
@pytest.mark.parametrize("said", SAID)
def test_P_22_the_source_is_the_client_at_every_split(daemon, said, index):
    header, client = SAID[said]
    data = header + GET + GET
    for cut in range(len(data) + 1):
        with daemon.connect(index) as connection:
            connection.send_in_pieces(data, [cut])
            assert [connection.answer().body for _ in range(2)] == [client, client], cut


@pytest.mark.parametrize("said", SAID)
def test_P_22_a_header_byte_by_byte(daemon, said):
    header, client = SAID[said]
    with daemon.connect(REQUIRED) as connection:
        connection.send_in_pieces(header + GET, range(1, len(header + GET)))
        assert connection.answer().body == client


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
        b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n",  # 107 bytes
        v2(0x20, 0x00, b""),
        v2(0x20, 0x11, BLOCK_4),
        v2(0x21, 0x00, b"anything"),
        v2(0x21, 0x12, BLOCK_4),
        v2(0x21, 0x31, b"/run/a.sock".ljust(108, b"\0") * 2),
    ],
)
def test_P_22_local_and_unknown_leave_the_sockets_address(daemon, header):
    with daemon.connect(REQUIRED) as connection:
        assert connection.send(header + GET).answer().body == b"here"
    with daemon.connect(REQUIRED_V6) as connection:
        assert connection.send(header + GET).answer().body == b"here"


def test_P_22_the_longest_version_2_header(daemon):
    with daemon.connect(REQUIRED) as connection:
        header = v2(0x21, 0x11, BLOCK_4 + tlv(0x04, bytes(4096 - 12 - 3)))
        assert connection.send(header + GET).answer().body == b"192.0.2.7"


# ---- PROXY headers: what is not


@pytest.mark.parametrize(
    "data",
    [
        GET,
        b"\x16\x03\x01\x02\0\x01\0\x01",
        b"PROXX TCP4 192.0.2.7 198.51.100.1 40000 80\r\n",
        b"proxy TCP4 192.0.2.7 198.51.100.1 40000 80\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 080\r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 40000 80\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 80\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\n\r\n",
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
        b"PROXY " + b"x" * 200,
        SIGNATURE[:-1] + b"\r" + V2_4[12:],
        SIGNATURE + b"\x11\x11\0\x0c" + BLOCK_4,
        SIGNATURE + b"\x22\x11\0\x0c" + BLOCK_4,
        SIGNATURE + b"\x21\x33\0\x0c" + BLOCK_4,
        SIGNATURE + b"\x21\x11\0\x0b" + BLOCK_4,
        SIGNATURE + b"\x21\x11\x10\x01",
        v2(0x21, 0x11, BLOCK_4 + b"\x04\0"),
        v2(0x21, 0x11, BLOCK_4 + tlv(0x03, b"\0\0\0\0")),
    ],
)
def test_P_22_missing_or_invalid_closes_without_a_byte(daemon, data):
    assert unanswered(daemon, REQUIRED, data if data == GET else data + GET)
    if data != GET and data.startswith((b"PROXY ", SIGNATURE)):
        assert unanswered(daemon, ACCEPTED, data + GET)


@pytest.mark.parametrize("begun", [b"", b"P", V1_4[:20], V1_4[:-1], SIGNATURE, V2_4[:-1]])
def test_P_22_a_late_header_closes_without_a_byte(hasty, begun):
    began = time.monotonic()
    assert unanswered(hasty, REQUIRED, begun)
    assert HEADER_TIMEOUT <= time.monotonic() - began < HEADER_TIMEOUT + 5


def test_P_22_dribbling_does_not_extend_the_time(hasty):
    with hasty.connect(REQUIRED) as connection:
        connection.socket.settimeout(0.05)
        for byte in b"PROXY UNKNOWN " + b"x" * 80:
            try:
                connection.send(bytes([byte]))
                assert connection.socket.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                pass
            break
        else:
            pytest.fail("a header of 94 pieces, 50 ms apart, was waited for")


def test_P_22_a_check_that_connects_and_leaves_is_no_error(daemon):
    with daemon.connect(REQUIRED) as connection:
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.ended() == "closed"


def test_P_22_a_second_header_is_a_bad_request(daemon):
    for header in (V1_4, V2_4):
        with daemon.connect(REQUIRED) as connection:
            assert connection.send(header + header + GET).answer().status == 400


@pytest.mark.parametrize("index", [PLAIN, ACCEPTED_ELSEWHERE, PLAIN_UNIX])
def test_P_22_a_header_where_none_is_read_is_a_bad_request(daemon, index):
    for header in (V1_4, V2_4):
        with daemon.connect(index) as connection:
            assert connection.send(header + GET).answer().status == 400


@pytest.mark.parametrize("index", [ELSEWHERE, ELSEWHERE_UNIX])
def test_P_22_other_peers_are_closed_without_a_byte(daemon, index):
    for data in (V1_4 + GET, V2_4 + GET, GET):
        with daemon.connect(index) as connection:
            try:
                connection.send(data)
            except OSError:
                continue  # it is closed as soon as it is accepted
            assert connection.ended() in ("closed", "reset")


def test_P_22_accept_serves_those_without_a_header(daemon):
    for index in (ACCEPTED, ACCEPTED_ELSEWHERE):
        for cut in range(len(GET)):
            with daemon.connect(index) as connection:
                assert connection.send_in_pieces(GET + GET, [cut]).answer().body == b"here"
                assert connection.answer().body == b"here"
    propfind = b"PROPFIND /who HTTP/1.1\r\nHost: example.com\r\n\r\n"
    for cut in range(1, 8):
        with daemon.connect(ACCEPTED) as connection:
            assert connection.send_in_pieces(propfind, [cut]).answer().body == b"here"


def test_P_22_accept_answers_a_late_request_as_any_other(hasty):
    with hasty.connect(ACCEPTED) as connection:
        assert connection.send("PRO").answer().status == 408
    with hasty.connect(ACCEPTED) as connection:
        assert connection.send(V1_4 + b"GET /who").answer().status == 408


def test_P_22_slow_and_silent_ones_leave_the_others_alone(daemon):
    waiting = [daemon.connect(REQUIRED).send(begun) for begun in (b"", b"PROXY ", SIGNATURE, V2_4[:20]) for _ in range(25)]
    try:
        with daemon.connect(REQUIRED) as connection:
            connection.send(V1_4)
            for _ in range(100):
                assert connection.send(GET).answer().body == b"192.0.2.7"
    finally:
        for connection in waiting:
            connection.socket.close()


# ---- PROXY headers: a connection like any other


def test_P_22_H_17_idle_time_begins_behind_the_header(start, tmp_path):
    daemon = start(fill(tmp_path, idle="200ms"))
    with daemon.connect(REQUIRED) as connection:
        assert connection.send(V1_4).ended() == "closed"  # H-35: silently, though the header came
    with daemon.connect(ACCEPTED) as connection:
        assert connection.ended() == "closed"
    with daemon.connect(REQUIRED) as connection:
        assert connection.send(V1_4 + GET).answer().status == 200
        assert connection.ended() == "closed"


def test_P_22_S_1_a_drain_ends_those_that_are_idle_and_serves_what_has_begun(start, tmp_path):
    daemon = start(fill(tmp_path))
    connections = {begun: daemon.connect(REQUIRED).send(begun) for begun in (b"", V1_4, V1_4[:10], V1_4 + GET[:5])}
    with daemon.connect(REQUIRED) as last:
        last.send(V1_4 + GET).answer()  # the worker has seen the others by now
    daemon.signal(signal.SIGTERM)
    daemon.wait_for_log("draining")
    for begun in (b"", V1_4):
        assert connections[begun].ended() == "closed"
    for begun in (V1_4[:10], V1_4 + GET[:5]):
        answer = connections[begun].send((V1_4 + GET)[len(begun) :]).answer()
        assert (answer.body, answer["Connection"]) == (b"192.0.2.7", "close")
        assert connections[begun].ended() == "closed"
    for connection in connections.values():
        connection.socket.close()


def test_P_22_O_2_the_logs_name_client_peer_and_reason(start, tmp_path):
    daemon = start(fill(tmp_path))
    for index in (REQUIRED, REQUIRED_UNIX, PLAIN, PLAIN_UNIX):
        with daemon.connect(index) as connection:
            connection.send(GET if index in (PLAIN, PLAIN_UNIX) else V1_4 + GET).answer()
    with daemon.connect(REQUIRED) as connection:
        assert connection.send(V2_6 + b"nonsense\r\n\r\n").answer().status == 400
    for _ in range(20):
        unanswered(daemon, REQUIRED, GET)
    assert unanswered(daemon, ELSEWHERE, b"")
    daemon.wait_for_log("refused a connection from 127.0.0.1:")
    daemon.stop()
    # One line a second, and every refusal counted once.
    told = [line for line in daemon.log if line and "refused" in line]
    more = re.findall(r"refused (\d+) more connections?: why=(?:proxy_header_missing|proxy_not_allowed)$", "\n".join(told), re.M)
    assert len(told) < 21 and sum("refused a connection" in line for line in told) + sum(map(int, more)) == 21
    assert [(line["client"], line.get("peer"), line["status"]) for line in daemon.access_log()] == [
        ("192.0.2.7", "127.0.0.1", 200),
        ("192.0.2.7", "unix", 200),
        ("127.0.0.1", None, 200),
        ("unix", None, 200),
        ("2001:db8::7", "127.0.0.1", 400),
    ]


def test_P_22_the_log_says_why_other_peers_are_closed(start, tmp_path):
    daemon = start(fill(tmp_path))
    assert unanswered(daemon, ELSEWHERE, b"")
    daemon.wait_for_log("why=proxy_not_allowed")


# ---- X-Forwarded-For, Forwarded, X-Forwarded-Proto


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trusting")
    with running(folder, fill(folder, trusted='"127.0.0.1", "unix", "10.0.0.0/8", "203.0.113.5"')) as started:
        yield started


def who(daemon, fields, index=PLAIN, before=b""):
    with daemon.connect(index) as connection:
        request = "GET /who HTTP/1.1\r\nHost: example.com\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n"
        return connection.send(before + request.encode("latin-1")).answer().body.decode()


@pytest.mark.parametrize("index", [PLAIN, PLAIN_UNIX], ids=["ipv4", "unix"])
@pytest.mark.parametrize(
    "fields, client",
    [
        (["X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: 198.51.100.66, 192.0.2.7, 10.0.0.1, 10.0.0.2"], "192.0.2.7"),
        (["X-Forwarded-For: 192.0.2.7, 198.51.100.66"], "somebody"),
        (["X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 10.0.0.1"], "192.0.2.7"),
        (["X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 198.51.100.66"], "somebody"),
        (["X-Forwarded-For: [2001:db8::7]:4711"], "2001:db8::7"),
        (["X-Forwarded-For: 192.0.2.7:4711, 10.0.0.1:80"], "192.0.2.7"),
        (["X-Forwarded-For: 192.0.2.7", "Forwarded: for=198.51.100.66"], "192.0.2.7"),
    ],
)
def test_P_3_the_client_is_the_right_most_untrusted(trusting, fields, client, index):
    assert who(trusting, fields, index) == client


@pytest.mark.parametrize("bad", ["unknown", "_x", "192.0.2.7.", "192.0.2.07", "\"192.0.2.7\"", "192.0.2.7:", "localhost"])
def test_P_3_a_malformed_member_ends_the_walk(trusting, bad):
    assert who(trusting, [f"X-Forwarded-For: 192.0.2.7, {bad}"]) == "here"  # the peer vouches for nothing further
    assert who(trusting, [f"X-Forwarded-For: 192.0.2.7, {bad}, 10.0.0.1"]) == "somebody"
    assert who(trusting, [f"X-Forwarded-For: {bad}, 192.0.2.7, 10.0.0.1"]) == "192.0.2.7"


@pytest.mark.parametrize(
    "fields, client",
    [
        (["Forwarded: for=192.0.2.7"], "192.0.2.7"),
        (["Forwarded: for=198.51.100.66, For=\"192.0.2.7:_a\";proto=http;by=_x, for=10.0.0.1"], "192.0.2.7"),
        (["Forwarded: for=\"[2001:db8::7]:80\"", "forwarded: for=10.0.0.1;host=\"a, for=192.0.2.7\""], "2001:db8::7"),
        (["Forwarded: for=\"", "Forwarded: for=192.0.2.7"], "192.0.2.7"),
        (["Forwarded: for=192.0.2.7, for=unknown"], "here"),
        (["Forwarded: for=192.0.2.7, for=_hidden"], "here"),
        (["Forwarded: for=192.0.2.7, proto=https"], "here"),
        (["Forwarded: for=192.0.2.7, for=2001:db8::7"], "here"),
        (["Forwarded: for=\"192.0.2.7"], "here"),
    ],
)
def test_P_4_forwarded_is_read_from_the_right(trusting, fields, client):
    assert who(trusting, fields) == client


@pytest.mark.parametrize("fields", [["X-Forwarded-For: 192.0.2.7"], ["Forwarded: for=192.0.2.7"]])
def test_P_3_P_4_untrusted_peers_fields_mean_nothing(daemon, trusting, fields):
    assert who(daemon, fields) == "here"
    assert who(daemon, fields, PLAIN_UNIX) == "somebody"
    # The source of the PROXY header is the peer that counts, not the balancer, whom trusted_proxies names.
    assert who(trusting, fields, REQUIRED, b"PROXY TCP4 198.51.100.66 10.0.0.9 1 2\r\n") == "somebody"
    assert who(trusting, fields, REQUIRED, b"PROXY TCP4 203.0.113.5 10.0.0.9 1 2\r\n") == "192.0.2.7"
    assert who(trusting, fields, REQUIRED, b"PROXY UNKNOWN\r\n") == "192.0.2.7"


@pytest.mark.parametrize(
    "fields, told",
    [
        ("", 'for="[::1]";proto=http;host=example.com'),
        ('Forwarded: for="[2001:db8::7]:80";proto=https\r\n', 'for="[2001:db8::7]:80";proto=https, for="[::1]";proto=http;host=example.com'),
        ("X-Forwarded-For: 2001:db8::7\r\n", 'for="[2001:db8::7]", for="[::1]";proto=http;host=example.com'),
    ],
    ids=["its own", "behind another", "by the other field"],
)
def test_P_4_an_ipv6_node_is_bracketed_and_quoted(start, fields, told):
    asked = []

    def serve(peer):
        asked.append(peer.request())
        peer.send(ok())

    with Upstream(serve) as upstream:
        daemon = start(
            '[server]\nworkers = 1\ntrusted_proxies = ["::1"]\n[listen.web]\naddress = "[::1]:0"\n'
            f'[[route]]\npath = "/**"\nproxy = {{ to = "http://{upstream.address}", forwarded = "rfc7239" }}\n'
        )
        assert daemon.get("/", fields).status == 200
    assert asked[0]["Forwarded"] == told


def test_P_3_one_requests_fields_are_not_the_next_ones(trusting):
    with trusting.connect(PLAIN) as connection:
        named = GET[:-2] + b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n"
        connection.send(named + GET + named.replace(b"/who", b"/scheme") + GET.replace(b"/who", b"/scheme"))
        assert [connection.answer().body for _ in range(4)] == [b"192.0.2.7", b"here", b"https", b"http"]


def test_P_3_the_scheme_is_the_trusted_proxys(daemon, trusting):
    for value, scheme in (("https", b"https"), ("HTTPS", b"https"), ("http", b"http"), ("wss", b"http"), ("https, http", b"http")):
        assert trusting.get("/scheme", f"X-Forwarded-Proto: {value}\r\n", index=PLAIN).body == scheme
        assert daemon.get("/scheme", f"X-Forwarded-Proto: {value}\r\n", index=PLAIN).body == b"http"


def test_P_3_O_2_the_log_names_client_and_peer(start, tmp_path):
    daemon = start(fill(tmp_path, trusted='"127.0.0.1"'))
    daemon.get("/who", "X-Forwarded-For: 2001:db8::7\r\n", index=PLAIN)
    daemon.get("/who", "X-Forwarded-For: 127.0.0.1\r\n", index=PLAIN)
    daemon.get("/who", "X-Forwarded-For: 192.0.2.7\r\nBad Field: x\r\n", index=PLAIN)  # not read to its end: nobody is named
    daemon.stop()
    assert [(line["client"], line.get("peer")) for line in daemon.access_log()] == [
        ("2001:db8::7", "127.0.0.1"),
        ("127.0.0.1", None),
        ("127.0.0.1", None),
    ]
