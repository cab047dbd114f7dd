"""Targets and what they are routed to: H-22 to H-27 and H-37 of behaviour.md."""

import pytest
from cases import ADDRESSES, accepted, each, head, logged_reasons, refused, statuses
from conftest import running

ESCAPES = [(head(f"GET {path} HTTP/1.1", "Host: example.com"), 400, "bad_escape") for path in (
    "/%", "/%4", "/%zz", "/%4g", "/%g4", "/a%", "/a%/b", "/%%41", "/%u0041", "/%-1", "/%+1", "/%0x", "/%00", "/a%00b", "/a%0ab", "/%0d", "/%0D%0A", "/%09",
    "/%7f", "/%7F", "/a%1fb", "/users/%1b", "http://example.com/%00", "/plaintext%", "/nowhere/%zz", "/%?a", "/a%2",
)]
DOTS = [(head(f"GET {path} HTTP/1.1", "Host: example.com"), 400, "dot_segment") for path in (
    "/.", "/..", "/./", "/../", "/a/../plaintext", "/./plaintext", "/%2e%2e/a", "/a/.%2E", "/a/%2e/b", "/plaintext/..", "/plaintext/.", "/%2E", "//..//plaintext", "/.//plaintext",
    "/a/%2e%2E", "/..?a", "/../../../../etc/passwd", "/a/.?b", "/users/..", "http://example.com/..", "http://example.com/a/%2e%2e/plaintext", "/...//..",
)]
FRAGMENTS = [(head(f"GET {target} HTTP/1.1", "Host: example.com"), 400, "bad_target") for target in (
    "/plaintext#a", "/plaintext#", "#", "/plaintext?a#b", "/#/plaintext", "http://example.com/plaintext#a", '/plain"text', "/plain<text", "/plain>text", '/plaintext?"',
)]


@each(ESCAPES)
def test_H_22_bad_escapes(plain, case):
    refused(plain, *case[:2])


def test_H_22_every_control_character_is_refused_however_it_is_written(plain):
    escaped = statuses(plain, [head(f"GET /users/a%{byte:02x}b HTTP/1.1", "Host: example.com") for byte in range(128)])
    assert escaped == [400 if byte < 0x20 or byte == 0x7f else 200 for byte in range(128)]
    raw = statuses(plain, [head(f"GET /users/a{chr(byte)}b HTTP/1.1", "Host: example.com") for byte in range(0x20)] + [head("GET /users/a\x7fb HTTP/1.1", "Host: example.com")])
    assert set(raw) == {400}


@pytest.mark.parametrize("path,status", [
    ("/plain%74ext", 200), ("/%70laintext", 200), ("/%70%6C%61%69%6e%74%65%78%74", 200), ("/Plaintext", 404), ("/PLAINTEXT", 404), ("/plaintext/", 404), ("/a%20b/c", 200),
    ("/a%2520b/c", 404), ("/a+b/c", 404), ("/%61%20b/%63", 200), ("/users/caf%C3%A9", 200), ("/users/%7Eme", 200), ("/users/~me", 200), ("/users/a;b=c,d", 200), ("/users/a:b@c", 200),
])
def test_H_23_routing_compares_the_canonical_path(plain, path, status):
    body = {200: {"p": b"Hello, World!", "u": b"user"}.get(path[1]), 404: plain.get("/nowhere").body}[status]
    if status == 200 and body is None:
        body = plain.get(path).body
    accepted(plain, head(f"GET {path} HTTP/1.1", "Host: example.com"), status, body)


