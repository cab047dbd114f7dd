"""Handshakes, byte by byte and client by client (behaviour.md T-1 to T-7)."""

import re
import socket
import ssl
import subprocess
import threading

import pytest

from tls import Issuer, SecureConnection, alert_of, closes, context, openssl, raw_hello, subject_for
from wire import PATIENCE, Connection

CONFIG = """
[server]
workers = {workers}
[listen.secure]
address = "127.0.0.1:0"
tls = true
[listen.plain]
address = "127.0.0.1:0"
{certificates}
[tls]
{tls}
[log.access]
to = ["stdout"]
[host.main]
names = ["_"]
[[host.main.route]]
path = "/**"
respond = {{ status = 200, type = "text/plain", text = "main" }}
[[host.main.route]]
path = "/large/**"
static = {{ root = "{dir}/files" }}
[[host.main.route]]
path = "/upload"
method = ["POST"]
respond = {{ status = 200, type = "text/plain", text = "taken" }}
"""
OTHER = """
[host.other]
names = ["other.test", "*.wild.test"]
hsts = "180d"
[[host.other.route]]
path = "/**"
respond = { status = 200, type = "text/plain", text = "other" }
"""
TLS12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS13 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    """Self-signed certificates, by the names in them."""
    made = Issuer(tmp_path_factory.mktemp("issued"))
    made.make("main", "DNS:main.test,DNS:Second.test").make("main-rsa", "DNS:main.test,DNS:second.test", key="2048")
    made.make("other", "DNS:other.test,DNS:exact.wild.test").make("wild", "DNS:*.wild.test")
    return made.make("slow", "DNS:slow.test", key="4096")


@pytest.fixture
def serve(start, issued, tmp_path):
    """serve(tls, names, ...) gives a daemon with those certificates, the first of them the default."""

    def serve(tls="", names=("main", "other", "wild"), workers=2, default=True):
        (tmp_path / "files").mkdir(exist_ok=True)
        (tmp_path / "files" / "large").write_bytes(b"x" * 3_000_001)
        certificates = "".join(
            issued.toml(name, "default = true" if default and name == names[0] else "") for name in names)
        text = CONFIG.format(workers=workers, certificates=certificates, tls=tls, dir=tmp_path)
        return start(text + (OTHER if "other" in names else ""))

    return serve


def s_client(daemon, *arguments, name="main.test"):
    """What the openssl command says of a handshake."""
    host, port = daemon.address()
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", name, *arguments],
                          input=b"", capture_output=True, timeout=PATIENCE)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


# ---- T-1


@pytest.mark.parametrize("versions", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_T_1_both_versions_are_spoken(serve, versions):
    with SecureConnection(serve().address(), how=context(versions=versions)) as connection:
        assert connection.get().body == b"main"
        assert connection.socket.cipher()[0] in ("TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256")
        assert connection.socket.compression() is None


def test_T_1_older_versions_and_weak_ciphers_are_not(serve):
    daemon = serve(names=("main", "main-rsa", "other", "wild"))
    for arguments in (["-tls1"], ["-tls1_1"], ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
                      ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"],
                      ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], ["-tls1_2", "-cipher", "CAMELLIA128-SHA"]):
        said = s_client(daemon, *arguments)
        assert "alert" in said or "no protocols available" in said or "no ciphers available" in said, (arguments, said)
    assert "why=tls_nothing_shared" in "\n".join(daemon.wait_for_log("tls_nothing_shared"))


def test_T_1_min_version_and_modern(serve):
    for tls in ('min_version = "1.3"', 'ciphers = "modern"'):
        daemon = serve(tls)
        assert "PROTOCOL_VERSION" in alert_of(daemon.address(), how=context(versions=TLS12)).upper()
        assert subject_for(daemon.address(), "main.test", context(versions=TLS13)) == "main"
        daemon.stop()


def test_T_1_a_client_that_prefers_chacha_gets_it(serve):
    daemon = serve()
    chosen = s_client(daemon, "-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256")
    assert "TLS_CHACHA20_POLY1305_SHA256" in chosen
    chosen = s_client(daemon, "-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256")
    assert "Cipher is TLS_AES_128_GCM_SHA256" in chosen, "else the server's order counts"


