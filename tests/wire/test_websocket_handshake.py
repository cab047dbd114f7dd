"""How a WebSocket begins: handshake, origins, subprotocols, compression, early frames (behaviour.md W-1 to W-4, W-14, W-15)."""

import pytest
import ws
from cases import IPV4, UNIX
from tls import Issuer, SecureConnection
from ws import BINARY, PING, PONG, TEXT, WebSocket, begin

CONFIG = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[listen.secure]
address = "127.0.0.1:0"
tls = true
{certificate}
[log.access]
to = ["stdout"]
[[route]]
path = "/echo"
websocket = {{ echo = true }}
[[route]]
path = "/listed"
websocket = {{ echo = true, origins = ["https://www.example.com", "http://localhost:8080"] }}
[[route]]
path = "/anybody"
websocket = {{ echo = true, origins = "*" }}
[[route]]
path = "/pages"
websocket = {{ echo = true, origin_required = true }}
[[route]]
path = "/chat"
websocket = {{ echo = true, subprotocols = ["chat.v2", "chat.v1"] }}
[[route]]
path = "/plain"
respond = {{ text = "plain" }}
[[route]]
path = "/both"
header = {{ Upgrade = "websocket" }}
websocket = {{ echo = true }}
[[route]]
path = "/both"
respond = {{ text = "a page" }}
"""
SECURE = 2  # the third address it listens on
GOOD = ws.head().split("\r\n")[:-2]


@pytest.fixture(name="daemon")
def one_of_our_own(start, tmp_path):
    certificate = Issuer(tmp_path / "certs").make("main", "DNS:main.test").toml("main", "default = true")
    return start(CONFIG.format(dir=tmp_path, certificate=certificate))


def with_line(name, *lines):
    """The good handshake with the line of that field, or the request line, replaced by `lines`."""
    kept = [line for line in GOOD if not line.startswith(name)]
    assert len(kept) == len(GOOD) - 1
    return "\r\n".join([*lines, *kept, "", ""] if name == "GET" else [*kept, *lines, "", ""])


def reasons(daemon):
    """Status and `why` of every request, in order. Ends the daemon."""
    daemon.stop()
    return [(line["status"], line.get("why")) for line in daemon.access_log()]


def test_W_1_a_handshake(daemon):
    for index in (IPV4, UNIX):
        with daemon.connect(index) as connection:
            answer = connection.send(ws.head()).answer()
            assert answer.status == 101 and answer["Sec-WebSocket-Accept"] == ws.ACCEPT
            assert answer["Upgrade"] == "websocket" and answer["Connection"] == "Upgrade"
            assert answer["Sec-WebSocket-Protocol"] is None and answer["Sec-WebSocket-Extensions"] is None
    with SecureConnection(daemon.address(SECURE)) as connection:
        assert connection.send(ws.head()).answer()["Sec-WebSocket-Accept"] == ws.ACCEPT
    assert reasons(daemon) == [(101, None)] * 3


@pytest.mark.parametrize("fields", [
    {"Upgrade": ["Upgrade: WebSocket"]},
    {"Upgrade": ["Upgrade: h2c, WEBSOCKET"]},
    {"Upgrade": ["Upgrade: h2c", "Upgrade: websocket"]},
    {"Connection": ["Connection: keep-alive, Upgrade"]},
    {"Connection": ["Connection: keep-alive", "connection: UPGRADE"]},
    {"Connection": ["Connection: ,, upgrade ,"]},
    {"Host": ["Host: 127.0.0.1:99"]},
    {"Sec-WebSocket-Key": ["sec-websocket-KEY:AAAAAAAAAAAAAAAAAAAAAA=="]},
    {"Sec-WebSocket-Key": ["Sec-WebSocket-Key: \t" + ws.KEY + " \t"]},
    {"Sec-WebSocket-Version": ["Sec-WebSocket-Version:13"]},
    {"GET": ["GET /echo?q=1 HTTP/1.1", "Content-Length: 0"]},
], ids=str)
def test_W_1_what_a_handshake_may_look_like(daemon, fields):
    for name, lines in fields.items():
        request = with_line(name, *lines)
        with daemon.connect() as connection:
            assert connection.send(request).answer().status == 101, request


BAD_KEYS = ["", "AAAA", ws.KEY[:-1], ws.KEY + "=", ws.KEY[:-2], ws.KEY + "AAAA", "dGhlIHNhbXBsZSBub25jZQ!=", "A" * 24,
            "dGhlIHNhbXBsZSBub25jZR==", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", ws.KEY[:10] + " " + ws.KEY[10:]]


def test_W_1_a_handshake_that_is_none_gets_400(daemon):
    bad = [with_line("GET", "GET /echo HTTP/1.0"), with_line("GET", "POST /echo HTTP/1.1", "Content-Length: 0"),
           with_line("GET", "HEAD /echo HTTP/1.1"), with_line("GET", "PUT /echo HTTP/1.1", "Content-Length: 0"),
           with_line("Connection"), with_line("Connection", "Connection: keep-alive"), with_line("Connection", "Connection: close"),
           with_line("Connection", "Connection: upgraded"), with_line("Connection", "Connection: xupgrade, up"),
           with_line("Sec-WebSocket-Key"), with_line("Sec-WebSocket-Key", *[f"Sec-WebSocket-Key: {ws.KEY}"] * 2),
           with_line("Sec-WebSocket-Version"),
           ws.head("/echo", "Content-Length: 3") + "abc", ws.head("/echo", "Transfer-Encoding: chunked") + "0\r\n\r\n",
           ws.head("/echo", "Sec-WebSocket-Protocol: a b"), ws.head("/echo", "Sec-WebSocket-Protocol: \"chat\""),
           ws.head("/echo", "Sec-WebSocket-Extensions: a; ="), ws.head("/echo", "Sec-WebSocket-Extensions: x y")]
    bad += [with_line("Sec-WebSocket-Key", f"Sec-WebSocket-Key: {key}") for key in BAD_KEYS]
    for request in bad:
        answer = daemon.ask(request, request.split(" ")[0])
        assert answer.status == 400 and answer["Upgrade"] is None and answer["Sec-WebSocket-Accept"] is None, request
    assert reasons(daemon) == [(400, "ws_bad_handshake")] * len(bad)


@pytest.mark.parametrize("version", [["12"], ["8"], ["0"], ["14"], ["013"], ["13, 8"], ["x"], [""], ["13", "13"], ["13", "8"]])
def test_W_1_another_version_gets_426_and_learns_ours(daemon, version):
    answer = daemon.ask(with_line("Sec-WebSocket-Version", *[f"Sec-WebSocket-Version: {each}" for each in version]))
    assert answer.status == 426 and answer["Sec-WebSocket-Version"] == "13"
    assert answer["Upgrade"] == "websocket" and answer["Connection"] == "Upgrade"
    assert reasons(daemon) == [(426, "ws_version")]


def test_W_1_a_refusal_leaves_the_connection_to_http(daemon):
    with daemon.connect() as connection:
        for request, status in ((with_line("Sec-WebSocket-Key"), 400), (with_line("Sec-WebSocket-Version", "Sec-WebSocket-Version: 9"), 426),
                                (ws.head("/listed", "Origin: https://evil.example.net"), 403)):
            assert connection.send(request).answer().status == status
        assert connection.send("GET /plain HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().body == b"plain"
        begin(connection).send(ws.text("after all that")).expect(TEXT, "after all that").leave()


def test_W_2_a_plain_get_is_told_to_upgrade(daemon):
    for fields in ("", "Upgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade: websockets\r\nConnection: Upgrade\r\n"):
        answer = daemon.get("/echo", fields)
        assert answer.status == 426 and answer["Upgrade"] == "websocket" and answer["Connection"] == "Upgrade"
        assert answer["Sec-WebSocket-Version"] == "13"
    assert daemon.get("/echo", method="HEAD").status == 426
    assert reasons(daemon) == [(426, "ws_upgrade_required")] * 4


def test_W_2_the_sibling_route_has_the_page(daemon):
    assert daemon.get("/both").body == b"a page"
    begin(daemon.connect(), "/both").leave()


@pytest.mark.parametrize("target,origin,status", [
    ("/echo", None, 101),
    ("/echo", "http://example.com", 101),
    ("/echo", "https://EXAMPLE.com", 101),
    ("/echo", "http://www.example.com", 403),
    ("/echo", "http://example.com.example.net", 403),
    ("/echo", "http://example.com:81", 403),
    ("/echo", "null", 403),
    ("/echo", "example.com", 403),
    ("/echo", "", 403),
    ("/listed", "https://www.example.com", 101),
    ("/listed", "https://WWW.example.com", 101),
    ("/listed", "http://localhost:8080", 101),
    ("/listed", None, 101),
    ("/listed", "http://www.example.com", 403),
    ("/listed", "https://www.example.com:8443", 403),
    ("/listed", "http://localhost", 403),
    ("/listed", "https://www.example.com.example.net", 403),
    ("/listed", "http://example.com", 403),
    ("/listed", "null", 403),
    ("/anybody", "https://anybody.example.net", 101),
    ("/anybody", "null", 101),
    ("/anybody", None, 101),
    ("/pages", None, 403),
    ("/pages", "http://example.com", 101),
    ("/pages", "http://example.net", 403),
])
def test_W_3_origins(daemon, target, origin, status):
    answer = daemon.ask(ws.head(target, *([] if origin is None else [f"Origin: {origin}"])))
    assert answer.status == status and (answer["Sec-WebSocket-Accept"] is None) == (status == 403)
    assert reasons(daemon) == [(status, None if status == 101 else "ws_origin")]


def test_W_3_two_origins_are_none(daemon):
    assert daemon.ask(ws.head("/echo", "Origin: http://example.com", "Origin: http://example.net")).status == 403


def test_W_3_the_default_is_the_host_that_is_asked_with_its_port(daemon):
    host, port = daemon.address()
    for origin, status in ((f"http://{host}:{port}", 101), (f"http://{host}", 403)):
        assert daemon.ask(ws.head("/echo", f"Origin: {origin}", host=f"{host}:{port}")).status == status


@pytest.mark.parametrize("offers,chosen", [
    ([], None),
    (["chat.v1"], "chat.v1"),
    (["chat.v1, chat.v2"], "chat.v1"),
    (["chat.v2, chat.v1"], "chat.v2"),
    (["x, y", "chat.v2", "chat.v1"], "chat.v2"),
    (["x , ,chat.v1"], "chat.v1"),
    (["x, y"], None),
    (["CHAT.V1"], None),
    (["chat.v"], None),
])
def test_W_4_the_first_subprotocol_of_the_clients_that_we_have(daemon, offers, chosen):
    answer = daemon.ask(ws.head("/chat", *[f"Sec-WebSocket-Protocol: {offer}" for offer in offers]))
    assert answer.status == 101 and answer["Sec-WebSocket-Protocol"] == chosen


EARLY = ws.text("first", fin=False) + ws.frame(PING, b"p") + ws.frame(ws.CONTINUATION, " half") + ws.binary(b"\0\xff") + ws.close(3000)


def answered(client):
    """What EARLY gets."""
    client.expect(PONG, b"p").expect(TEXT, "first half").expect(BINARY, b"\0\xff").closes(3000)


def test_W_15_frames_that_come_with_the_handshake(daemon):
    for index in (IPV4, UNIX):
        answered(begin(daemon.connect(index), early=EARLY))
    answered(begin(SecureConnection(daemon.address(SECURE)), early=EARLY))


def test_W_15_behind_other_requests_of_the_same_send(daemon):
    with daemon.connect() as connection:
        connection.send("GET /plain HTTP/1.1\r\nHost: example.com\r\n\r\n" * 2 + ws.head() + EARLY.decode("latin-1"))
        assert [connection.answer().status for _ in range(2)] == [200, 200]
        answered(WebSocket(connection).begun())


def test_W_15_more_than_a_buffer_of_it(daemon):
    """Far more than is read along with a head, in one send."""
    count, payload = 40, b"x" * 60000
    client = begin(daemon.connect(), early=ws.binary(payload) * 4)
    for _ in range(4):
        client.expect(BINARY, payload)
    for _ in range(count):
        client.send(ws.binary(payload)).expect(BINARY, payload)
    client.leave()


def test_W_15_cut_at_every_byte(daemon):
    """The head and its frames in two pieces, each a read of its own; all at once, so that it takes no time."""
    whole = ws.head().encode() + EARLY
    running = [(cut, daemon.connect(UNIX)) for cut in range(1, len(whole))]
    for cut, connection in running:
        connection.send(whole[:cut])
    for _, connection in running:
        connection.taken()
    for cut, connection in running:
        with connection:
            connection.send(whole[cut:])
            answered(WebSocket(connection).begun())


def test_W_15_one_byte_at_a_time_and_in_two_records(daemon):
    whole = ws.head().encode() + EARLY
    with daemon.connect(UNIX) as connection:
        connection.send_in_pieces(whole, range(1, len(whole)))
        answered(WebSocket(connection).begun())
    for cut in (1, 20, len(ws.head()) - 1, len(ws.head()), len(ws.head()) + 1, len(whole) - 1):
        with SecureConnection(daemon.address(SECURE)) as connection:
            connection.send_in_pieces(whole, [cut])
            answered(WebSocket(connection).begun())
