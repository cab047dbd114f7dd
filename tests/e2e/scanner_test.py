"""What the scanners that auditors run say of a TLS listener with its defaults: sslscan and testssl.sh, from Debian."""

import json
import re
import subprocess

import pytest

from tls import Issuer
from wire import Daemon

PATIENCE = 600  # seconds; testssl.sh opens a few hundred connections, one after the other

CONFIG = """
[listen.secure]
address = "127.0.0.1:0"
tls = true
{certificates}
[host.main]
names = ["localhost"]
hsts = "365d"
headers = {{ set = {{ X-Content-Type-Options = "nosniff", X-Frame-Options = "DENY" }} }}
[[host.main.route]]
path = "/**"
respond = {{ status = 200, type = "text/plain", text = "hello" }}
"""
# Names a list that nobody fetches: without any, a scanner blames the certificate, which is the test's.
USAGE = "DNS:localhost\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\ncrlDistributionPoints=URI:http://example.com/ca.crl"


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    made = Issuer(tmp_path_factory.mktemp("issued")).make("ca", days=3650)
    return made.make("ec", USAGE, days=90, signer="ca").make("rsa", USAGE, key="2048", days=90, signer="ca")


@pytest.fixture(scope="module")
def port(issued, tmp_path_factory):
    certificates = issued.toml("ec") + issued.toml("rsa")
    daemon = Daemon(tmp_path_factory.mktemp("daemon"), CONFIG.format(certificates=certificates))
    yield daemon.address()[1]
    daemon.stop()


def scan(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"})
    return done.stdout


def test_sslscan_accepts_forward_secret_aead_suites_alone(port):
    said = scan("sslscan", "--no-colour", "--sni-name=localhost", f"127.0.0.1:{port}")
    enabled = dict(re.findall(r"^((?:SSL|TLS)v[\d.]+) +(enabled|disabled)$", said, re.M))
    assert enabled == {"SSLv2": "disabled", "SSLv3": "disabled", "TLSv1.0": "disabled", "TLSv1.1": "disabled",
                       "TLSv1.2": "enabled", "TLSv1.3": "enabled"}
    suites = re.findall(r"^(?:Preferred|Accepted) +TLSv1\.[23] +\d+ bits +(\S+)", said, re.M)
    assert len(suites) == 9, said
    for suite in suites:
        assert re.fullmatch(r"(TLS|ECDHE-(ECDSA|RSA))[-_](AES_?\d+_?-?GCM|CHACHA20)[-_](SHA\d+|POLY1305(_SHA256)?)", suite), suite
    assert "Session renegotiation not supported" in said
    assert "TLSv1.2 not vulnerable to heartbleed" in said and "TLSv1.3 not vulnerable to heartbleed" in said


def test_testssl_finds_nothing_above_low(port, issued, tmp_path):
    report = tmp_path / "report.json"
    said = scan("testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "one", "--add-ca", str(issued["ca.crt"]),
                "--jsonfile", str(report), "-p", "-s", "-f", "-P", "-S", "-h", "-U", f"localhost:{port}")
    findings = json.loads(report.read_text())
    assert len(findings) > 60, said  # it went all the way
    by_id = {finding["id"]: finding for finding in findings}
    assert by_id["TLS1_3"]["severity"] == "OK" and by_id["heartbleed"]["severity"] == "OK", said
    bad = [finding for finding in findings if finding["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
    assert bad == [], said
