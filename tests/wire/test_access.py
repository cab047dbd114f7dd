"""Who may ask: `allow` and `deny` of hosts and routes, by the client's address (config.md, M8)."""

import pytest
from conftest import running
from wire import flared

CONFIG = """
[server]
workers = 1
trusted_proxies = ["127.0.0.1", "unix"]
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[listen.proxied]
address = "127.0.0.1:0"
proxy_protocol = "require"
proxy_from = ["127.0.0.1"]
[rate.scarce]
key = "route"
rate = "1/h"
burst = 2
[preset.staff]
allow = "192.0.2.0/24"
[host.www]
names = ["www.example.com"]
deny = ["198.51.100.0/24"]
[[host.www.route]]
path = "/"
respond = {{ text = "front" }}
[[host.www.route]]
path = "/open"
deny = []
respond = {{ text = "open" }}
[[route]]
path = "/staff"
use = "staff"
deny = "192.0.2.66"
headers = {{ set = {{ X-Route = "staff" }} }}
respond = {{ text = "staff" }}
[[route]]
path = "/six"
allow = ["2001:db8::/32"]
respond = {{ text = "six" }}
[[route]]
path = "/rated"
allow = "192.0.2.7"
rate = "scarce"
respond = {{ text = "rated" }}
[[route]]
path = "/socket"
allow = "unix"
respond = {{ text = "socket" }}
[[route]]
path = "/local"
allow = "127.0.0.0/8"
respond = {{ text = "local" }}
[[route]]
path = "/free"
respond = {{ text = "free" }}
"""

PLAIN, UNIX, PROXIED = 0, 1, 2


def fill(folder):
    return CONFIG.format(dir=folder)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("access")
    with running(folder, fill(folder)) as daemon:
        yield daemon


def request(target, client=None, host="example.com", more="", method="GET"):
    forwarded = f"X-Forwarded-For: {client}\r\n" if client else ""
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{forwarded}{more}\r\n"


def status(daemon, target, client=None, host="example.com", index=PLAIN):
    with daemon.connect(index) as connection:
        return connection.send(request(target, client, host)).answer().status


@pytest.mark.parametrize(
    "client, expected",
    [("192.0.2.7", 200), ("192.0.2.66", 403), ("192.0.3.1", 403), ("2001:db8::1", 403), ("::ffff:192.0.2.7", 200), (None, 403)],
)
def test_an_allow_list_refuses_everybody_else_and_deny_wins(guarded, client, expected):
    assert status(guarded, "/staff", client) == expected


def test_networks_of_ipv6(guarded):
    assert status(guarded, "/six", "2001:db8:ffff::1") == 200
    assert status(guarded, "/six", "2001:db9::1") == 403


def test_the_peer_counts_where_no_proxy_names_anybody(guarded):
    assert status(guarded, "/local") == 200
    assert status(guarded, "/local", "192.0.2.7") == 403, "the proxy is allowed, its client is not"


def test_what_a_client_claims_before_the_proxys_word_is_nothing(guarded):
    assert status(guarded, "/staff", "192.0.2.7, 198.51.100.1") == 403


def test_P_22_the_source_of_a_proxy_header_is_judged(guarded):
    for source, expected in (("192.0.2.7", 200), ("192.0.2.66", 403)):
        with guarded.connect(PROXIED) as connection:
            header = f"PROXY TCP4 {source} 203.0.113.1 5 80\r\n"
            assert connection.send(header + request("/staff")).answer().status == expected


def test_unix_peers_are_let_in_by_name_alone(guarded):
    assert status(guarded, "/socket", index=UNIX) == 200
    assert status(guarded, "/socket", "192.0.2.7", index=UNIX) == 403, "a proxy on the socket has said who asks"
    assert status(guarded, "/socket") == 403
    assert status(guarded, "/local", index=UNIX) == 403
    assert status(guarded, "/staff", "192.0.2.7", index=UNIX) == 200


def test_M_8_a_route_replaces_its_hosts_list_and_else_has_it(guarded):
    assert status(guarded, "/", "198.51.100.1", "www.example.com") == 403
    assert status(guarded, "/", "192.0.2.1", "www.example.com") == 200
    assert status(guarded, "/open", "198.51.100.1", "www.example.com") == 200


def test_what_no_route_takes_is_the_hosts_to_refuse(guarded):
    assert status(guarded, "/nothing", "198.51.100.1", "www.example.com") == 403, "not even that there is nothing"
    assert status(guarded, "/nothing", "192.0.2.1", "www.example.com") == 404


def test_the_connection_stays_open_and_the_refusal_is_the_routes(guarded):
    with guarded.connect() as connection:
        connection.send(request("/staff") + request("/free") + request("/staff", "192.0.2.7"))
        refusal = connection.answer()
        assert (refusal.status, refusal["X-Route"], refusal["Cache-Control"]) == (403, "staff", "no-store")
        assert b"access_denied" not in refusal.body, "why is for the log"
        assert connection.answer().body == b"free"
        assert connection.answer().body == b"staff"


def test_H_15_a_refusal_comes_before_100_continue(guarded):
    with guarded.connect() as connection:
        connection.send(request("/staff", more="Content-Length: 5\r\nExpect: 100-continue\r\n", method="POST"))
        assert connection.answer("POST").status == 403


def test_L_4_who_is_refused_uses_up_no_rate(guarded):
    for _ in range(5):
        assert status(guarded, "/rated", "192.0.2.8") == 403
    assert [status(guarded, "/rated", "192.0.2.7") for _ in range(3)] == [200, 200, 429]


def test_the_access_log_says_why(start, tmp_path):
    daemon = start(fill(tmp_path))
    assert status(daemon, "/staff", "192.0.2.66") == 403
    daemon.stop()
    (line,) = daemon.access_log()
    assert (line["status"], line["why"], line["client"], line["route"]) == (403, "access_denied", "192.0.2.66", "_:/staff")


def test_explain_and_the_dump_show_the_rules(tmp_path):
    config = tmp_path / "flare.toml"
    config.write_text(fill(tmp_path).replace('"127.0.0.1:0", ', '"127.0.0.1:80", '))
    command = ("explain", "-c", config, "--from", "192.0.2.66", "GET", "http://example.com/staff")
    refused = flared(*command)
    assert refused.returncode == 0, refused.stderr
    assert "refused: 403 (why=access_denied)" in refused.stdout
    assert "192.0.2.0/24" in refused.stdout and "via preset staff" in refused.stdout
    admitted = flared(*("192.0.2.7" if word == "192.0.2.66" else word for word in command))
    assert "refused" not in admitted.stdout and "192.0.2.66/32" in admitted.stdout
    dump = flared("config", "show", "--origin", "-c", config)
    assert 'deny = ["192.0.2.66/32"]' in dump.stdout and 'allow = ["192.0.2.0/24"]' in dump.stdout
