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
    ("/s/:x", 'params = { x = "slug" }'), ("/x/:x", 'params = { x = "hex" }'), ("/caf%C3%A9/:x", ""), ("/deep/*/end/**", ""),
    ("/deep/:id/end/x", ""), ("/deep/**", ""), ("/hh", 'header = { X-A = ["1", "2"], X-B = "b" }'), ("/o", 'method = ["OPTIONS"]'),
    ("/o", 'method = ["GET"]'), ("/un/**", 'method = ["POST"]'), ("/un/:x", 'method = ["DELETE"]'),
    ("/un/a", 'method = ["PUT"]\nheader = { X-K = "1" }'), ("/head", 'method = ["HEAD"]'), ("/head", 'method = ["POST"]'), ("/", ""),
    ("/any/*", ""), ("/brew", 'method = ["BREW"]'),
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
[host.everywhere]
names = ["b\u00fccher.example.org", "[::1]", "a.b.example.com"]
[[host.everywhere.route]]
path = "/**"
respond = {{ text = "everywhere" }}
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


WEB, UNIX, OTHER = range(3)


@pytest.mark.parametrize("host,body", [
    ("www.example.com", b"r35"), ("WWW.Example.COM", b"r35"), ("www.example.com.", b"r35"), ("www.example.com:80", b"r35"),
    ("WWW.example.com.:8080", b"r35"), ("www.example.com:", b"r35"), ("a.example.com", b"wild"), ("a.c.example.com", b"wild"),
    ("eu.example.com", b"wild"), ("x.eu.example.com", b"r35"), ("y.x.eu.example.com", b"r35"), ("x.EU.example.com.:1", b"r35"),
    ("a.b.example.com", b"everywhere"), ("b.b.example.com", b"wild"), ("xn--bcher-kva.example.org", b"everywhere"),
    ("XN--BCHER-KVA.example.org", b"everywhere"), ("[::1]:8080", b"everywhere"), ("[::1]", b"everywhere"),
])
def test_M2_exact_names_then_the_longest_wildcard(site, host, body):
    for index in (WEB, UNIX):
        assert site.get("/", host=host, index=index).body == body


@pytest.mark.parametrize("host", ["example.com", "example.net", "127.0.0.1", "eu.example.org", "wwwexample.com", "www.example.com.net", "[::2]", "_"])
def test_M2_H_37_an_unknown_host_is_misdirected(site, host):
    for index in (WEB, UNIX):
        answer = site.get("/", host=host, index=index)
        assert (answer.status, answer["X-From"], answer["Cache-Control"]) == (421, None, "no-store")


def test_M1_a_listener_has_the_hosts_that_list_it(site):
    for host, body in (("example.net", b"any"), ("www.example.com", b"any"), ("a.example.com", b"any"), ("a.b.example.com", b"everywhere")):
        assert site.get("/", host=host, index=OTHER).body == body, host


