"""The daemon as a process: command line, exit codes, signals, logs (C- and S-rows of behaviour.md)."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from wire import SOURCE, Connection, Daemon, flared

MINIMAL = """
[listen.web]
address = "127.0.0.1:{port}"
[log.access]
to = []
[drain]
timeout = "{drain}"
[[route]]
path = "/a"
respond = {{ text = "a" }}
[[route]]
path = "/**"
static = {{ root = "{root}" }}
"""
GET = "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"


@pytest.fixture
def config(tmp_path):
    """config(port, drain) gives the text of a configuration with a document root that holds a large file."""
    root = tmp_path / "root"
    root.mkdir()
    with (root / "large.bin").open("wb") as large:
        large.truncate(64 * 1024 * 1024)
    return lambda port=0, drain="30s": MINIMAL.format(port=port, drain=drain, root=root)


def stalled_download(daemon):
    """A connection with an answer under way that cannot end before the client reads on."""
    connection = daemon.connect()
    connection.send("GET /large.bin HTTP/1.1\r\nHost: example.com\r\n\r\n")
    line = connection.until(b"\r\n\r\n")
    assert line.startswith(b"HTTP/1.1 200 ")
    return connection


def read_to_the_end(connection):
    count = len(connection.buffer)
    try:
        while data := connection.socket.recv(1 << 20):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


# ---- command line and exit codes


def test_C_1_serves_in_the_foreground(start, config):
    daemon = start(config())
    assert daemon.process.poll() is None and daemon.get("/a").body == b"a"


@pytest.mark.parametrize("arguments", [["-t", "-c"], ["check"], ["check", "--strict"]])
def test_C_2_check_binds_nothing_and_says_so(tmp_path, config, arguments):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = tmp_path / "flare.toml"
        file.write_text(config(taken.getsockname()[1]))
        done = flared(*arguments, file)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"flared: {file} ok (1 listener, 2 routes)\n"
        assert flared("-q", *arguments, file).stderr == ""


def test_C_2_C_7_every_error_in_one_run_on_stderr(tmp_path):
    file = tmp_path / "flare.toml"
    file.write_text('[listen.web]\naddress = "127.0.0.1:0"\nkepalive = 1\n[limits]\nbody = "10"\n[[route]]\npath = "a"\nrespond = { status = 99 }\n')
    done = flared("check", file)
    assert (done.returncode, done.stdout) == (1, "")
    for expected in ("flare.toml:3:1: error FL0002", "flare.toml:5:8: error FL0003", "FL0105", "FL0004"):
        assert expected in done.stderr, done.stderr
    found = json.loads(flared("check", "--json", file).stdout)
    assert {"FL0002", "FL0003", "FL0004", "FL0105"} <= {each["id"] for each in found["diagnostics"]}


def test_C_3_the_effective_configuration(tmp_path, config):
    file = tmp_path / "flare.toml"
    file.write_text(config() + '[[route]]\npath = "/secret"\nrespond = { text = "@env:SECRET" }\n')
    environment = {**os.environ, "SECRET": "do not print"}
    for arguments in (["-T", "-c", file], ["config", "show", "-c", file], ["config", "show", "--origin", "--json", "-c", file]):
        done = flared(*arguments, env=environment)
        assert done.returncode == 0 and "do not print" not in done.stdout and '***' in done.stdout
    assert "# " + str(file) in flared("-T", "-c", file, env=environment).stdout
    dumped = tmp_path / "dumped.toml"
    dumped.write_text(flared("config", "show", "-c", file, env=environment).stdout)
    assert flared("check", dumped).returncode == 0, "what is printed is a configuration"


def test_C_4_versions():
    assert re.fullmatch(r"flared \d+\.\d+\.\d+\n", flared("-v").stdout)
    assert "compiler: " in flared("-V").stdout


def test_C_5_exit_codes(tmp_path, config, start):
    broken = tmp_path / "broken.toml"
    broken.write_text("[listen")
    assert flared("-c", broken).returncode == 1
    assert flared("-c", tmp_path / "missing.toml").returncode == 1
    assert flared("--no-such-flag").returncode == 2
    daemon = start(config())
    taken = tmp_path / "taken.toml"
    taken.write_text(config(daemon.address()[1]))
    assert flared("-c", taken).returncode == 3


def test_C_9_a_second_instance_on_the_same_port_is_refused_and_told_who_has_it(tmp_path, config, start):
    daemon = start(config())
    file = tmp_path / "second.toml"
    file.write_text(config(daemon.address()[1]))
    done = flared("-c", file)
    assert done.returncode == 3
    assert "FL0501" in done.stderr and f"pid {daemon.process.pid} (flared)" in done.stderr, done.stderr
    assert daemon.get("/a").status == 200


def test_C_10_an_unwritable_log_ends_it_before_it_accepts(tmp_path, config):
    file = tmp_path / "flare.toml"
    file.write_text(config().replace("to = []", f'to = ["file:{tmp_path}/missing/access.log"]'))
    done = flared("-c", file)
    assert done.returncode != 0 and "missing/access.log" in done.stderr and "listening" not in done.stderr


def test_C_11_usage(tmp_path):
    for arguments in (["--bogus"], ["check", "a", "b"], ["explain", "GET"], ["nonsense"]):
        done = flared(*arguments)
        assert (done.returncode, done.stdout) == (2, "") and "usage: flared" in done.stderr
    assert "explain" in flared("--help").stdout and "METHOD" in flared("help", "explain").stdout


def test_help_without_a_command_lists_them_all():
    for arguments in (["help"], ["--help"]):
        listed = flared(*arguments).stdout
        assert all(f"\n  {command} " in listed for command in ("check", "config", "explain", "proxy", "routes", "serve")), listed


def test_serve_a_folder(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>hello")
    daemon = Daemon(tmp_path, "", arguments=["serve", tmp_path / "site", "127.0.0.1:0"])
    assert daemon.get("/").body == b"<p>hello"
    assert daemon.stop() == 0


@pytest.mark.parametrize("file", sorted(SOURCE.glob("conf/**/*.toml")), ids=lambda file: file.name)
def test_every_shipped_configuration_passes_check(file, shipped):
    done = flared("check", "--strict", shipped / file.relative_to(SOURCE / "conf"))
    assert done.returncode == 0, done.stderr


# ---- signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT], ids=["S_1", "S_3", "S_4"])
def test_a_signal_drains(start, config, number):
    daemon = start(config())
    with stalled_download(daemon) as busy, daemon.connect() as idle:
        assert idle.send(GET).answer()["Connection"] is None
        daemon.signal(number)
        assert idle.ended() == "closed", "nothing is under way there"
        daemon.wait_for_log("draining")
        with pytest.raises(OSError):
            while True:  # the listeners close as soon as each worker has heard of it
                Connection(daemon.address()).socket.close()
        assert daemon.process.poll() is None, "an answer is still under way"
        assert read_to_the_end(busy) == 64 * 1024 * 1024
        assert daemon.wait() == 0


def test_S_1_answers_during_the_drain_say_close(start, config):
    daemon = start(config())
    with stalled_download(daemon), daemon.connect() as late:
        late.send("GET /a HT")  # a request that has begun is served
        for _ in range(2):  # both workers have taken their connections once these are answered
            assert daemon.get("/a").status == 200
        daemon.signal()
        daemon.wait_for_log("draining")
        answer = late.send("TP/1.1\r\nHost: example.com\r\n\r\n").answer()
        assert (answer.status, answer["Connection"]) == (200, "close")
        daemon.signal()
        assert daemon.wait() == 0


def test_S_2_a_second_signal_closes_at_once(start, config):
    daemon = start(config(drain="10m"))
    with stalled_download(daemon) as busy:
        daemon.signal()
        daemon.wait_for_log("draining")
        daemon.signal()
        assert daemon.wait() == 0
        assert read_to_the_end(busy) < 64 * 1024 * 1024
    assert "open connections were closed" in daemon.errors()


def test_S_1_the_drain_timeout_forces_the_end(start, config):
    daemon = start(config(drain="200ms"))
    with stalled_download(daemon):
        daemon.signal()
        assert daemon.wait() == 0


@pytest.mark.parametrize("format", ["json", "combined"])
def test_S_6_rotation_loses_no_line(start, tmp_path, format):
    log = tmp_path / "access.log"
    daemon = start(f'[listen.web]\naddress = "127.0.0.1:0"\n[log.access]\nto = ["file:{log}"]\nformat = "{format}"\n'
                   '[[route]]\npath = "/**"\nrespond = { text = "a" }\n')
    rotations = 5
    with daemon.connect() as connection:
        for round in range(rotations):
            for number in range(40):
                connection.send(f"GET /{round}-{number} HTTP/1.1\r\nHost: example.com\r\n\r\n").answer()
            log.rename(tmp_path / f"access.log.{round}")
            daemon.signal(signal.SIGUSR1)
            daemon.wait_for_log("log files reopened", round + 1)
            end = time.monotonic() + 30
            while not log.exists():
                assert time.monotonic() < end
    assert daemon.stop() == 0
    text = "".join(file.read_text() for file in tmp_path.glob("access.log*"))
    for round in range(rotations):
        for number in range(40):
            assert text.count(f"/{round}-{number}{' ' if format == 'combined' else chr(34)}") == 1
    if format == "combined":
        pattern = r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /[\d-]+ HTTP/1\.1" 200 \d+ "-" "-"'
        assert all(re.fullmatch(pattern, line) for line in text.splitlines())


def test_a_hangup_is_answered_with_a_warning_not_an_end(start, config):
    daemon = start(config())
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("SIGHUP")
    assert daemon.get("/a").status == 200


def test_S_8_a_client_that_goes_away_does_no_harm(start, config):
    daemon = start(config())
    for _ in range(20):
        with stalled_download(daemon) as busy:
            busy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leaves with a reset
    assert daemon.get("/a").status == 200


def test_the_report_counts_one_read_and_one_write_for_each_request(start, config):
    daemon = start('[server]\nworkers = 1\n' + config())
    with daemon.connect() as connection:
        for _ in range(200):
            connection.send(GET).answer()
    assert daemon.stop() == 0
    line = next(line for line in daemon.log if line and "worker 0: " in line)
    count = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+)", line.split("worker 0: ")[1])}
    assert count["requests"] == 200 and count["writes"] == 200, line
    assert 201 <= count["reads"] <= 202 and count["registrations"] <= 2, line


def test_a_unix_socket_has_the_mode_asked_for_and_goes_with_the_daemon(start, tmp_path):
    path = tmp_path / "web.sock"
    daemon = start(f'[listen.web]\naddress = "unix:{path}"\nmode = "0600"\n[[route]]\npath = "/**"\nrespond = {{ text = "a" }}\n')
    assert path.stat().st_mode & 0o777 == 0o600 and daemon.get("/").status == 200
    assert daemon.stop() == 0 and not path.exists()
    path.touch()
    assert flared("-c", daemon.config).returncode == 3, "a file that is no socket is not removed"
