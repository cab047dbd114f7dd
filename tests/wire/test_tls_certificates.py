"""Certificates while the server runs, keys that it should not take, and clients that show their own (behaviour.md T-7 to T-10)."""

import os
import time

import pytest

from test_tls import TLS12, TLS13, resumed
from tls import Issuer, SecureConnection, alert_of, context, openssl, subject_for
from wire import PATIENCE, flared

CONFIG = """
[server]
workers = 2
[listen.secure]
address = "127.0.0.1:0"
tls = true
{certificates}
[log.access]
to = ["stdout"]
[host.main]
names = ["main.test"]
[[host.main.route]]
path = "/**"
respond = {{ text = "main" }}
{more}
"""


@pytest.fixture
def issuer(tmp_path):
    return Issuer(tmp_path / "certs")


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never: {what}"


def swap(issuer, source, target, order=("crt", "key")):
    for kind in order:
        aside = issuer[f"{target}.{kind}.new"]
        aside.write_bytes(issuer[f"{source}.{kind}"].read_bytes())
        aside.chmod(0o600)
        os.rename(aside, issuer[f"{target}.{kind}"])


# ---- T-8


@pytest.mark.parametrize("key", ["P-256", "2048"])
def test_T_8_a_renewed_pair_is_in_use_within_two_seconds(start, issuer, key):
    issuer.make("live", "DNS:main.test").make("next", "DNS:main.test", key=key)
    daemon = start(CONFIG.format(certificates=issuer.toml("live"), more=""))
    with SecureConnection(daemon.address()) as kept:
        how = context()
        _, session = resumed(daemon.address(), "main.test", None, how)
        swap(issuer, "next", "live")
        swapped = time.monotonic()
        until(lambda: subject_for(daemon.address(), "main.test") == "next", "the new certificate")
        assert time.monotonic() - swapped < 5, "2 s on a machine of its own"
        assert kept.get().body == b"main" and kept.subject() == "live", "a connection outlives the certificate it began with"
        assert resumed(daemon.address(), "main.test", session, how)[0], "tickets do too (T-7)"
    daemon.wait_for_log("new certificate in use: O=Example,CN=next")


def test_T_8_by_symbolic_link(start, tmp_path):
    for version, folder in enumerate((Issuer(tmp_path / "v1"), Issuer(tmp_path / "v2"))):
        folder.make("live", "DNS:main.test")
        folder.make(f"version{version}", "DNS:main.test")
        swap(folder, f"version{version}", "live")
    (tmp_path / "link").symlink_to("v1")
    daemon = start(CONFIG.format(certificates=Issuer(tmp_path / "link").toml("live"), more=""))
    assert subject_for(daemon.address(), "main.test") == "version0"
    (tmp_path / "link.new").symlink_to("v2")
    os.rename(tmp_path / "link.new", tmp_path / "link")
    until(lambda: subject_for(daemon.address(), "main.test") == "version1", "the certificate behind the other link")


def test_T_8_a_broken_pair_leaves_the_old_one(start, issuer):
    issuer.make("live", "DNS:main.test").make("next", "DNS:main.test")
    daemon = start(CONFIG.format(certificates=issuer.toml("live"), more=""))
    swap(issuer, "next", "live", ["crt"])
    line = daemon.wait_for_log("cannot be used, the old one stays")[-1]
    assert "live.crt" in line and "belongs to another certificate" in line
    assert subject_for(daemon.address(), "main.test") == "live"
    swap(issuer, "next", "live", ["key"])
    until(lambda: subject_for(daemon.address(), "main.test") == "next", "the completed pair")
    issuer["live.crt"].write_text("rubbish")
    daemon.wait_for_log("cannot be used, the old one stays", 2)
    assert subject_for(daemon.address(), "main.test") == "next"


def test_T_8_watch_may_be_off(start, issuer):
    issuer.make("live", "DNS:main.test").make("next", "DNS:main.test").make("seen", "DNS:seen.test")
    quiet = start(CONFIG.format(certificates="[tls]\nwatch = false\n" + issuer.toml("live"), more=""))
    swap(issuer, "next", "live")
    again = start(CONFIG.format(certificates=issuer.toml("seen") + issuer.toml("live"), more=""))
    issuer.make("third", "DNS:seen.test")
    swap(issuer, "third", "seen")
    until(lambda: subject_for(again.address(), "seen.test") == "third", "a daemon that looks has looked")
    assert subject_for(quiet.address(), "main.test") == "live"


def test_expiry_is_told_at_the_start(start, issuer):
    issuer.make("live", "DNS:main.test", days=5)
    daemon = start(CONFIG.format(certificates=issuer.toml("live"), more=""))
    lines = daemon.wait_for_log("expires in 4 days: renew it")
    assert any(" warning " in line and "live.crt" in line for line in lines)


# ---- T-9


def check(tmp_path, text):
    (tmp_path / "flare.toml").write_text(CONFIG.format(certificates=text, more=""))
    return flared("check", tmp_path / "flare.toml")


def test_T_9_a_key_that_others_may_read(tmp_path, issuer):
    issuer.make("live", "DNS:main.test")
    for mode in (0o640, 0o604, 0o644):
        issuer["live.key"].chmod(mode)
        done = check(tmp_path, issuer.toml("live"))
        assert done.returncode == 1 and "FL0301" in done.stderr and f"({mode:04o})" in done.stderr and "chmod 600" in done.stderr
        assert check(tmp_path, issuer.toml("live", 'key_mode = "any"')).returncode == 0