def test_T_1_nobody_renegotiates(serve):
    host, port = serve().address()
    client = subprocess.Popen(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2", "-servername", "main.test"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = client.communicate(b"R\n", timeout=PATIENCE)
    assert b"RENEGOTIATING" in said and (b"no renegotiation" in said or b"alert" in said), said[-500:]


# ---- T-2


def test_T_2_names_pick_certificates(serve):
    where = serve().address()
    table = {"main.test": "main", "MAIN.Test": "main", "second.test": "main", "other.test": "other", "exact.wild.test": "other",
             "a.wild.test": "wild", None: "main", "127.0.0.1": "main"}
    assert {name: subject_for(where, name) for name in table} == table


@pytest.mark.parametrize("name", ["unknown.test", "a.b.wild.test", "wild.test"])
def test_T_2_an_unknown_name_is_refused_or_gets_the_default(serve, name):
    daemon = serve()
    assert alert_of(daemon.address(), name) == "TLSV1_UNRECOGNIZED_NAME"
    assert "info" in daemon.wait_for_log("why=unknown_server_name")[-1]
    daemon.stop()
    assert subject_for(serve('unknown_sni = "default-cert"').address(), name) == "main"


def test_T_2_who_names_nobody_needs_a_default(serve):
    assert alert_of(serve(default=False).address(), None) == "TLSV1_UNRECOGNIZED_NAME"
    assert subject_for(serve(names=("main",), default=False).address(), None) == "main"


def test_T_2_two_kinds_of_keys_are_a_pair(serve):
    daemon = serve(names=("main-rsa", "main", "other", "wild"))
    for arguments, wanted in ((["-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"], "main-rsa"), (["-sigalgs", "ecdsa_secp256r1_sha256"], "main")):
        for version in ("-tls1_2", "-tls1_3"):
            assert f"CN = {wanted}," in s_client(daemon, version, *arguments).replace("CN=", "CN = "), (arguments, version)
    assert subject_for(daemon.address(), "main.test") == "main", "who can do both gets the cheaper one"


# ---- T-3


def test_T_3_protocols(serve):
    where = serve().address()
    with SecureConnection(where, how=context(alpn=["h2", "http/1.1"])) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"
    with SecureConnection(where) as connection:
        assert connection.socket.selected_alpn_protocol() is None and connection.get().body == b"main"
    assert "no application protocol" in alert_of(where, how=context(alpn=["h2", "spdy/1"]))


# ---- T-4


def test_T_4_plain_http_on_a_tls_port(serve):
    daemon = serve()
    with daemon.connect() as connection:
        connection.send("GET / HTTP/1.1\r\nHost: main.test\r\n\r\n")
        head = connection.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ") and b"\r\nConnection: close" in head
        assert connection.exactly(30) == b"plain HTTP sent to HTTPS port\n"
        assert connection.ended() == "closed"
    daemon.wait_for_log("why=plain_http_on_tls")


def test_T_4_tls_on_a_plain_port(serve):
    daemon = serve()
    with daemon.connect(1) as connection:
        assert connection.send(raw_hello()).ended() in ("closed", "reset")
    daemon.wait_for_log("why=tls_on_plain_port")
    assert daemon.get("/", host="main.test", index=1).body == b"main", "others go on"


# ---- T-5


def test_T_5_a_hello_may_come_byte_by_byte(serve):
    where = serve().address()
    with Connection(where) as raw:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context().wrap_bio(incoming, outgoing, server_hostname="main.test")

        def send_slowly():
            for byte in outgoing.read():
                raw.send(bytes([byte]))

        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                send_slowly()
                incoming.write(raw.socket.recv(100))
        client.write(b"GET / HTTP/1.1\r\nHost: main.test\r\nConnection: close\r\n\r\n")
        send_slowly()
        answer = b""
        while True:
            try:
                piece = client.read(1000)
            except ssl.SSLWantReadError:
                incoming.write(raw.socket.recv(7))
                continue
            except ssl.SSLZeroReturnError:
                break
            if not piece:
                break
            answer += piece
        assert answer.endswith(b"\r\n\r\nmain")


@pytest.mark.parametrize("bytes_sent", [b"", b"\x16", raw_hello()[:100], raw_hello()], ids=["silent", "a byte", "half", "hello"])
def test_T_5_a_handshake_that_does_not_end_is_ended(serve, bytes_sent):
    daemon = serve('handshake_timeout = "700ms"', workers=1)
    with daemon.connect() as stuck:
        stuck.send(bytes_sent)
        with SecureConnection(daemon.address()) as other:
            assert other.get().body == b"main", "others are served meanwhile"
        closes(stuck)
    assert " info " in daemon.wait_for_log("why=tls_timeout")[-1]


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x03\x01" + b"\0" * 41,
    raw_hello()[:60] + b"\xff" * 4000, b"\x17\x03\x03\x00\x20" + b"\0" * 32, b"\0" * 100, b"\x14\x03\x03\x00\x01\x01",
], ids=["short", "too long", "alert", "SSLv2", "mangled", "data", "zeros", "change"])
def test_T_5_garbage_ends_with_a_reason(serve, garbage):
    daemon = serve('handshake_timeout = "1s"', workers=1)
    with daemon.connect() as connection:
        try:
            connection.send(garbage)
        except (BrokenPipeError, ConnectionResetError):
            pass
        closes(connection)
    line = daemon.wait_for_log("TLS handshake failed")[-1]
    assert " info " in line and ("why=tls_timeout" in line or ("why=tls_" in line and "(" in line)), line
    with SecureConnection(daemon.address()) as other:
        assert other.get().body == b"main"


