"""Matching rules M1 to M10 of the configuration, over the wire and as flared explains them."""

import json
import random

import pytest
from conftest import running
from wire import SOURCE, flared

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


def test_M8_what_a_host_sets_is_on_every_answer_of_it(site):
    for method, target, status in (("DELETE", "/m", 405), ("OPTIONS", "/m", 204), ("HEAD", "/nowhere", 404), ("GET", "/path", 301), ("HEAD", "/a", 200)):
        answer = site.get(target, method=method, host="www.example.com")
        assert (answer.status, answer["X-Frame-Options"], answer["X-From"]) == (status, "DENY", "host"), target


MERGED = """
[listen.web]
address = "127.0.0.1:0"
[log.access]
to = []
[limits]
body = "100B"
[preset.one]
limits = { body = "10B" }
headers = { set = { X-One = "1", X-Both = "one", X-Host = "preset" } }
[preset.two]
headers = { set = { x-both = "two" }, unset = ["X-One"] }
[host.h]
names = ["h.example.com"]
use = ["one", "two"]
headers.set.X-Host = "h"
[[host.h.route]]
path = "/plain"
respond = { text = "plain" }
[[host.h.route]]
path = "/limited"
limits.body = "4B"
headers.set.X-Route = "r"
respond = { text = "limited" }
[[host.h.route]]
path = "/more"
limits.body = "200B"
headers = { set = { X-One = "route", Content-Type = "text/css" }, unset = ["x-BOTH"] }
respond = { text = "more" }
[[host.h.route]]
path = "/again"
use = ["one"]
respond = { text = "again" }
[host.o]
names = ["o.example.com"]
[[host.o.route]]
path = "/plain"
respond = { text = "plain" }
"""


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    with running(tmp_path_factory.mktemp("merged"), MERGED) as daemon:
        yield daemon


@pytest.mark.parametrize("host,path,expected", [
    ("h", "/plain", {"X-One": None, "X-Both": "two", "X-Host": "h", "X-Route": None, "Server": "flared"}),
    ("h", "/limited", {"X-One": None, "X-Both": "two", "X-Host": "h", "X-Route": "r"}),
    ("h", "/more", {"X-One": "route", "X-Both": None, "X-Host": "h", "Content-Type": "text/css"}),
    ("h", "/again", {"X-One": "1", "X-Both": "one", "X-Host": "h"}),
    ("h", "/nowhere", {"X-One": None, "X-Both": "two", "X-Host": "h"}),
    ("o", "/plain", {"X-One": None, "X-Both": None, "X-Host": None, "Content-Type": "text/plain; charset=utf-8"}),
])
def test_M8_fields_merge_by_name_and_the_inner_level_wins(merged, host, path, expected):
    for method in ("GET", "HEAD"):
        answer = merged.get(path, method=method, host=host + ".example.com")
        assert {name: answer[name] for name in expected} == expected


@pytest.mark.parametrize("host,path,limit", [("h", "/plain", 10), ("h", "/limited", 4), ("h", "/more", 200), ("h", "/again", 10), ("o", "/plain", 100)])
def test_M8_L_5_limits_are_the_routes(merged, host, path, limit):
    def post(size, content, expect=""):
        return merged.ask(f"POST {path} HTTP/1.1\r\nHost: {host}.example.com\r\n{expect}Content-Length: {size}\r\n\r\n{content}")

    assert post(limit, "a" * limit).status == 200
    refused = post(limit + 1, "a" * (limit + 1))
    assert (refused.status, refused["Connection"]) == (413, "close")
    assert refused["X-Host"] == ("h" if host == "h" else None), "the route's fields are on its refusals too"
    assert post(limit + 1, "", "Expect: 100-continue\r\n").status == 413, "before any 100"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "Date", "Server", "bad name"])
def test_M8_fields_that_are_the_servers_own_are_errors(tmp_path, name):
    file = tmp_path / "flare.toml"
    for setting in (f'set = {{ "{name}" = "1" }}', f'unset = ["{name}"]'):
        file.write_text('[listen.web]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/**"\nrespond = {}\nheaders = { %s }\n' % setting)
        done = flared("check", file)
        assert done.returncode == 1 and "flare.toml:6:" in done.stderr and "FL0003" in done.stderr, done.stderr


