"""The congestion control of a listener's connections, as the kernel shows it (listen.NAME.congestion, FL0504)."""

import subprocess
from pathlib import Path

import pytest

from wire import Connection, flared

SYSTEM = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
ALLOWED = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()
OVER_LOOPBACK = "reno" if SYSTEM.startswith("bbr") else SYSTEM  # with "auto"

CONFIG = """
[server]
workers = 2
[listen.web]
address = ["127.0.0.1:0", "0.0.0.0:0", ":0"]
{congestion}
[[route]]
path = "/**"
respond = {{ text = "served" }}
"""


def algorithm(where):
    """What the server's end of a connection to `where` uses, once it has answered over it."""
    with Connection(where) as connection:
        assert connection.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().body == b"served"
        client = connection.socket.getsockname()[1]
        ends = f"( sport = :{where[1]} and dport = :{client} )"
        shown = subprocess.run(["ss", "-tinHO", ends], capture_output=True, text=True, check=True).stdout
        names = [word for word in shown.split() if word in {SYSTEM, *ALLOWED}]
        assert len(names) == 1, f"ss says {shown!r}"
        return names[0]


def algorithms(daemon):
    """Bound to the loopback address; to all, over loopback; the same for IPv6; to all, over another address."""
    bound, every, every_v6 = (daemon.address(index)[1] for index in range(3))
    return [algorithm(where) for where in (("127.0.0.1", bound), ("127.0.0.1", every), ("::1", every_v6), ("127.0.0.2", every))]


@pytest.mark.parametrize("line", ["", 'congestion = "auto"'])
def test_auto_spares_loopback_the_pacing_of_bbr(start, line):
    daemon = start(CONFIG.format(congestion=line))
    assert algorithms(daemon) == [OVER_LOOPBACK] * 3 + [SYSTEM]
    assert daemon.errors().count("listening on") == 3, "what nobody configured is not told"


def test_system_changes_nothing(start):
    assert algorithms(start(CONFIG.format(congestion='congestion = "system"'))) == [SYSTEM] * 4


@pytest.mark.parametrize("name", ALLOWED)
def test_a_name_holds_for_all(start, name):
    assert algorithms(start(CONFIG.format(congestion=f'congestion = "{name}"'))) == [name] * 4


@pytest.mark.parametrize("command", [["check", "-c"], ["-c"]])
def test_FL0504_a_name_that_the_kernel_does_not_know(tmp_path, command):
    config = tmp_path / "flare.toml"
    config.write_text(CONFIG.format(congestion='congestion = "nosuch"'))
    ended = flared(*command, config)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert f'{config}:6:14: error FL0504: this kernel has no congestion control "nosuch"' in said
    assert "tcp_available_congestion_control" in said