def test_T_5_costly_handshakes_hold_up_nobody(serve):
    """A key of 4096 bits takes milliseconds; while a crowd of them is served, a kept connection of the same worker is too."""
    daemon = serve(names=("main", "slow"), workers=1)
    with SecureConnection(daemon.address()) as kept:
        kept.get()
        crowd = [threading.Thread(target=subject_for, args=(daemon.address(), "slow.test")) for _ in range(20)]
        for each in crowd:
            each.start()
        for _ in range(100):
            assert kept.get().body == b"main"
        for each in crowd:
            each.join()


def test_T_5_a_client_may_begin_so_many_handshakes(serve):
    daemon = serve('handshake_rate = "3/m"\n', names=("main",))
    with SecureConnection(daemon.address()) as connection:
        assert connection.get().body == b"main"
    with daemon.connect() as refused:
        closes(refused)
    daemon.wait_for_log("why=handshake_rate")


# ---- T-6


def test_T_6_close_notify_is_the_last_thing(serve):
    with SecureConnection(serve().address()) as connection:
        assert connection.get(fields="Connection: close\r\n").body == b"main"
        assert connection.socket.recv(1) == b"", "a ragged end would be an SSLError"


def test_T_6_a_client_need_not_say_it(serve):
    daemon = serve(workers=1)
    connection = SecureConnection(daemon.address())
    assert connection.get().body == b"main"
    connection.socket.detach()  # the descriptor is closed without a word
    with SecureConnection(daemon.address()) as other:
        assert other.get().body == b"main"
    daemon.stop()
    assert all("tls" not in line or "handshake" in line for line in daemon.log if line and "warning" in line)


def test_T_6_a_drain_says_it_too(serve):
    daemon = serve()
    with SecureConnection(daemon.address()) as idle:
        idle.get()
        daemon.signal()
        assert idle.socket.recv(1) == b""


# ---- T-7


def resumed(where, name, session, how):
    with SecureConnection(where, name, how, session=session) as connection:
        assert connection.get(host=name).status in (200, 421)
        return connection.socket.session_reused, connection.socket.session


