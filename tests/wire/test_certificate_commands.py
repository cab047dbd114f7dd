"""`flared certs`, `flared cert self-signed` and `flared explain` of https: what they print, write and refuse; a certificate so made
serves at once."""

import hashlib
import json
import os
import re
import socket
import ssl
import stat
import subprocess

import pytest
from wire import FLARED, PATIENCE, SOURCE, flared

CONFIG = """
[listen.secure]
address = "127.0.0.1:0"
tls = true
[listen.plain]
address = "127.0.0.1:0"
[[tls.cert]]
chain = "main/fullchain.pem"
key = "main/privkey.pem"
default = true
[[tls.cert]]
chain = "alt/fullchain.pem"
key = "alt/privkey.pem"
[host.main]
names = ["www.example.com", "*.example.com"]
[[host.main.route]]
path = "/**"
respond = {{ text = "main" }}
[host.alt]
names = ["{alt}"]
[[host.alt.route]]
path = "/**"
respond = {{ text = "alt" }}
[host.elsewhere]
names = ["example.com"]
listen = ["plain"]
[[host.elsewhere.route]]
path = "/**"
respond = {{ text = "plain" }}
"""


def self_sign(folder, *arguments):
    done = flared("cert", "self-signed", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def site(tmp_path):
    """A configuration with two certificates, "main" and "alt"."""
    self_sign(tmp_path, "*.example.com", "--out", "main")
    self_sign(tmp_path, "example.net", "192.0.2.1", "--days", "10", "--out", "alt")
    file = tmp_path / "flare.toml"
    file.write_text(CONFIG.format(alt="example.net"))
    return file


def test_self_signed_writes_a_private_key_and_prints_the_lines_that_use_it(tmp_path):
    done = self_sign(tmp_path, "LocalHost", "127.0.0.1", "::1")
    folder = tmp_path / "certs" / "localhost"
    assert done.stdout == f'[[tls.cert]]\nchain = "{folder}/fullchain.pem"\nkey = "{folder}/privkey.pem"\n'
    assert stat.S_IMODE(os.stat(folder / "privkey.pem").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(folder / "fullchain.pem").st_mode) == 0o644
    assert sorted(os.listdir(folder)) == ["fullchain.pem", "privkey.pem"]
    file = tmp_path / "flare.toml"
    route = '[[route]]\npath = "/"\nrespond = {}\n'
    file.write_text(f'[listen.a]\naddress = "127.0.0.1:0"\ntls = true\n{done.stdout}{route}')
    checked = flared("check", "--strict", file)
    assert checked.returncode == 0, checked.stderr


def test_self_signed_never_shows_the_key_to_others_whatever_the_umask(tmp_path):
    traced = tmp_path / "trace"
    done = subprocess.run(["strace", "-f", "-o", traced, "-e", "trace=openat,open,creat,rename", FLARED, "cert", "self-signed", "localhost",
                           "--out", tmp_path / "out"], umask=0, capture_output=True, text=True, timeout=PATIENCE,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which looks for them by ptrace, too
    assert done.returncode == 0 and "browsers will warn" in done.stderr and len(done.stderr.splitlines()) == 1
    opened = [line for line in traced.read_text().splitlines() if "open" in line and "privkey.pem" in line]
    assert len(opened) == 1 and "O_EXCL" in opened[0] and ", 0600)" in opened[0], opened
    assert f'rename("{tmp_path}/out/privkey.pem.new", "{tmp_path}/out/privkey.pem")' in traced.read_text()


def test_self_signed_overwrites_only_with_force(tmp_path):
    self_sign(tmp_path, "localhost", "--out", "d")
    before = (tmp_path / "d/privkey.pem").read_text()
    refused = flared("cert", "self-signed", "localhost", "--out", "d", cwd=tmp_path)
    assert refused.returncode == 2 and "--force" in refused.stderr and refused.stdout == ""
    assert (tmp_path / "d/privkey.pem").read_text() == before
    (tmp_path / "d/fullchain.pem").unlink()
    assert flared("cert", "self-signed", "localhost", "--out", "d", cwd=tmp_path).returncode == 2
    self_sign(tmp_path, "localhost", "--out", "d", "--force")
    assert (tmp_path / "d/privkey.pem").read_text() != before


@pytest.mark.parametrize("name", ["_", "a b", "", "a,DNS:b", "..", "../a", "*.*.example.com", "a" * 64 + ".example.com"])
def test_self_signed_refuses_what_is_no_name(tmp_path, name):
    done = flared("cert", "self-signed", name, cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and done.stdout == ""
    assert os.listdir(tmp_path) == []


def test_self_signed_says_what_it_cannot_write(tmp_path):
    (tmp_path / "certs").write_text("a file where a folder should be")
    done = flared("cert", "self-signed", "localhost", cwd=tmp_path)
    assert done.returncode == 5 and "certs/localhost" in done.stderr


def test_certs_lists_names_expiry_and_hosts(site):
    done = flared("certs", "-c", site)
    assert done.returncode == 0
    head, main, alt, listener = done.stdout.splitlines()
    assert head.split() == ["NAMES", "KEY", "EXPIRES", "LEFT", "HOSTS", "CHAIN,", "KEY"]
    date = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    folder = re.escape(str(site.parent))
    assert re.fullmatch(
        rf"\*\.example\.com \(default\) +ECDSA 256 +{date} +89 d +main +{folder}/main/fullchain\.pem, {folder}/main/privkey\.pem", main)
    assert re.fullmatch(rf"example\.net, 192\.0\.2\.1 +ECDSA 256 +{date} +9 d +alt +{folder}/alt/.*", alt)
    assert listener == "listener secure: 127.0.0.1:0"


def test_certs_says_which_no_host_uses(site):
    site.write_text(CONFIG.format(alt="alt.example.com"))
    main, alt = flared("certs", "-c", site).stdout.splitlines()[1:3]
    assert re.search(r" 89 d +main, alt +/", main) and re.search(r" 9 d +no host +/", alt)


def test_C_5_certs_lists_what_cannot_be_used_with_the_reason(site):
    (site.parent / "alt/privkey.pem").write_bytes((site.parent / "main/privkey.pem").read_bytes())
    done = flared("certs", "-c", site)
    assert done.returncode == 1 and "FL0301" in done.stderr
    main, alt = done.stdout.splitlines()[1:3]
    assert "cannot be used" not in main and re.search(r"alt/privkey\.pem  cannot be used: .*belongs to another certificate", alt)
    (site.parent / "alt/privkey.pem").unlink()
    assert "cannot be used: " in flared("certs", "-c", site).stdout
    main, alt = json.loads(flared("certs", "--json", "-c", site).stdout)["certificates"]
    assert main["problems"] == [] and len(alt["problems"]) == 1 and "names" not in alt


def test_certs_as_json(site):
    found = json.loads(flared("certs", "--json", "-c", site).stdout)
    assert found["listeners"] == [{"name": "secure", "addresses": ["127.0.0.1:0"]}]
    main, alt = found["certificates"]
    assert (main["default"], main["names"], main["hosts"]) == (True, ["*.example.com"], ["main"])
    assert (alt["default"], alt["names"], alt["hosts"]) == (False, ["example.net", "192.0.2.1"], ["alt"])
    assert alt["days_left"] == 9 and alt["key_type"] == "ECDSA" and alt["key_bits"] == 256
    chain = ssl.PEM_cert_to_DER_cert((site.parent / "alt/fullchain.pem").read_text())
    assert alt["sha256"] == hashlib.sha256(chain).hexdigest()


def test_certs_of_a_broken_configuration_says_why(site):
    site.write_text(CONFIG.format(alt="example.org"))
    done = flared("certs", "-c", site)
    assert done.returncode == 1 and "FL0302" in done.stderr and " no host " in done.stdout
    assert flared("certs", "-c", site.parent / "missing.toml").returncode == 1


def test_certs_without_certificates(tmp_path):
    file = tmp_path / "flare.toml"
    file.write_text('[listen.a]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/"\nrespond = {}\n')
    done = flared("certs", "-c", file)
    assert (done.returncode, done.stdout) == (0, "") and "no [[tls.cert]]" in done.stderr
    assert json.loads(flared("certs", "--json", "-c", file).stdout) == {"certificates": [], "listeners": []}


def test_explain_speaks_of_the_handshake(shipped):
    def explain(url):
        done = flared("explain", "GET", url, "-c", shipped / "examples/tls.toml")
        assert done.returncode == 0, done.stderr
        return done.stdout

    admin = explain("https://admin.example.com/")
    assert re.search(r"\ntls +admin\.example\.com: \S+/example\.com/fullchain\.pem, ECDSA 256 ", admin), admin
    assert re.search(r"\nclient +its certificate is required, authorities in \S+/clients-ca\.pem", admin), admin
    assert re.search(r"\nroute +admin:", admin)
    assert "\nclient " not in explain("https://www.example.com/")
    assert "why=unknown_server_name" in explain("https://www.example.net/")
    assert "why=plain_http_on_tls" in explain("http://www.example.com:443/")
    assert "why=tls_on_plain_port" in explain("https://www.example.com:80/")
    assert re.search(r"\naction +redirect", explain("http://www.example.com/"))


def test_a_client_that_trusts_it_is_served(start, tmp_path):
    """What conf/https.toml does, on other ports: https for who trusts the certificate, a redirect for everybody else."""
    self_sign(tmp_path, "localhost", "127.0.0.1", "--out", "certs/localhost")
    text = (SOURCE / "conf/https.toml").read_text()
    text = text.replace('["0.0.0.0:8443", "[::]:8443"]', '"127.0.0.1:0"').replace('["0.0.0.0:8080", "[::]:8080"]', '"127.0.0.1:0"')
    text = text.replace('root = "public"', f'root = "{SOURCE}/conf/public"')
    daemon = start(text.replace('"certs/', f'"{tmp_path}/certs/'))
    trust = ssl.create_default_context(cafile=str(tmp_path / "certs/localhost/fullchain.pem"))
    for name in ["localhost", "127.0.0.1"]:
        with socket.create_connection(daemon.address(0), timeout=30) as plain, trust.wrap_socket(plain, server_hostname=name) as secure:
            assert secure.version() == "TLSv1.3"
            secure.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            assert secure.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
    moved = daemon.get("/a?b", host="localhost", index=1)
    assert (moved.status, moved["Location"]) == (308, "https://localhost:8443/a?b")
