"""What answers look like: H-19, H-21, H-28 to H-31, H-34, H-36 and H-38 of behaviour.md, and their lines in the access log (O-1)."""

import calendar
import email.utils
import re
import resource
import time
from pathlib import Path

import pytest
from cases import ADDRESSES, GET, IPV4, UNIX, accepted, get, head, refused
from conftest import running

ANSWERS = """
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock", "[::1]:0"]
[log.access]
to = []
{server}
[[route]]
path = "/text"
respond = {{ type = "text/css", text = "a {{}}" }}
[[route]]
path = "/large"
respond = {{ text = "{large}" }}
[[route]]
path = "/empty"
respond = {{ text = "" }}
[[route]]
path = "/204"
respond = {{ status = 204, text = "" }}
[[route]]
path = "/304"
respond = {{ status = 304, text = "" }}
[[route]]
path = "/404"
respond = {{ status = 404, text = "none" }}
[[route]]
path = "/500"
respond = {{ status = 500, text = "broken" }}
[[route]]
path = "/599"
respond = {{ status = 599, text = "odd" }}
[[route]]
path = "/moved"
redirect = {{ to = "/text", status = 301 }}
[[route]]
path = "/get"
method = ["GET"]
respond = {{ text = "got" }}
[[route]]
path = "/get"
method = ["PURGE"]
respond = {{ text = "purged" }}
[[route]]
path = "/head"
method = ["HEAD"]
respond = {{ text = "head" }}
[[route]]
path = "/plaintext"
respond = {{ type = "text/plain", text = "Hello, World!" }}
[[route]]
path = "/files/**"
static = {{ root = "{root}" }}
"""


def make(folder, server=""):
    root = folder / "root"
    root.mkdir()
    (root / "a.css").write_text("a {}")
    (root / "empty").write_text("")
    (root / "large.bin").write_bytes(b"x" * 300_000)
    return ANSWERS.format(dir=folder, root=root, server=server, large="x" * 40_000)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    with running(folder, make(folder)) as daemon:
        yield daemon


def request(method, target, *fields):
    return head(f"{method} {target} HTTP/1.1", "Host: example.com", *fields)


@pytest.mark.parametrize("target,status,length", [
    ("/text", 200, 4), ("/large", 200, 40_000), ("/empty", 200, 0), ("/204", 204, None), ("/304", 304, None), ("/404", 404, 4), ("/500", 500, 6), ("/599", 599, 3),
    ("/moved", 301, 0), ("/files/a.css", 200, 4), ("/files/empty", 200, 0), ("/files/large.bin", 200, 300_000),
])
def test_H_19_exactly_one_framing(answers, target, status, length):
    """The reader of answers checks the framing fields; what follows shows that the content ends where they say."""
    for index in ADDRESSES:
        with answers.connect(index) as connection:
            for method in ("GET", "HEAD", "POST" if "files" not in target else "GET", "HEAD"):
                connection.send(request(method, target) + GET)
                answer = connection.answer(method)
                assert answer.status == status and answer["Content-Length"] == (None if length is None else str(length))
                assert connection.answer().body == b"Hello, World!"
        for fields in (["Connection: close"], []):
            version = "1.1" if fields else "1.0"
            with answers.connect(index) as connection:
                answer = connection.send(head(f"GET {target} HTTP/{version}", "Host: a", *fields)).answer()
                assert (answer.status, answer["Connection"]) == (status, "close") and connection.ended() == "closed"


def test_H_19_a_304_to_a_condition(answers):
    tag = answers.get("/files/a.css")["ETag"]
    for method in ("GET", "HEAD"):
        with answers.connect() as connection:
            connection.send(request(method, "/files/a.css", f"If-None-Match: {tag}") + GET)
            assert connection.answer(method).status == 304 and connection.answer().body == b"Hello, World!"


@pytest.mark.parametrize("target", ["/text", "/large", "/empty", "/204", "/304", "/404", "/moved", "/files/a.css", "/files/large.bin", "/files/", "/files/none", "/nowhere", "/get"])
def test_H_28_head_is_get_without_the_content(answers, target):
    def fields(method):
        answer = answers.get(target, method=method)
        return answer.status, [field for field in answer.fields if field[0] != "Date"]

    assert fields("HEAD") == fields("GET")
    answer = answers.get(target)
    if answer.status == 200:
        accepted(answers, request("HEAD", target), method="HEAD")


