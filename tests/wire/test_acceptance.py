"""Configurations that others have written for flared, with placeholders for ports and folders: they are accepted, and serve."""

import re
import socket
from pathlib import Path

import pytest
import ws
from tls import Issuer, SecureConnection, context
from upstream import Upstream, ok
from wire import Connection, flared

FOLDER = Path(__file__).parent / "acceptance"


def free_ports(count):
    """Free on both loopbacks, and for a moment longer: nobody else has been given them."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@pytest.fixture(name="places")
def what_the_placeholders_stand_for(tmp_path):
    Issuer(tmp_path).make("main", "DNS:main.test").make("alt", "DNS:alt.test").make("cert", "DNS:localhost")
    (tmp_path / "cert.crt").rename(tmp_path / "cert.pem")
    (tmp_path / "cert.key").rename(tmp_path / "key.pem")
    for root in ("www", "alt"):
        (tmp_path / root).mkdir()
        (tmp_path / root / "index.html").write_text(f"a page of {root}")
    first, second, small, big, sockets = free_ports(5)
    return {"P0": first, "P": first, "P1": second, "Q": second, "UPS": small, "UPB": big, "WSU": sockets, "W": 2,
            "ROOT": tmp_path / "www", "WWW": tmp_path / "www", "ALT": tmp_path / "alt", "D": tmp_path, "RUN": tmp_path}


def filled(name, places):
    text = re.sub(r"@([A-Z0-9]+)@", lambda found: str(places[found[1]]), (FOLDER / name).read_text())
    assert "@" not in text
    return text


@pytest.mark.parametrize("name", ["suite.toml.in", "bench.toml.in"])
def test_they_are_accepted(tmp_path, places, name):
    file = tmp_path / "flare.toml"
    file.write_text(filled(name, places))
    done = flared("check", file)
    assert done.returncode == 0 and "error" not in done.stderr, done.stderr


def test_the_suite_is_served(start, places):
    daemon = start(filled("suite.toml.in", places))
    for where in (("127.0.0.1", places["P"]), ("::1", places["P"])):
        with Connection(where) as connection:
            answer = connection.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
            assert answer.body == b"a page of www"
            ws.begin(connection, "/ws/a").send(ws.text("echo")).expect(ws.TEXT, "echo").leave()
    for name, page in (("main.test", b"a page of www"), ("alt.test", b"a page of alt")):
        with SecureConnection(("127.0.0.1", places["Q"]), name, context()) as connection:
            assert connection.subject() == name.split(".")[0]
            assert connection.get("/").body == page
    assert daemon.get("/dead/x").status == 502


def test_the_bench_is_served(start, places):
    def serve(peer):
        while True:
            try:
                asked = peer.request()
            except AssertionError:
                return  # the proxy has closed
            peer.send(ok(asked.target))

    with Upstream(serve, ("127.0.0.1", places["UPS"])):
        daemon = start(filled("bench.toml.in", places))
        assert daemon.get("/plaintext").body == b"Hello, World!"
        assert daemon.get("/proxy/plaintext").body == b"/plaintext"
        assert daemon.get("/index.html").body == b"a page of www"
        with SecureConnection(("127.0.0.1", places["P1"]), "localhost") as connection:
            ws.begin(connection, "/ws").send(ws.binary(bytes(1 << 20))).expect(ws.BINARY, bytes(1 << 20)).leave()
        daemon.stop()
