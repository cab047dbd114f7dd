"""Rate limits (L-4) and what a refused client is told (H-36)."""

import threading
import time
from pathlib import Path

import pytest
from conftest import running
from wire import PATIENCE, flared

CONFIG = """
[server]
workers = 2
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[rate.scarce]
key = "header:X-Key"
rate = "1/h"
burst = 40
[rate.fast]
key = "header:X-Key"
rate = "2/s"
[rate.few]
key = "header:X-Key"
rate = "1/h"
burst = 3
[rate.shed]
key = "route"
rate = "1/h"
reply = 503
[rate.client]
rate = "1/h"
burst = 2
slots = 16
[rate.login]
key = "cookie:sid"
rate = "1/m"
[rate.small]
key = "header:X-Key"
rate = "1/h"
slots = 16
[preset.limited]
rate = "scarce"
[[route]]
path = "/scarce"
use = "limited"
respond = { text = "scarce" }
[[route]]
path = "/also-scarce"
rate = "scarce"
respond = { text = "also scarce" }
[[route]]
path = "/fast"
rate = "fast"
respond = { text = "fast" }
[[route]]
path = "/few"
rate = "few"
respond = { text = "few" }
[[route]]
path = "/shed/one"
rate = "shed"
respond = { text = "one" }
[[route]]
path = "/shed/two"
rate = "shed"
respond = { text = "two" }
[[route]]
path = "/login"
rate = ["scarce", "login"]
headers = { set = { X-Route = "login" } }
respond = { text = "login" }
[[route]]
path = "/client"
rate = "client"
respond = { text = "client" }
[[route]]
path = "/small"
rate = "small"
log = false
respond = { text = "small" }
[[route]]
path = "/free"
respond = { text = "free" }
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """A daemon that a module's tests share: each uses keys of its own."""
    folder = tmp_path_factory.mktemp("rate")
    with running(folder, CONFIG.replace("{dir}", str(folder))) as daemon:
        yield daemon


def request(target, key, more=""):
    return f"GET {target} HTTP/1.1\r\nHost: example.com\r\nX-Key: {key}\r\n{more}\r\n"


def check_refusal(answer, status, burst, longest):
    """Retry-After is an integer number of seconds, at least 1 (RFC 9110 §10.2.3)."""
    assert answer.status == status
    assert answer["Retry-After"].isdigit() and 1 <= int(answer["Retry-After"]) <= longest
    assert answer["RateLimit-Limit"] == str(burst) and answer["RateLimit-Remaining"] == "0"
    assert answer["RateLimit-Reset"] == answer["Retry-After"]
    assert answer["Cache-Control"] == "no-store"


def test_L_4_H_36_beyond_the_burst_a_client_is_told_when_to_come_back(limited):
    with limited.connect() as connection:
        connection.send(3 * request("/fast", "patient"))  # in one piece: they have one time
        for _ in range(2):
            answer = connection.answer()
            assert (answer.status, answer.body) == (200, b"fast") and answer["RateLimit-Limit"] is None
        check_refusal(connection.answer(), 429, burst=2, longest=1)
    end = time.monotonic() + PATIENCE
    while (answer := limited.ask(request("/fast", "patient"))).status != 200:
        check_refusal(answer, 429, burst=2, longest=1)
        assert time.monotonic() < end, "a token comes every half second"


def test_L_4_the_connection_stays_open_and_its_other_requests_are_served(limited):
    with limited.connect() as connection:
        pipelined = [request("/few", "open") for _ in range(5)] + [request("/free", "open"), request("/few", "other")]
        connection.send("".join(pipelined))
        assert [connection.answer().status for _ in pipelined] == [200, 200, 200, 429, 429, 200, 200]


def test_L_4_a_refusal_comes_before_the_content(limited):
    with limited.connect() as connection:
        connection.send("".join(request("/few", "post") for _ in range(3)))
        for _ in range(3):
            connection.answer()
        connection.send(request("/few", "post", "Content-Length: 5\r\n").replace("GET", "POST"))
        assert connection.answer("POST").status == 429, "not one byte of the content was sent"
        connection.send("hello" + request("/free", "post"))
        assert connection.answer().body == b"free", "and it was skipped"
        connection.send(request("/few", "post", "Content-Length: 5\r\nExpect: 100-continue\r\n").replace("GET", "POST"))
        assert connection.answer("POST").status == 429
        assert connection.ended() == "closed", "whether the content follows is unknown (RFC 9110 §10.1.1)"