def test_T_9_an_encrypted_key(tmp_path, issuer, start):
    issuer.make("live", "DNS:main.test")
    openssl("pkcs8", "-topk8", "-in", issuer["live.key"], "-out", issuer["sealed.key"], "-passout", "pass:open sesame")
    os.rename(issuer["sealed.key"], issuer["live.key"])
    issuer["live.key"].chmod(0o600)
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    secret.chmod(0o600)
    assert "is encrypted: give its passphrase" in check(tmp_path, issuer.toml("live")).stderr
    sealed = issuer.toml("live", f'passphrase = "@file:{secret}"')
    assert check(tmp_path, sealed).returncode == 0
    assert subject_for(start(CONFIG.format(certificates=sealed, more="")).address(), "main.test") == "live"
    secret.write_text("wrong")
    done = check(tmp_path, sealed)
    assert "does not open the private key" in done.stderr and "wrong" not in done.stderr.replace("does not open", "")


@pytest.mark.parametrize("make, message", [
    (lambda it: expired(it), "expired on"),
    (lambda it: it.make("live", "DNS:main.test", key="1024"), "too short"),
    (lambda it: (it.make("live", "DNS:main.test").make("x", "DNS:main.test"), swap(it, "x", "live", ["key"])), "belongs to another certificate"),
    (lambda it: (it.make("live", "DNS:main.test"), it["live.crt"].unlink()), "cannot read"),
    (lambda it: (it.make("live", "DNS:main.test"), it["live.crt"].write_text("x")), "holds no certificate"),
], ids=["expired", "weak", "mismatch", "missing", "rubbish"])
def test_FL0301_what_is_wrong_with_a_pair(tmp_path, issuer, make, message):
    make(issuer)
    done = check(tmp_path, issuer.toml("live"))
    assert done.returncode == 1 and "FL0301" in done.stderr and message in done.stderr, done.stderr


def expired(issuer):
    """Signed for a past day, which `openssl ca` can do."""
    issuer.make("live", "DNS:main.test")
    folder = issuer.folder
    (folder / "index").write_text("")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\nserial={folder}/serial\ndefault_md=sha256\npolicy=p\n"
        "[p]\ncommonName=supplied\norganizationName=optional\n")
    (folder / "serial").write_text("01\n")
    openssl("req", "-new", "-key", folder / "live.key", "-subj", "/CN=live/O=Example", "-out", folder / "live.csr")
    openssl("ca", "-batch", "-config", folder / "ca.cnf", "-selfsign", "-keyfile", folder / "live.key", "-in", folder / "live.csr",
            "-out", folder / "live.crt", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")


# ---- T-10


@pytest.fixture
def authority(issuer):
    ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    issuer.make("ca", extra=ca).make("foreign-ca", extra=ca)
    issuer.make("live", "DNS:main.test,DNS:closed.test,DNS:asked.test")
    return issuer.make("client", signer="ca").make("stranger", signer="foreign-ca")


@pytest.fixture
def guarded(start, authority):
    hosts = "".join(f"""
[host.{mode}]
names = ["{name}"]
client_auth = {{ mode = "{mode}", ca = "{authority['ca.crt']}" }}
[[host.{mode}.route]]
path = "/**"
respond = {{ text = "{mode}" }}
""" for mode, name in (("require", "closed.test"), ("request", "asked.test")))
    return start(CONFIG.format(certificates=authority.toml("live"), more=hosts))


@pytest.mark.parametrize("versions", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_T_10_who_is_let_in(guarded, authority, versions):
    def shown(name, client):
        how = context(versions=versions, client=client and authority[client])
        with SecureConnection(guarded.address(), name, how) as connection:
            return connection.get().body

    assert shown("closed.test", "client") == b"require"
    for client in (None, "stranger"):
        alert = alert_of(guarded.address(), "closed.test", context(versions=versions, client=client and authority[client]))
        assert "ALERT" in alert.upper() or "HANDSHAKE" in alert.upper(), alert
        assert shown("asked.test", client) == b"request"
        assert shown("main.test", client) == b"main"
    assert shown("asked.test", "client") == b"request"
    guarded.wait_for_log("why=client_certificate")


def test_T_10_a_connection_for_another_host_is_misdirected(guarded, authority):
    with SecureConnection(guarded.address(), "main.test") as connection:
        assert connection.get(host="closed.test").status == 421
        assert connection.get(host="asked.test").status == 421
        assert connection.get(host="main.test").status == 200
    with SecureConnection(guarded.address(), "closed.test", context(client=authority["client"])) as connection:
        assert connection.get(host="main.test").status == 421, "nor the other way round"
    with SecureConnection(guarded.address(), None) as connection:
        assert connection.get(host="closed.test").status == 421, "who names nobody has shown nothing"


@pytest.mark.parametrize("versions", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_T_7_a_session_never_crosses_client_auth(guarded, versions):
    how = context(versions=versions)
    _, session = resumed(guarded.address(), "main.test", None, how)
    with SecureConnection(guarded.address(), "asked.test", how, session=session) as connection:
        assert connection.get().body == b"request" and connection.socket.session_reused is False
