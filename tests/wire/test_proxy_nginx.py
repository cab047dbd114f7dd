"""The reverse proxy in front of a real nginx: whole messages, TLS, servers that are killed and come back."""

import os
import socket
import threading

import pytest

from nginx import Nginx
from tls import Issuer
from wire import PATIENCE

CONFIG = """
[listen.web]
address = "127.0.0.1:0"
[log.access]
to = ["stdout"]
[limits]
keepalive_requests = 1000000000
[upstream.app]
servers = [{servers}]
{keys}
[[route]]
path = "/**"
proxy = {{ to = "app" }}
"""


def config(servers, keys=""):
    return CONFIG.format(servers=", ".join(f'{{ addr = "{server}" }}' for server in servers), keys=keys)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_whole_messages(start, tmp_path):
    with Nginx(tmp_path) as nginx:
        content = os.urandom(5_000_001)
        (nginx.folder / "files" / "large").write_bytes(content)
        daemon = start(config([nginx.address]))
        with daemon.connect() as client:
            for _ in range(3):
                answer = client.send("GET /large HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
                assert answer.body == content and answer["Accept-Ranges"] == "bytes" and answer["ETag"]
                assert answer["Server"] == "flared", "a hop's own"
            etag = answer["ETag"]
            part = client.send("GET /large HTTP/1.1\r\nHost: example.com\r\nRange: bytes=100-299999\r\n\r\n").answer()
            assert part.status == 206 and part.body == content[100:300000]
            same = client.send(f"GET /large HTTP/1.1\r\nHost: example.com\r\nIf-None-Match: {etag}\r\n\r\n").answer()
            assert same.status == 304
            head = client.send("HEAD /large HTTP/1.1\r\nHost: example.com\r\n\r\n").answer("HEAD")
            assert head["Content-Length"] == "5000001"
            for path, status in (("/missing", 404), ("/teapot", 418), ("/moved", 302)):
                assert client.send(f"GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().status == status
            assert client.send("GET /echo HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().body == b"GET 127.0.0.1 example.com"


def test_many_clients_get_what_is_theirs(start, tmp_path):
    with Nginx(tmp_path) as nginx:
        contents = [os.urandom(1000 + 70_001 * number) for number in range(8)]
        for number, content in enumerate(contents):
            (nginx.folder / "files" / str(number)).write_bytes(content)
        daemon = start(config([nginx.address]))
        failures = []

        def ask(number):
            with daemon.connect() as client:
                for turn in range(20):
                    which = (number + turn) % 8
                    answer = client.send(f"GET /{which} HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
                    if answer.body != contents[which]:
                        failures.append((number, turn))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert not failures


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    made = Issuer(tmp_path_factory.mktemp("issued"))
    made.make("authority", extra=["-addext", "basicConstraints=critical,CA:TRUE"])
    return made.make("app", "DNS:app.test", signer="authority").make("client", signer="authority")


def secure(tmp_path, issued, more=""):
    server = f"ssl_certificate {issued['app.crt']}; ssl_certificate_key {issued['app.key']}; {more}"
    return Nginx(tmp_path, "secure", listen=f"127.0.0.1:{free_port()} ssl", server=server)


@pytest.mark.parametrize("keys,status,why", [
    ('tls = {{ ca = "{dir}/authority.crt", sni = "app.test" }}', 200, None),
    ('tls = {{ ca = "{dir}/authority.crt" }}', 502, "certificate_hostname"),
    ('tls = {{ ca = "{dir}/authority.crt", sni = "other.test" }}', 502, "certificate_hostname"),
    ('tls = {{ sni = "app.test" }}', 502, "certificate_untrusted"),
    ("tls = {{ verify = false }}", 200, None),
])
def test_servers_over_tls_are_verified(start, tmp_path, issued, keys, status, why):
    with secure(tmp_path, issued) as nginx:
        content = os.urandom(400_000)
        (nginx.folder / "files" / "file").write_bytes(content)
        daemon = start(config([nginx.address], keys.format(dir=issued.folder)))
        for _ in range(2):
            answer = daemon.get("/file")
            assert answer.status == status
            assert status != 200 or answer.body == content
        daemon.stop()
        assert daemon.access_log()[-1].get("why") == why


def test_our_own_certificate_is_shown(start, tmp_path, issued):
    more = f"ssl_client_certificate {issued['authority.crt']}; ssl_verify_client on;"
    with secure(tmp_path, issued, more) as nginx:
        trusted = f'ca = "{issued.folder}/authority.crt", sni = "app.test"'
        daemon = start(config([nginx.address], f"tls = {{ {trusted} }}"))
        assert daemon.get("/name").status == 400, "nginx wants one"
        daemon.stop()
        own = f'cert = "{issued.folder}/client.crt", key = "{issued.folder}/client.key"'
        assert start(config([nginx.address], f"tls = {{ {trusted}, {own} }}")).get("/name").body == b"secure"


def test_one_of_three_is_killed_and_comes_back(start, tmp_path):
    """No idempotent request fails, and traffic returns."""
    with Nginx(tmp_path, "a") as a, Nginx(tmp_path, "b") as b, Nginx(tmp_path, "c") as c:
        keys = 'health = { path = "/name", interval = "200ms", timeout = "100ms", fall = 1, rise = 1 }\nbalance = "round_robin"'
        daemon = start(config([server.address for server in (a, b, c)], keys))
        stop, statuses = threading.Event(), []

        def load():
            with daemon.connect() as client:
                while not stop.is_set():
                    answer = client.send("GET /name HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
                    statuses.append((answer.status, answer.body))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            a.kill()
            daemon.wait_for_log("is down")
            os.unlink(a.socket)
            a.start()
            daemon.wait_for_log("is up again")
            mark = len(statuses)
            while (200, b"a") not in statuses[mark:]:
                assert threads[0].is_alive()
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
        assert {status for status, _ in statuses} == {200}
