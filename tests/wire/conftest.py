import contextlib
import shutil
from pathlib import Path

import pytest

import hub
from wire import Daemon, flared

PLAIN = """
[server]
workers = {workers}
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock", "[::1]:0"]
[limits]
uri_bytes = "2KiB"
header_bytes = "8KiB"
header_count = 20
[log.access]
to = ["stdout"]
[[route]]
path = "/plaintext"
respond = {{ status = 200, type = "text/plain", text = "Hello, World!" }}
[[route]]
path = "/only-post"
method = ["POST"]
respond = {{ text = "posted" }}
[[route]]
path = "/users/:id"
respond = {{ text = "user" }}
[[route]]
path = "/a%20b/c"
respond = {{ text = "space" }}
"""


@contextlib.contextmanager
def running(folder, config, **options):
    daemon = Daemon(folder, config, **options)
    try:
        yield daemon
    finally:
        code = daemon.stop()
    assert code == 0, f"exit code {code}:\n{daemon.errors()}"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A daemon with a few fixed answers, shared by a module's tests."""
    folder = tmp_path_factory.mktemp("plain")
    with running(folder, PLAIN.format(dir=folder, workers=2)) as daemon:
        yield daemon


@pytest.fixture
def one_worker(tmp_path):
    """The same for one test alone, with one worker: the lines of its log are in the order of the requests."""
    with running(tmp_path, PLAIN.format(dir=tmp_path, workers=1)) as daemon:
        yield daemon


@pytest.fixture
def start(tmp_path):
    """start(config, ...) gives a daemon that is stopped, and must then exit 0, when the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda config, **options: stack.enter_context(running(tmp_path, config, **options))


@pytest.fixture(name="hub")
def hub_with_settings(start, tmp_path):
    """hub(settings) gives a daemon with a hub below /live."""

    def begin_with(settings='publish = "anyone"', session="", workers=1, more="", **environment):
        return start(hub.CONFIG.format(dir=tmp_path, hub=settings, ws=session, workers=workers, more=more), **environment)

    return begin_with


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """conf/ as it stands on a machine of its users: with the certificates that its files ask for."""
    folder = tmp_path_factory.mktemp("shipped") / "conf"
    shutil.copytree(Path(__file__).parents[2] / "conf", folder, ignore=shutil.ignore_patterns("certs"))
    examples = folder / "examples/certs"
    for out, *names in ((folder / "certs/localhost", "localhost", "127.0.0.1", "::1"),
                        (examples / "example.com", "example.com", "*.example.com"),
                        (examples / "example.com-rsa", "example.com", "*.example.com")):
        made = flared("cert", "self-signed", "--out", out, *names)
        assert made.returncode == 0, made.stderr
    shutil.copy(examples / "example.com/fullchain.pem", examples / "clients-ca.pem")
    return folder