@each(DOTS)
def test_H_24_dot_segments(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("path", ["/users/...", "/users/.a", "/users/a..", "/users/..a", "/users/.%2F", "/users/..%2fa", "/users/%2E%2e%2e", "/users/a?/../", "/users/.;a"])
def test_H_24_what_only_resembles_one_is_served(plain, path):
    accepted(plain, head(f"GET {path} HTTP/1.1", "Host: example.com"), body=b"user")


ROUTED = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock", "[::1]:0"]
[log.access]
to = ["stdout"]
[[route]]
path = "/path/**"
redirect = {{ to = "{{path}}", status = 302 }}
[[route]]
path = "/tail/**"
redirect = {{ to = "/x/{{tail}}{{query}}", status = 302 }}
[[route]]
path = "/param/:p"
redirect = {{ to = "/x/{{param.p}}", status = 302 }}
[[route]]
path = "/files/**"
static = {{ root = "{root}" }}
[[route]]
path = "/query"
respond = {{ text = "none" }}
[[route]]
path = "/query"
query = {{ v = "a b" }}
respond = {{ text = "space" }}
[[route]]
path = "/query"
query = {{ v = "1", w = "2" }}
respond = {{ text = "two" }}
[[route]]
path = "/caf%c3%a9/%7euser"
respond = {{ text = "canonical" }}
[[route]]
path = "/"
respond = {{ text = "root" }}
"""


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("routed")
    root = folder / "root"
    (root / "dir").mkdir(parents=True)
    (root / "a.txt").write_text("file")
    (root / "dir" / "b.txt").write_text("nested")
    (root / "dir%2Fb.txt").write_text("never")
    (root / "dir\\b.txt").write_text("never")
    with running(folder, ROUTED.format(dir=folder, root=root)) as daemon:
        yield daemon


@pytest.mark.parametrize("path", ["/path/%7Euser", "/path/%41%2f%5c", "/path//a///b/", "/path/caf%c3%a9", "/path/a%20b", "/path/"])
def test_H_23_H_25_the_original_bytes_are_kept(routed, path):
    for index in ADDRESSES:
        assert routed.get(path + "?q=%41", index=index)["Location"] == path


def test_H_23_the_log_has_the_original_bytes(start, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    daemon = start(ROUTED.format(dir=tmp_path, root=root))
    targets = ["/path/%7Euser?a=%2f", "//path//%41", "/path/a%2Fb?", "/nowhere/%7e"]
    for target in targets:
        daemon.get(target)
    assert daemon.stop() == 0
    assert [line["target"] for line in daemon.access_log()] == targets


@pytest.mark.parametrize("target", ["/caf%C3%A9/~user", "/caf%c3%a9/%7Euser", "/caf%c3%A9/%7euser", "//caf%C3%A9//~user", "/c%61f%C3%A9/~user"])
def test_H_23_patterns_are_canonical_too(routed, target):
    assert routed.get(target).body == b"canonical"


def test_H_25_empty_segments_are_merged(plain, routed):
    for target, body in (("//plaintext", b"Hello, World!"), ("///users//7", b"user"), ("////plaintext?//", b"Hello, World!")):
        accepted(plain, head(f"GET {target} HTTP/1.1", "Host: example.com"), body=body)
    assert routed.get("//").body == b"root" and routed.get("////").body == b"root"
    assert routed.get("/files//a.txt").body == b"file" and routed.get("//files///dir//b.txt").body == b"nested"
    assert routed.get("//a.txt").status == 404, "a host that only looks like one"


def test_H_26_an_encoded_slash_separates_nothing(plain, routed):
    for slash in ("%2F", "%2f", "%5C", "%5c"):
        assert plain.get(f"/users{slash}7").status == 404
        accepted(plain, head(f"GET /users/7{slash}8 HTTP/1.1", "Host: example.com"), body=b"user")
        assert routed.get(f"/param/a{slash}b")["Location"] == f"/x/a{slash.upper()}b"
        for path in (f"/files/dir{slash}b.txt", f"/files/..{slash}flare.toml", f"/files/{slash}a.txt", f"/files/a.txt{slash}"):
            assert routed.get(path).status == 404, path
    assert plain.get("/users\\7").status == 404
    assert routed.get("/files/dir\\b.txt").status == 404


def test_H_26_the_reason_for_static_files(start, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    daemon = start(ROUTED.format(dir=tmp_path, root=root))
    daemon.get("/files/a%2Fb")
    daemon.get("/files/a%5cb")
    daemon.get("/files%2fa")
    assert daemon.stop() == 0
    assert [(line["status"], line["why"]) for line in daemon.access_log()] == [(404, "encoded_slash"), (404, "encoded_slash"), (404, "no_route")]


@pytest.mark.parametrize("query", ["?", "??", "?a=/../%zz&b=?", "?%00", "?%0d%0a", "?/plaintext", "?a=%", "?http://example.net/", "?&&==", "?a[]=b|c^d`{e}\\"])
def test_H_27_the_query_is_opaque(plain, routed, query):
    accepted(plain, head(f"GET /plaintext{query} HTTP/1.1", "Host: example.com"))
    location = routed.get("/tail/y" + query)["Location"]
    if not set(query) & set("|^`{}\\[]") and "%" not in query.replace("%0", ""):  # what is no URI leaves as one
        assert location == "/x/y" + query


@each(FRAGMENTS)
def test_H_27_no_fragment_is_in_a_target(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("query,body", [
    ("", b"none"), ("?v=a%20b", b"space"), ("?v=%61%20%62", b"space"), ("?v=a+b", b"none"), ("?v=a", b"none"), ("?v=%31&w=2", b"two"), ("?v=1&w=2", b"two"), ("?w=2&x&v=1", b"two"), ("?v=1", b"none"),
    ("?v=1&w=", b"none"), ("?V=a%20b", b"none"), ("?v=1&v=2&w=2", b"two"), ("?v=%zz", b"none"), ("?v=%00", b"none"),
])
def test_H_27_the_query_matcher_decodes(routed, query, body):
    assert routed.get("/query" + query).body == body


HOSTS = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock", "[::1]:0"]
[log.access]
to = ["stdout"]
[host.one]
names = ["one.example.com"]
[[host.one.route]]
path = "/plaintext"
respond = {{ text = "one" }}
[host.two]
names = ["two.example.com", "*.two.example.com"]
[[host.two.route]]
path = "/plaintext"
respond = {{ text = "two" }}
"""


def test_H_37_an_unknown_host_is_misdirected(start, tmp_path):
    daemon = start(HOSTS.format(dir=tmp_path))
    names = ["example.com", "three.example.com", "one.example.com.net", "xone.example.com", "one.example", "127.0.0.1", "[::1]", "x.one.example.com", "one", "one%2Eexample.com"]
    known = [("one.example.com", b"one"), ("ONE.example.com.:81", b"one"), ("two.example.com", b"two"), ("a.b.two.example.com", b"two")]
    for index in ADDRESSES:
        with daemon.connect(index) as connection:  # none of them ends it
            for name, (good, body) in zip(names, known * 3):
                connection.send(head("GET /plaintext HTTP/1.1", f"Host: {name}") + head("POST /plaintext HTTP/1.1", f"Host: {name}", "Content-Length: 5") + "hello"
                                + head("GET /plaintext HTTP/1.1", f"Host: {good}"))
                answer = connection.answer()
                assert (answer.status, answer["Cache-Control"], answer["Connection"]) == (421, "no-store", None), name
                assert connection.answer().status == 421 and connection.answer().body == body
    for request in (head("GET /plaintext HTTP/1.0"), head("GET http://three.example.com/plaintext HTTP/1.1", "Host: one.example.com"), head("OPTIONS * HTTP/1.1", "Host: example.net")):
        assert daemon.ask(request).status == 421, request
    assert daemon.stop() == 0
    lines = [line for line in daemon.access_log() if line["status"] == 421]
    assert len(lines) == 3 * 2 * len(names) + 3 and {line["why"] for line in lines} == {"host_unknown"}


def test_H_22_H_24_H_27_reasons(one_worker):
    logged_reasons(one_worker, ESCAPES + DOTS + FRAGMENTS)


def test_H_9_https_over_a_plain_connection_is_misdirected(plain):
    with plain.connect() as connection:
        for scheme, status in (("https", 421), ("http", 200), ("HTTPS", 421)):
            connection.send(f"GET {scheme}://example.com/plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert connection.answer().status == status