def test_L_4_two_workers_share_one_bucket_exactly(start, tmp_path):
    """Forty tokens, one more an hour: 4 clients with a connection for each request find exactly forty, wherever they go."""
    daemon = start(CONFIG.replace("{dir}", str(tmp_path)))
    answers, lock = [], threading.Lock()

    def client():
        for _ in range(50):
            answer = daemon.ask(request("/scarce", "shared"))
            with lock:
                answers.append((answer.status, answer.body))

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(answers) == 200 and {status for status, _ in answers} == {200, 429}
    assert 40 <= sum(status == 200 for status, _ in answers) <= 41
    assert daemon.ask(request("/also-scarce", "shared")).status == 429, "routes that name a rate count together"
    assert daemon.ask(request("/also-scarce", "another")).status == 200
    daemon.stop()
    assert {line["worker"] for line in daemon.access_log()} == {0, 1}, "one bucket for both"


def test_L_4_keys_are_independent(limited):
    with limited.connect() as connection:
        for key in ("a", "b", "c"):
            statuses = [connection.send(request("/few", f"independent-{key}")).answer().status for _ in range(4)]
            assert statuses == [200, 200, 200, 429]


def test_L_4_without_the_header_the_client_itself_counts(limited):
    """Leaving it out, sending it empty or twice: one bucket, the address's."""
    evasions = ["", "X-Key:\r\n", "X-Key: one\r\nX-Key: two\r\n", "X-Key: three\r\nX-Key: four\r\n"]
    statuses = [limited.get("/few", fields).status for fields in evasions]
    assert statuses == [200, 200, 200, 429]


def test_H_36_shedding_by_route_answers_503(limited):
    assert limited.get("/shed/one").status == 200
    check_refusal(limited.get("/shed/one"), 503, burst=1, longest=3600)
    assert limited.get("/shed/two").body == b"two", "key = route: the same rate, another bucket"


def test_L_4_all_rates_of_a_route_must_be_kept(limited):
    with limited.connect() as connection:
        login = request("/login", "both", "Cookie: sid=1\r\n")
        assert connection.send(login).answer().status == 200
        for _ in range(50):
            refusal = connection.send(login).answer()
            check_refusal(refusal, 429, burst=1, longest=60)
            assert refusal["X-Route"] == "login", "the route's own fields are on its refusals too"
        for _ in range(39):
            assert connection.send(request("/scarce", "both")).answer().status == 200, "what was refused has cost no token"
        assert connection.send(request("/scarce", "both")).answer().status == 429


def test_L_4_clients_are_told_apart_by_address_family(limited):
    """The address counts, not the connection; a unix socket's peer is one client."""
    for index in (0, 1):
        assert [limited.get("/client", index=index).status for _ in range(3)] == [200, 200, 429]


def resident(daemon):
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def test_L_4_a_table_never_grows_past_its_slots(limited):
    def ask_with(keys):
        for first in range(keys.start, keys.stop, 1000):
            numbers = range(first, first + 1000)
            with limited.connect() as connection:
                connection.send("".join(request("/small", f"key-{number:07}") for number in numbers))
                assert {connection.answer().status for _ in numbers} == {200}, "every key is new"

    ask_with(range(0, 5000))  # warm: what is allocated once is there
    before = resident(limited)
    ask_with(range(5000, 105000))
    grown = resident(limited) - before
    assert grown < 4096, f"{grown} KiB for 100 000 keys and 16 slots"
    assert limited.ask(request("/small", "key-0000000")).status == 200, "forgotten long ago"
    assert limited.ask(request("/small", "key-0104999")).status == 429, "remembered"


def test_L_4_the_access_log_says_why(start):
    daemon = start(
        '[listen.web]\naddress = "127.0.0.1:0"\n[rate.one]\nrate = "1/h"\n'
        '[[route]]\nid = "r"\npath = "/"\nrate = "one"\nrespond = {}\n'
    )
    with daemon.connect() as connection:  # one worker: workers write their lines in no common order
        connection.send(3 * request("/", "any"))
        assert [connection.answer().status for _ in range(3)] == [200, 429, 429]
    daemon.stop()
    lines = [(line["status"], line.get("why"), line["route"]) for line in daemon.access_log()]
    assert lines == [(200, None, "r"), (429, "rate_limited", "r"), (429, "rate_limited", "r")]


def test_L_4_explain_and_the_dump_show_the_rates(tmp_path):
    config = tmp_path / "flare.toml"
    config.write_text(CONFIG.replace("{dir}", str(tmp_path)))
    explained = flared("explain", "-c", config, "GET", "http://example.com/scarce")
    assert explained.returncode == 0, explained.stderr
    assert "scarce: 1/h for each header:X-Key, burst 40" in explained.stdout
    assert "via preset limited" in explained.stdout
    dump = flared("config", "show", "--origin", "-c", config)
    assert "[rate.scarce]" in dump.stdout and 'rate = "1/h"  # ' in dump.stdout and "slots = 65536  # default" in dump.stdout