def test_M2_the_authority_of_an_absolute_target_wins(site):
    def ask(target, host):
        return site.ask(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")

    assert ask("http://a.example.com/", "www.example.com").body == b"wild"
    assert ask("http://WWW.example.com.:81/a/b", "a.example.com").body == b"r2"
    assert ask("http://example.net/", "www.example.com").status == 421


def test_M2_hosts_change_within_a_connection(site):
    with site.connect() as connection:
        for host in ("www.example.com", "a.example.com", "example.net", "www.example.com"):
            connection.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert [connection.answer().status for _ in range(4)] == [200, 200, 421, 200]


@pytest.mark.parametrize("target,expected", [
    ("/a", ("/a", "")), ("/a/", ("/a/**", "")), ("/a/b", ("/a/b", "")), ("/a/x", ("/a/:x", "")), ("/a/x/c", ("/a/*/c", "")),
    ("/a/x/d", ("/a/:x/d", "")), ("/a/x/e", ("/a/**", "")), ("/ab", 404), ("/A", 404), ("/n/12", ROUTES[6]), ("/n/x", ROUTES[7]),
    ("/n/12/3", ROUTES[8]), ("/u/123e4567-e89b-12d3-a456-426614174000", ROUTES[9]), ("/u/123", 404),
    ("/", ("/", "")), ("//", ("/", "")), ("/a/b/", ("/a/**", "")), ("/a/b/c", ("/a/*/c", "")), ("/a/x/d/", ("/a/**", "")), ("//a//b", ("/a/b", "")),
    ("/%61/%62", ("/a/b", "")), ("/a%2Fb", 404), ("/a/%2F", ("/a/:x", "")), ("/n/-12", ROUTES[6]), ("/n/1.5", ROUTES[7]), ("/n/+1", ROUTES[7]),
    ("/n/99999999999999999999", ROUTES[7]), ("/n/", ROUTES[8]), ("/n", ROUTES[8]), ("/u/123E4567-E89B-12D3-A456-426614174000", ROUTES[9]),
    ("/u/123e4567-e89b-12d3-a456-42661417400", 404), ("/u/123e4567xe89bx12d3xa456x426614174000", 404), ("/s/a-b_C9", ROUTES[21]),
    ("/s/a.b", 404), ("/s/a%20b", 404), ("/s/", 404), ("/x/DEADbeef00", ROUTES[22]), ("/x/0x1", 404), ("/caf%c3%a9/1", ROUTES[23]),
    ("/cafe/1", 404), ("/deep/1/end", ROUTES[24]), ("/deep/1/end/y", ROUTES[24]), ("/deep/1/end/x", ROUTES[25]), ("/deep/1", ROUTES[26]), ("/deep", ROUTES[26]),
    ("/any/x", ROUTES[36]), ("/any/", 404), ("/any", 404), ("/any/x/y", 404), ("/a/b?x=/c", ("/a/b", "")),
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
    ("/hh", "X-A: 1\r\nX-B: b\r\n", "GET", ROUTES[27]), ("/hh", "X-A: 2\r\nX-B: b\r\n", "GET", ROUTES[27]),
    ("/hh", "X-A: 3\r\nX-A: 2\r\nX-B: b\r\n", "GET", ROUTES[27]), ("/hh", "X-A: 1\r\n", "GET", 404), ("/hh", "X-A: 3\r\nX-B: b\r\n", "GET", 404),
    ("/hh", "X-A: 12\r\nX-B: b\r\n", "GET", 404), ("/h?v=2", "", "GET", ROUTES[12]), ("/h?v=3", "X-Canary: 1\r\n", "GET", ROUTES[13]),
    ("/q?vv=1", "", "GET", 404), ("/q?v", "", "GET", 404), ("/c", "Cookie: session=yes\r\n", "GET", ROUTES[16]), ("/c", "Cookie: xsession=yes\r\n", "GET", 404),
    ("/brew", "", "BREW", ROUTES[37]), ("/brew", "", "brew", 405), ("/o", "", "OPTIONS", ROUTES[28]), ("/o", "", "GET", ROUTES[29]), ("/o", "", "POST", 405),
    ("/un/a", "", "POST", ROUTES[30]), ("/un/a", "", "DELETE", ROUTES[31]), ("/un/a", "", "PUT", 405), ("/un/a", "X-K: 1\r\n", "PUT", ROUTES[32]),
    ("/m?x", "", "PUT", ROUTES[11]),
])
def test_M4_matchers(site, target, fields, method, expected):
    assert route(site, target, fields, method) == expected


def test_M4_get_brings_head(site):
    assert site.get("/m", method="HEAD", host="www.example.com").status == 200
    assert site.get("/brew", method="HEAD", host="www.example.com").status == 405


def test_M4_a_unix_socket_is_in_no_network(site):
    for path in ("/from", "/far"):
        assert site.get(path, host="www.example.com", index=UNIX).status == 404


@pytest.mark.parametrize("path,fields,allow", [
    ("/un/a", "", "DELETE, POST"), ("/un/a", "X-K: 1\r\n", "DELETE, POST, PUT"), ("/un/b/c", "", "POST"), ("/un", "", "POST"),
    ("/head", "", "HEAD, POST"), ("/brew", "", "BREW"),
])
def test_M6_allow_is_the_union_of_all_but_method(site, path, fields, allow):
    for method, status in (("PATCH", 405), ("OPTIONS", 204)):
        answer = site.get(path, fields, method, host="www.example.com")
        assert answer.status == status and set(answer["Allow"].split(", ")) == {*allow.split(", "), "OPTIONS"}


def test_M6_other_matchers_make_it_a_404(site):
    for path in ("/hh", "/q", "/tls", "/far", "/nowhere"):
        for method in ("GET", "POST", "OPTIONS"):
            answer = site.get(path, method=method, host="www.example.com")
            assert (answer.status, answer["Allow"]) == (404, None)


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
