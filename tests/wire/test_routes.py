"""Matching rules M1 to M10 of the configuration, over the wire and as flared explains them."""

import json
import random

import pytest
from conftest import running
from wire import flared

ROUTES = [
    ("/a", ""), ("/a/**", ""), ("/a/b", ""), ("/a/:x", ""), ("/a/*/c", ""), ("/a/:x/d", ""), ("/n/:id", 'params = { id = "int" }'),
    ("/n/:name", ""), ("/n/**", ""), ("/u/:id", 'params = { id = "uuid" }'), ("/m", 'method = ["GET"]'), ("/m", 'method = ["PUT", "PATCH"]'),
    ("/h", ""), ("/h", 'header = { X-Canary = "1" }'), ("/h", 'header = { X-Canary = "1" }\nquery = { v = "2" }'),
    ("/q", 'query = { v = ["1", "2"] }'), ("/c", 'cookie = { session = "yes" }'), ("/from", 'from = ["127.0.0.0/8"]'),
    ("/far", 'from = ["192.0.2.0/24"]'), ("/scheme", 'scheme = ["http"]'), ("/tls", 'scheme = ["https"]'),
]


def site_of(routes, dir):
    text = f"""
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[listen.other]
address = "127.0.0.1:0"
[log.access]
to = ["stdout"]
[preset.strict]
headers = {{ set = {{ X-Frame-Options = "DENY", X-From = "preset" }} }}
[host.main]
names = ["www.example.com", "*.eu.example.com"]
listen = ["web"]
use = ["strict"]
headers = {{ set = {{ X-From = "host", X-Host = "main" }} }}
[host.wild]
names = ["*.example.com"]
listen = ["web"]
[[host.wild.route]]
path = "/**"
respond = {{ text = "wild" }}
[host.any]
names = ["_"]
listen = ["other"]
[[host.any.route]]
path = "/**"
respond = {{ text = "any" }}
"""
    for number, (path, more) in routes:
        text += f'[[host.main.route]]\nid = "r{number}"\npath = "{path}"\n{more}\nrespond = {{ text = "r{number}" }}\n'
    text += """
[[host.main.route]]
path = "/own/headers"
headers = { set = { X-From = "route" }, unset = ["X-Frame-Options"] }
respond = { text = "own" }
[[host.main.route]]
path = "/to/:who/**"
redirect = { to = "https://{host}/from/{param.who}/{tail}{query}", status = 308 }
[[host.main.route]]
path = "/path"
redirect = { to = "http://example.net{path}", status = 301 }
"""
    return text


@pytest.fixture(scope="module", params=["written", "reversed", "shuffled"])
def site(request, tmp_path_factory):
    routes = list(enumerate(ROUTES))
    if request.param == "reversed":
        routes.reverse()
    if request.param == "shuffled":
        random.Random(7).shuffle(routes)
    folder = tmp_path_factory.mktemp("routes")
    with running(folder, site_of(routes, folder)) as daemon:
        yield daemon


def route(site, target, fields="", method="GET"):
    answer = site.get(target, fields, method, host="www.example.com")
    return ROUTES[int(answer.body[1:])] if answer.status == 200 and answer.body[:1] == b"r" else answer.status


def test_M1_M2_listeners_and_hosts(site):
    for host, body in (("www.example.com", 404), ("WWW.Example.COM.:80", 404), ("a.example.com", b"wild"), ("a.b.example.com", b"wild")):
        answer = site.get("/nowhere", host=host)
        assert (answer.status if body == 404 else answer.body) == body, host
    assert site.get("/a", host="x.eu.example.com").body == b"r0", "the longest suffix wins"
    for host in ("example.com", "example.net", "127.0.0.1", "eu.example.org"):
        assert site.get("/", host=host).status == 421, host  # H-37
    other = [line for line in site.log if line and "listening on 127" in line][1].rsplit(":", 1)[1]
    assert site.get("/", host="example.net", index=-1).body == b"any" and int(other) > 0


@pytest.mark.parametrize("target,expected", [
    ("/a", ("/a", "")), ("/a/", ("/a/**", "")), ("/a/b", ("/a/b", "")), ("/a/x", ("/a/:x", "")), ("/a/x/c", ("/a/*/c", "")),
    ("/a/x/d", ("/a/:x/d", "")), ("/a/x/e", ("/a/**", "")), ("/ab", 404), ("/A", 404), ("/n/12", ROUTES[6]), ("/n/x", ROUTES[7]),
    ("/n/12/3", ROUTES[8]), ("/u/123e4567-e89b-12d3-a456-426614174000", ROUTES[9]), ("/u/123", 404),
])
def test_M3_M5_patterns(site, target, expected):
    assert route(site, target) == expected