def test_H_28_head_of_what_is_refused(answers):
    for bad in (request("HEAD", "/text", "Content-Length: x"), request("HEAD", "/%zz"), head("HEAD /text HTTP/1.1")):
        refused(answers, bad, 400)


def is_date(text):
    """An IMF-fixdate, to the letter: the day of the week too."""
    return text == email.utils.formatdate(email.utils.mktime_tz(email.utils.parsedate_tz(text)), usegmt=True)


def test_H_21_date_is_in_every_final_answer(answers, plain):
    for target in ("/text", "/204", "/304", "/404", "/moved", "/files/a.css", "/files/", "/nowhere", "/%zz", "/..", "/files/large.bin"):
        answer = answers.get(target)
        assert is_date(answer["Date"]), answer
    for bad in ("GET\r\n\r\n", "\0\r\n", head("TRACE / HTTP/1.1", "Host: a"), get("Expect: x"), head("GET /" + "a" * 3000 + " HTTP/1.1")):
        assert is_date(plain.ask(bad)["Date"])


@pytest.mark.parametrize("index", ADDRESSES)
def test_H_21_date_is_now_and_moves(plain, index):
    """On a connection that goes on, and on new ones."""
    def date(connection):
        before = int(time.time())
        text = connection.send(GET).answer()["Date"]
        now = calendar.timegm(time.strptime(text, "%a, %d %b %Y %H:%M:%S GMT"))
        assert before - 1 <= now <= time.time() + 1 and is_date(text)
        return now

    with plain.connect(index) as kept:
        seen = [date(kept)]
        end = time.monotonic() + 10
        while seen[-1] == seen[0]:
            assert time.monotonic() < end, "the date stands still"
            with plain.connect(index) as connection:
                seen.append(date(connection))
        assert seen == sorted(seen) and date(kept) >= seen[-1]