REDIRECTS = """
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = []
[[route]]
path = "/to/:who/**"
redirect = {{ to = "https://{{host}}/from/{{param.who}}/{{tail}}{{query}}" }}
[[route]]
path = "/path/**"
redirect = {{ to = "http://example.net{{path}}", status = 301 }}
[[route]]
path = "/same/**"
redirect = {{ to = "{{path}}/more{{query}}", status = 307 }}
[[route]]
path = "/up/**"
redirect = {{ to = "/{{tail}}", status = 302 }}
[[route]]
path = "/port"
redirect = {{ to = "http://{{host}}:8443/?from={{path}}", status = 303 }}
[[route]]
path = "/two/:a/:b"
redirect = {{ to = "/{{param.b}}/{{param.a}}?x=1" }}
"""


@pytest.fixture(scope="module")
def redirects(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redirects")
    with running(folder, REDIRECTS.format(dir=folder)) as daemon:
        yield daemon


@pytest.mark.parametrize("target,status,location", [
    ("/to/me/a/b?c=d", 308, "https://www.example.com/from/me/a/b?c=d"), ("/to/me", 308, "https://www.example.com/from/me/"),
    ("/to/me/", 308, "https://www.example.com/from/me/"), ("/to/me?", 308, "https://www.example.com/from/me/?"),
    ("/to/m%20e/%22x%22", 308, "https://www.example.com/from/m%20e/%22x%22"), ("/to/%7Eme/x/", 308, "https://www.example.com/from/~me/x/"),
    ("/to/a%2Fb/c%2Fd", 308, "https://www.example.com/from/a%2Fb/c%2Fd"), ("/to/caf%C3%A9/", 308, "https://www.example.com/from/caf%C3%A9/"),
    ("/to/%7Bhost%7D/%7Btail%7D?{query}", 308, None), ("/to/%7Bhost%7D/x", 308, "https://www.example.com/from/%7Bhost%7D/x"),
    ("/path/%7Euser?q", 301, "http://example.net/path/%7Euser"), ("/path//a", 301, "http://example.net/path//a"),
    ("/same/x?y", 307, "/same/x/more?y"), ("/up/a/b?c", 302, "/a/b"), ("/up", 302, "/"),
    ("/port?a=b", 303, "http://www.example.com:8443/?from=/port"), ("/two/1/2", 308, "/2/1?x=1"),
])
def test_M9_placeholders(redirects, target, status, location):
    for index in (0, 1):
        for method in ("GET", "HEAD", "POST"):
            answer = redirects.get(target, method=method, host="WWW.Example.com.:8080", index=index)
            if location is None:
                assert answer.status == 400 or "{" not in answer["Location"], "braces are no URI text"
            else:
                assert (answer.status, answer["Location"]) == (status, location)


@pytest.mark.parametrize("target", [
    "/to/%0d%0aSet-Cookie:%20a/x", "/to/me/%0d%0ax", "/to/me/x?%0d%0aSet-Cookie:a", "/to/me/x?%0D%0A%0D%0A<p>", "/to/me/%0a", "/path/%0d", "/up/%00",
    "/to/me/x?a\"b'c", "/to/me/x?<script>", "/to/%22%3E%3Cscript%3E/x", "/same/x?\\r\\nSet-Cookie:a", "/to/me/x?%E5%98%8A%E5%98%8DSet-Cookie:a",
])
def test_M9_no_value_can_forge_a_field_or_markup(redirects, target):
    answer = redirects.get(target)
    assert answer.status == 400 or 300 < answer.status < 400
    assert answer["Set-Cookie"] is None and {name for name, _ in answer.fields} <= {
        "Server", "Date", "Location", "Content-Length", "Content-Type", "Cache-Control", "Connection"}
    assert not set(answer["Location"] or "") & set("\r\n \"'<>\\") and b"<script" not in answer.body


@pytest.mark.parametrize("target", ["/up//example.net", "/up///example.net/", "//up//example.net", "/up/%2F/example.net", "/up/%5Cexample.net", "//same/../", "//same//x"])
def test_M9_a_path_never_becomes_a_host(redirects, target):
    location = redirects.get(target)["Location"]
    assert location is None or (location.startswith("/") and location[1:2] not in ("/", "\\"))


@pytest.mark.parametrize("to,id", [
    ("/{nope}", "FL0003"), ("/{param.x}", "FL0106"), ("/{", "FL0003"), ("/a b", "FL0003"), ("", "FL0003"), ("/a\\r\\nSet-Cookie: b", "FL0003"),
    ("{tail}", "FL0003"), ("https://{tail}", "FL0003"), ("//{tail}/a", "FL0003"), ("https://example.net{tail}", "FL0003"), ("javascript:{path}", "FL0003"),
])
def test_M9_a_bad_target_is_an_error_of_the_configuration(tmp_path, to, id):
    file = tmp_path / "flare.toml"
    file.write_text('[listen.web]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/r/**"\nredirect = { to = "%s" }\n' % to)
    done = flared("check", file)
    assert done.returncode == 1 and f"flare.toml:5:19: error {id}" in done.stderr, done.stderr
    assert [(each["id"], each["line"]) for each in json.loads(flared("check", "--json", file).stdout)["diagnostics"]] == [(id, 5)]


def test_the_log_names_route_and_reason(tmp_path):
    with running(tmp_path, site_of(list(enumerate(ROUTES)), tmp_path)) as daemon:
        daemon.get("/a", host="www.example.com")
        daemon.get("/", host="example.net")
        daemon.stop()
        lines = {line["host"]: line for line in daemon.access_log()}
    assert lines["www.example.com"]["route"] == "r0" and lines["example.net"]["why"] == "host_unknown"


@pytest.fixture(scope="module")
def explained(site, tmp_path_factory):
    """explain(method, target, fields) on the running configuration, with the ports that it got."""
    config = tmp_path_factory.mktemp("explained") / "explain.toml"
    text = site.config.read_text()
    for index in (WEB, OTHER):
        text = text.replace('"127.0.0.1:0"', f'"127.0.0.1:{site.address(index)[1]}"', 1)
    config.write_text(text)

    def explain(method, target, *fields, host="www.example.com", index=WEB, more=()):
        url = f"http://{host}:{site.address(index)[1]}{target}"
        done = flared("explain", method, url, *(part for field in fields for part in ("-H", field)), *more, "-c", config)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return explain


@pytest.mark.parametrize("method,target,fields", [
    ("GET", "/a/b", []), ("GET", "/a/x/d", []), ("GET", "/n/12", []), ("GET", "/n/x", []), ("HEAD", "/m", []), ("PUT", "/m", []), ("DELETE", "/m", []),
    ("OPTIONS", "/m", []), ("OPTIONS", "/o", []), ("GET", "/h?v=2", ["X-Canary: 1"]), ("GET", "/q?v=3", []), ("GET", "/c", ["Cookie: session=yes"]),
    ("GET", "/deep/1/end/y", []), ("GET", "/caf%C3%A9/1", []), ("GET", "/nowhere", []), ("PATCH", "/un/a", ["X-K: 1"]), ("GET", "/far", []), ("GET", "/", []),
])
def test_explain_agrees_with_the_wire(site, explained, method, target, fields):
    answer = site.get(target, "".join(field + "\r\n" for field in fields), method, host="www.example.com")
    text = explained(method, target, *fields)
    verdict = next(line for line in text.splitlines() if line.startswith("route "))
    if answer["Allow"]:
        assert "405" in verdict and verdict.endswith("Allow: " + answer["Allow"])
    elif answer.status == 404:
        assert "none: 404" in verdict
    else:
        found = verdict.split()[1]
        assert answer.status == 200 and found in ([answer.body.decode()] if method != "HEAD" else ["r10"])
        assert f"lost       {found}:" not in text


def test_explain_knows_listeners_hosts_and_clients(explained):
    assert "421 (why=host_unknown)" in explained("GET", "/", host="example.net")
    assert "host       any " in explained("GET", "/", host="example.net", index=OTHER) and "listener   other " in explained("GET", "/", index=OTHER)
    assert "host       main " in explained("GET", "/", host="x.eu.EXAMPLE.com") and "host       wild " in explained("GET", "/", host="y.example.com")
    assert "route      r18 " in explained("GET", "/far", more=["--from", "192.0.2.7"]) and "lost       r17: from" in explained("GET", "/from", more=["--from", "192.0.2.7"])


def test_explain_refuses_what_the_server_would_refuse(site):
    for url in ("http://www.example.com/%zz", "http://www.example.com/a/../b", "http://bad host/", "ftp://www.example.com/", "/a"):
        done = flared("explain", "GET", url, "-c", site.config)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("flared: "), url


def test_routes_lists_them(site):
    listed = flared("routes", "-c", site.config).stdout
    assert "host main (www.example.com, *.eu.example.com) on web" in listed and all(f"r{n} " in listed for n in range(len(ROUTES)))


def test_the_dump_is_json_too(site):
    shown = json.loads(flared("config", "show", "--json", "-c", site.config).stdout)
    assert {"main", "wild", "any"} <= set(shown["host"])
    assert [route["id"] for route in shown["host"]["everywhere"]["route"]] == ["everywhere:/**"]


def test_every_value_of_the_dump_says_which_line_it_is_from(site):
    lines = site.config.read_text().splitlines()
    shown = json.loads(flared("config", "show", "--origin", "--json", "-c", site.config).stdout)
    for host, fields in shown["host"].items():
        for route in fields["route"]:
            file, line = route["path"]["origin"].rsplit(":", 1)
            assert file == str(site.config) and lines[int(line) - 1] == f'path = "{route["path"]["value"]}"', (host, route["id"])
    inherited = shown["host"]["main"]["headers"]["set"]["X-Frame-Options"]
    assert inherited["value"] == "DENY" and inherited["origin"].endswith(" via preset strict")
    text = flared("config", "show", "--origin", "-c", site.config).stdout
    assert 'path = "/own/headers"  # ' + str(site.config) in text and "# default" in text


def test_what_is_shown_is_the_same_configuration(site, tmp_path):
    dumped = tmp_path / "dumped.toml"
    dumped.write_text(flared("config", "show", "-c", site.config).stdout)
    assert flared("check", "--strict", dumped).returncode == 0
    again, first = (flared("config", "show", "--json", "-c", file).stdout for file in (dumped, site.config))
    assert {name: host["names"] for name, host in json.loads(again)["host"].items()} == {name: host["names"] for name, host in json.loads(first)["host"].items()}
    assert [route["id"] for route in json.loads(again)["host"]["main"]["route"]] == [route["id"] for route in json.loads(first)["host"]["main"]["route"]]


def test_check_accepts_it_and_names_every_tie(site, tmp_path):
    assert json.loads(flared("check", "--json", site.config).stdout) == {"ok": True, "errors": 0, "warnings": 0, "suppressed": 0, "diagnostics": []}
    broken = tmp_path / "broken.toml"
    text = site.config.read_text()
    broken.write_text(text + '[[host.main.route]]\npath = "/a/:y"\nrespond = {}\n[[host.main.route]]\npath = "/deep/*"\nrespnd = {}\n')
    done = flared("check", "--json", broken)
    found = json.loads(done.stdout)
    assert done.returncode == 1 and not found["ok"]
    first = text.count("\n") + 1
    assert {("FL0102", first + 1), ("FL0002", first + 5)} <= {(each["id"], each["line"]) for each in found["diagnostics"]}
    assert all(each["file"] == str(broken) for each in found["diagnostics"])


@pytest.mark.parametrize("file", sorted(SOURCE.glob("conf/**/*.toml")), ids=lambda file: file.name)
def test_routes_and_the_dump_know_every_shipped_configuration(file, shipped):
    file = shipped / file.relative_to(SOURCE / "conf")
    for command in (["check", file], ["routes", "-c", file], ["config", "show", "-c", file], ["config", "show", "--origin", "--json", "-c", file]):
        done = flared(*command)
        assert done.returncode == 0, (command, done.stderr)