@pytest.mark.parametrize("target,fields,method,expected", [
    ("/m", "", "GET", ROUTES[10]), ("/m", "", "PATCH", ROUTES[11]), ("/m", "", "DELETE", 405),
    ("/h", "", "GET", ROUTES[12]), ("/h", "X-Canary: 1\r\n", "GET", ROUTES[13]), ("/h", "x-canary: 2\r\n", "GET", ROUTES[12]),
    ("/h?v=2", "X-CANARY: 1\r\n", "GET", ROUTES[14]), ("/q?v=1", "", "GET", ROUTES[15]), ("/q?a&v=2", "", "GET", ROUTES[15]),
    ("/q?v=3", "", "GET", 404), ("/q", "", "GET", 404), ("/c", "Cookie: a=b; session=yes\r\n", "GET", ROUTES[16]),
    ("/c", "Cookie: session=no\r\n", "GET", 404), ("/from", "", "GET", ROUTES[17]), ("/far", "", "GET", 404),
    ("/scheme", "", "GET", ROUTES[19]), ("/tls", "", "GET", 404),
])
def test_M4_matchers(site, target, fields, method, expected):
    assert route(site, target, fields, method) == expected


def test_M4_get_brings_head(site):
    assert site.get("/m", method="HEAD", host="www.example.com").status == 200


def test_M6_405_and_options(site):
    for method, status in (("DELETE", 405), ("OPTIONS", 204)):
        answer = site.get("/m", method=method, host="www.example.com")
        assert answer.status == status
        assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "PATCH", "OPTIONS"}


def test_M8_merging(site):
    inherited = site.get("/a", host="www.example.com")
    assert (inherited["X-Frame-Options"], inherited["X-From"], inherited["X-Host"]) == ("DENY", "host", "main")
    own = site.get("/own/headers", host="www.example.com")
    assert (own["X-Frame-Options"], own["X-From"], own["X-Host"]) == (None, "route", "main")
    unrouted = site.get("/nowhere", host="www.example.com")
    assert (unrouted.status, unrouted["X-Frame-Options"]) == (404, "DENY")


@pytest.mark.parametrize("target,location", [
    ("/to/me/a/b?c=d", "https://www.example.com/from/me/a/b?c=d"), ("/to/me", "https://www.example.com/from/me/"),
    ("/to/m%20e/%22x%22", "https://www.example.com/from/m%20e/%22x%22"), ("/path", "http://example.net/path"),
])
def test_M9_placeholders(site, target, location):
    answer = site.get(target, host="www.example.com")
    assert answer["Location"] == location


@pytest.mark.parametrize("target", ["/to/%0d%0aSet-Cookie:%20a/x", "/to/me/%0d%0ax", "/to/me/x?%0d%0aSet-Cookie:a"])
def test_M9_no_value_can_forge_a_field(site, target):
    answer = site.get(target, host="www.example.com")
    assert answer["Set-Cookie"] is None and answer.status in (308, 400)


def test_explain_says_what_the_server_does(site):
    def explain(method, path, *more):
        port = site.address()[1]
        config = site.folder / "explain.toml"
        config.write_text(site.config.read_text().replace('"127.0.0.1:0", "unix', f'"127.0.0.1:{port}", "unix'))
        done = flared("explain", method, f"http://www.example.com:{port}{path}", "-c", config, *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "route      r1 " in explain("GET", "/a/")
    canary = explain("GET", "/h", "-H", "X-Canary: 1")
    assert "route      r13 " in canary and "lost       r12: less specific" in canary and "lost       r14: query v" in canary
    assert "405 with Allow: " in explain("DELETE", "/m")
    assert "404" in explain("GET", "/nowhere")
    settings = explain("GET", "/own/headers")
    assert "headers.set.X-From" in settings and "explain.toml:" in settings and "limits.body" in settings


def test_the_log_names_route_and_reason(tmp_path):
    with running(tmp_path, site_of(list(enumerate(ROUTES)), tmp_path)) as daemon:
        daemon.get("/a", host="www.example.com")
        daemon.get("/", host="example.net")
        daemon.stop()
        lines = {line["host"]: line for line in daemon.access_log()}
    assert lines["www.example.com"]["route"] == "r0" and lines["example.net"]["why"] == "host_unknown"


def test_routes_lists_them(site):
    listed = flared("routes", "-c", site.config).stdout
    assert "host main (www.example.com, *.eu.example.com) on web" in listed and all(f"r{n} " in listed for n in range(len(ROUTES)))


def test_the_dump_is_json_too(site):
    shown = json.loads(flared("config", "show", "--json", "-c", site.config).stdout)
    assert {"main", "wild", "any"} <= set(shown["host"])