def test_H_29_405_names_what_is_allowed(plain, answers):
    answer = plain.get("/only-post")
    assert answer.status == 405 and answer["Allow"] == "POST, OPTIONS" and len(answer.body) < 512
    for method in ("POST", "DELETE", "get", "BREW"):
        answer = answers.get("/get", method=method)
        assert answer.status == 405 and set(answer["Allow"].split(", ")) == {"GET", "HEAD", "PURGE", "OPTIONS"}
    assert set(answers.get("/head")["Allow"].split(", ")) == {"HEAD", "OPTIONS"}
    for method in ("POST", "PUT", "DELETE", "BREW"):
        answer = answers.get("/files/a.css", method=method)
        assert answer.status == 405 and set(answer["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_H_30_options(plain, answers):
    for daemon, target, allow in ((plain, "/only-post", "POST, OPTIONS"), (answers, "/get", "GET, HEAD, PURGE, OPTIONS"), (answers, "/files/a.css", "GET, HEAD, OPTIONS")):
        answer = daemon.get(target, method="OPTIONS")
        assert answer.status == 204 and set(answer["Allow"].split(", ")) == set(allow.split(", "))
    accepted(plain, request("OPTIONS", "/only-post"), 204)
    answer = plain.get("/nowhere", method="OPTIONS")
    assert (answer.status, answer["Allow"]) == (404, None)


def test_H_30_no_preflight_is_answered_without_cors(plain):
    fields = "Origin: https://example.net\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x\r\n"
    for target, method, status in (("/only-post", "OPTIONS", 204), ("/plaintext", "GET", 200), ("/nowhere", "OPTIONS", 404)):
        answer = plain.get(target, fields, method)
        assert answer.status == status and not [name for name, _ in answer.fields if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("setting,value", [("", "flared"), ('server_header = ""', None), ('server_header = "example"', "example")])
def test_H_31_server_header(start, tmp_path, setting, value):
    daemon = start(make(tmp_path, f"[server]\n{setting}" if setting else ""))
    for target in ("/text", "/204", "/moved", "/nowhere", "/%zz", "/files/a.css", "/files/large.bin"):
        assert daemon.get(target)["Server"] == value
    assert daemon.ask("\0\r\n\r\n")["Server"] == value


def test_H_34_errors_of_our_own_say_little(plain, answers):
    for daemon, bad, status in (
        (plain, request("GET", "/nowhere"), 404), (plain, request("GET", "/only-post"), 405), (plain, get("Expect: x"), 417), (plain, head("GET / HTTP/2.0"), 505),
        (plain, request("POST", "/plaintext", "Content-Length: 999999999999"), 413), (plain, "\0", 400), (answers, request("GET", "/files/nowhere"), 404),
        (answers, request("GET", "/files/"), 404), (plain, head("GET /" + "a" * 3000 + " HTTP/1.1"), 414), (plain, get("X: " + "a" * 9000), 431),
        (plain, head("B" * 40 + " / HTTP/1.1"), 501),
    ):
        answer = daemon.ask(bad)
        assert (answer.status, answer["Cache-Control"]) == (status, "no-store") and 0 < len(answer.body) < 1024
        assert str(status).encode() in answer.body and answer["Content-Type"]
        for secret in (b"/nowhere", b"aaaa", b"/tmp", b"lib/", b"version", b".cc"):
            assert secret not in answer.body, "no internal detail and nothing of the request"
    assert answers.get("/404").body == b"none" and answers.get("/404")["Cache-Control"] is None, "what the configuration says is not ours"


def test_H_36_no_descriptor_left_is_503_with_retry_after(start, tmp_path):
    daemon = start(make(tmp_path, "[server]\nworkers = 1"))
    (tmp_path / "root" / "b.css").write_bytes(b"b {}")
    with daemon.connect(UNIX) as connection:
        assert connection.send(request("GET", "/files/b.css")).answer().status == 200
        soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        taken = {int(path.name) for path in Path(f"/proc/{daemon.process.pid}/fd").iterdir()}
        lowest_free = next(number for number in range(len(taken) + 1) if number not in taken)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (lowest_free, hard))
        answer = connection.send(request("GET", "/files/a.css")).answer()
        assert answer.status == 503 and re.fullmatch(r"[1-9]\d*", answer["Retry-After"]) and answer["Cache-Control"] == "no-store"
        assert connection.send(request("GET", "/files/b.css")).answer().status == 200, "what is remembered needs none"
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert connection.send(request("GET", "/files/a.css")).answer().status == 200


@pytest.mark.parametrize("index", ADDRESSES)
def test_H_38_techempower_plaintext(plain, index):
    with plain.connect(index) as connection:
        for _ in range(3):
            connection.send(GET * 16)
            for _ in range(16):
                answer = connection.answer()
                assert (answer.status, answer.body) == (200, b"Hello, World!")
                assert {name for name, _ in answer.fields} == {"Server", "Date", "Content-Type", "Content-Length"}
                assert answer["Content-Type"] == "text/plain" and answer["Content-Length"] == "13" and answer["Server"] and is_date(answer["Date"])


def test_O_1_every_request_has_its_line_refused_ones_too(start):
    daemon = start('[server]\nworkers = 1\n[listen.web]\naddress = "127.0.0.1:0"\n[limits]\nheader_timeout = "200ms"\n[[route]]\npath = "/a"\nrespond = { text = "a" }\n'
                   '[[route]]\npath = "/quiet"\nlog = false\nrespond = { text = "q" }\n')
    daemon.get("/a?q=%22\\", "User-Agent: \xff\"\\\t\x80\r\nReferer: http://example.net/\r\n")
    daemon.get("/quiet")
    daemon.get("/nowhere")
    daemon.ask("GET / HTTP/1.1\r\n\r\n")
    with daemon.connect(IPV4) as connection:
        assert connection.send("POST /late").answer().status == 408
        connection.ended()
    assert daemon.stop() == 0
    lines = daemon.access_log()
    assert [(line["status"], line.get("why")) for line in lines] == [
        (200, None), (404, "no_route"), (400, "missing_host"), (408, "header_timeout")]
    assert lines[0]["user_agent"] == "\xff\"\\\t\x80" and lines[0]["client"] == "127.0.0.1" and lines[0]["route"] == "_:/a"
