"""The welcome page in a real browser: headless Chromium loads conf/public from flared, and from nowhere else."""

import re
import subprocess

import pytest

from wire import SOURCE, Daemon

PATIENCE = 120  # seconds; a browser under a sanitizer build's load is slow, never this slow

CONFIG = """
[listen.web]
address = "127.0.0.1:0"
[log.access]
to = ["stdout"]
[[route]]
path = "/plaintext"
respond = {{ status = 200, type = "text/plain", text = "Hello, World!" }}
[[route]]
path = "/**"
static = {{ root = "{root}" }}
"""


def chromium(folder, url, *arguments):
    """What Chromium prints. It may look up and reach no host but the daemon's; its profile and home are `folder`."""
    result = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={folder}/profile",
         *arguments, url],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """The page's document after loading, and the access log of the visit by target."""
    folder = tmp_path_factory.mktemp("browser")
    daemon = Daemon(folder, CONFIG.format(root=SOURCE / "conf/public"))
    try:
        host, port = daemon.address()
        document = chromium(folder, f"http://{host}:{port}/", "--dump-dom")
    finally:
        code = daemon.stop()
    assert code == 0, daemon.errors()
    return document, {line["target"]: line for line in daemon.access_log()}


def test_the_page_has_its_title_and_heading(visit):
    document, _ = visit
    assert "<title>flared is running</title>" in document
    assert "<h1>flared is running</h1>" in document


def test_the_browser_asked_for_the_page_its_style_and_its_mark(visit):
    _, requests = visit
    assert {"/", "/style.css", "/favicon.svg"} <= requests.keys()
    assert all(line["status"] == 200 for line in requests.values()), requests


def test_the_page_needs_nothing_from_elsewhere(visit):
    document, _ = visit
    addresses = re.findall(r"""(?:src|href|action)=["']([^"']*)""", document)
    assert addresses and all(re.match(r"/(?!/)", address) for address in addresses), addresses
    style = (SOURCE / "conf/public/style.css").read_text()
    assert "url(" not in style and "@import" not in style


def test_the_plaintext_link_leads_to_the_plaintext_endpoint(tmp_path):
    daemon = Daemon(tmp_path, CONFIG.format(root=SOURCE / "conf/public"))
    try:
        host, port = daemon.address()
        document = chromium(tmp_path, f"http://{host}:{port}/plaintext", "--dump-dom")
    finally:
        code = daemon.stop()
    assert code == 0, daemon.errors()
    assert "Hello, World!" in document