@pytest.mark.parametrize("versions", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_T_7_sessions_resume_with_every_worker(serve, versions):
    daemon = serve()
    how = context(versions=versions)
    _, session = resumed(daemon.address(), "main.test", None, how)
    for _ in range(12):
        again, session = resumed(daemon.address(), "main.test", session, how)
        assert again
    daemon.stop()
    assert any("resumed" in line and " (0 resumed)" not in line for line in daemon.log if line and line.count("worker"))


@pytest.mark.parametrize("versions", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_T_7_but_never_under_another_name(serve, versions):
    where = serve().address()
    how = context(versions=versions)
    _, session = resumed(where, "main.test", None, how)
    assert resumed(where, "second.test", session, how)[0] is False, "the same certificate, another host"
    assert resumed(where, "main.test", session, how)[0] is True


def test_T_7_without_tickets_nothing_resumes(serve):
    where = serve("tickets.enabled = false").address()
    for versions in (TLS12, TLS13):
        how = context(versions=versions)
        _, session = resumed(where, "main.test", None, how)
        if session is not None:
            assert resumed(where, "main.test", session, how)[0] is False


# ---- what rides on it


def test_H_37_a_name_of_another_certificate_is_misdirected(serve):
    daemon = serve()
    with SecureConnection(daemon.address()) as connection:
        assert connection.get(host="second.test").status == 200
        assert connection.get(host="other.test").status == 421
        assert connection.get(host="a.wild.test").status == 421
        assert connection.get(host="main.test").status == 200
    daemon.stop()
    assert [line.get("why") for line in daemon.access_log()] == [None, "wrong_server_name", "wrong_server_name", None]


def test_hsts_is_for_https_alone(serve):
    daemon = serve()
    with SecureConnection(daemon.address(), "other.test") as connection:
        assert connection.get()["Strict-Transport-Security"] == "max-age=15552000"
    assert daemon.get("/", host="other.test", index=1)["Strict-Transport-Security"] is None
    with SecureConnection(daemon.address()) as connection:
        assert connection.get()["Strict-Transport-Security"] is None


def test_a_large_file_arrives_whole_however_slow_the_reader(serve):
    with SecureConnection(serve(workers=1).address()) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        for _ in range(2):
            answer = connection.get("/large/large")
            assert answer.body == b"x" * 3_000_001


def test_pipelined_requests_and_uploads(serve):
    with SecureConnection(serve(workers=1).address()) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: main.test\r\n\r\n" * 50)
        assert [connection.answer().body for _ in range(50)] == [b"main"] * 50
        connection.send("POST /upload HTTP/1.1\r\nHost: main.test\r\nContent-Length: 60000\r\n\r\n")
        connection.send(b"y" * 60_000)
        assert connection.answer().body == b"taken"
        assert connection.get().body == b"main"


def test_a_request_in_records_of_a_byte(serve):
    with SecureConnection(serve(workers=1).address()) as connection:
        for byte in b"GET / HTTP/1.1\r\nHost: main.test\r\n\r\n":
            connection.send(bytes([byte]))
        assert connection.answer().body == b"main"


def test_a_kept_connection_costs_one_read_and_one_write_a_request(serve):
    daemon = serve(workers=1)
    with SecureConnection(daemon.address()) as connection:
        for _ in range(200):
            connection.get()
    daemon.stop()
    reads, writes = map(int, re.search(r"(\d+) reads, (\d+) writes", daemon.errors()).groups())
    assert reads <= 206 and writes <= 204, (reads, writes)


def test_the_proxy_header_comes_before_the_handshake(start, issued, tmp_path):
    (tmp_path / "files").mkdir()
    proxied = CONFIG.replace("tls = true\n", 'tls = true\nproxy_protocol = "require"\nproxy_from = ["127.0.0.1"]\n')
    daemon = start(proxied.format(workers=1, certificates=issued.toml("main"), tls="", dir=tmp_path))
    connection = Connection(daemon.address())
    connection.send("PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n")
    connection.socket = context().wrap_socket(connection.socket, server_hostname="main.test")
    assert connection.send("GET / HTTP/1.1\r\nHost: main.test\r\n\r\n").answer().body == b"main"
    connection.socket.close()
    daemon.stop()
    assert daemon.access_log()[0]["client"] == "192.0.2.7"
