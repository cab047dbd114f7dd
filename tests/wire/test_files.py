"""Static files: the F-rows of behaviour.md that this release has."""

import os
import socket

import pytest
from conftest import running

CONFIG = """
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = []
[[route]]
path = "/**"
static = {{ root = "{dir}/root", index = ["index.html", "index.txt"] }}
[[route]]
path = "/alias/**"
static = {{ root = "{dir}/root/sub" }}
[[route]]
path = "/just-one.css"
static = {{ root = "{dir}/root" }}
"""
DATE = 1_000_000_000  # Sun, 09 Sep 2001 01:46:40 GMT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    root = folder / "root"
    for name in ("sub", "empty-folder", "with-fifo", ".git", ".well-known"):
        (root / name).mkdir(parents=True)
    content = {
        "index.html": b"<p>home", "sub/index.txt": b"sub", "data.txt": b"0123456789" * 10, "empty.txt": b"", "just-one.css": b"a{}",
        "with space.txt": b"space", "caf\u00e9.txt": b"utf-8", "100%.txt": b"percent", ".hidden": b"no", ".git/config": b"no",
        ".well-known/security.txt": b"yes", "big.bin": os.urandom(1 << 20), "UPPER.HTML": b"u", "a.css": b"", "a.js": b"", "a.json": b"",
        "a.svg": b"", "a.png": b"", "a.unknown-type": b"?", "sub/page.html": b"page",
    }
    for name, data in content.items():
        (root / name).write_bytes(data)
        os.utime(root / name, (DATE, DATE))
    with (root / "huge.bin").open("wb") as huge:
        huge.truncate(5 << 30)
        huge.seek((5 << 30) - 4)
        huge.write(b"tail")
    (folder / "outside.txt").write_text("outside")
    (root / "link-out.txt").symlink_to(folder / "outside.txt")
    (root / "link-abs.txt").symlink_to("/etc/passwd")
    (root / "link-in.txt").symlink_to("data.txt")
    (root / "link-dir").symlink_to(folder)
    os.mkfifo(root / "pipe")
    os.mkfifo(root / "with-fifo" / "index.html")
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        daemon.root = root
        yield daemon


def test_F_1_methods(site):
    assert site.get("/data.txt", method="POST")["Allow"] == "GET, HEAD, OPTIONS"
    assert site.get("/data.txt", method="DELETE").status == 405
    answer = site.get("/data.txt", method="OPTIONS")
    assert (answer.status, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/link-out.txt", "/link-abs.txt", "/link-in.txt", "/link-dir/outside.txt", "/link-dir/", "/link-dir"])
def test_F_2_F_3_links_lead_nowhere(site, path):
    assert site.get(path).status == 404


@pytest.mark.parametrize("path", ["/../outside.txt", "/sub/../../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/sub/..%5coutside.txt"])
def test_F_2_nothing_leaves_the_root(site, path):
    assert site.get(path).status in (400, 404)


def test_F_4_dotfiles(site):
    for path in ("/.hidden", "/.git/config", "/.git/", "/.git", "/%2ehidden"):
        assert site.get(path).status == 404, path
    assert site.get("/.well-known/security.txt").body == b"yes"


def test_F_5_only_regular_files(site):
    assert site.get("/pipe").status == 404
    assert site.get("/with-fifo/").status == 404


def test_F_6_folders(site):
    answer = site.get("/sub?a=b")
    assert (answer.status, answer["Location"]) == (308, "/sub/?a=b")
    assert site.get("/sub/").body == b"sub" and site.get("/").body == b"<p>home"
    assert site.get("/empty-folder/").status == 404
    assert site.get("/alias/").status == 404 and site.get("/alias/page.html").body == b"page"


def test_F_7_what_is_not_there(site):
    for path in ("/missing", "/data.txt/", "/data.txt/x", "/" + "a" * 300, "/sub/missing/deep"):
        assert site.get(path).status == 404, path


@pytest.mark.parametrize("path,type", [
    ("/", "text/html; charset=utf-8"), ("/UPPER.HTML", "text/html; charset=utf-8"), ("/a.css", "text/css; charset=utf-8"),
    ("/a.js", "text/javascript; charset=utf-8"), ("/a.json", "application/json; charset=utf-8"),
    ("/a.svg", "image/svg+xml; charset=utf-8"), ("/a.png", "image/png"), ("/data.txt", "text/plain; charset=utf-8"),
])
def test_F_8_types(site, path, type):
    answer = site.get(path)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (type, None)


def test_F_8_unknown_types_are_not_sniffed(site):
    answer = site.get("/a.unknown-type")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")


def test_F_9_validators(site):
    answer = site.get("/data.txt")
    assert answer["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert answer["ETag"].startswith('"') and answer["ETag"] == site.get("/data.txt")["ETag"] != site.get("/empty.txt")["ETag"]


def ask(site, *fields, path="/data.txt", method="GET"):
    tag = site.get(path)["ETag"]
    return site.get(path, "".join(field.replace("TAG", tag) + "\r\n" for field in fields), method)


OLD, SAME, NEW = "Sat, 08 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:40 GMT", "Mon, 10 Sep 2001 01:46:40 GMT"


@pytest.mark.parametrize("fields,status", [
    (["If-None-Match: TAG"], 304), (["If-None-Match: W/TAG"], 304), (["If-None-Match: \"x\", TAG"], 304), (["If-None-Match: *"], 304),
    (["If-None-Match: \"x\""], 200), (["If-None-Match: \"x\"", f"If-Modified-Since: {NEW}"], 200),
    ([f"If-Modified-Since: {SAME}"], 304), ([f"If-Modified-Since: {NEW}"], 304), ([f"If-Modified-Since: {OLD}"], 200),
    (["If-Modified-Since: yesterday"], 200), ([f"If-Modified-Since: Sunday, 09-Sep-01 01:46:40 GMT"], 304),
    (["If-Match: TAG"], 200), (["If-Match: *"], 200), (["If-Match: \"x\""], 412), (["If-Match: W/TAG"], 412),
    ([f"If-Unmodified-Since: {OLD}"], 412), ([f"If-Unmodified-Since: {SAME}"], 200),
    (["If-Match: TAG", f"If-Unmodified-Since: {OLD}"], 200), (["If-Match: \"x\"", "If-None-Match: TAG"], 412),
    (["If-None-Match: TAG", "Range: bytes=0-1"], 304),
])
def test_F_10_F_12_preconditions(site, fields, status):
    for method in ("GET", "HEAD"):
        assert ask(site, *fields, method=method).status == status


def test_F_11_a_304_has_the_validators_and_no_content(site):
    answer = ask(site, "If-None-Match: TAG")
    assert answer["ETag"] and answer["Date"] and answer["Content-Length"] is None and answer.body is None


DATA = b"0123456789" * 10


@pytest.mark.parametrize("range,expected", [
    ("bytes=0-0", (0, 0)), ("bytes=10-19", (10, 19)), ("bytes=90-", (90, 99)), ("bytes=-5", (95, 99)), ("bytes=-500", (0, 99)),
    ("bytes=50-5000", (50, 99)), ("BYTES=1-2", (1, 2)),
])
def test_F_13_single_ranges(site, range, expected):
    first, last = expected
    answer = ask(site, f"Range: {range}")
    assert (answer.status, answer["Content-Range"]) == (206, f"bytes {first}-{last}/100")
    assert answer.body == DATA[first:last + 1]
    assert ask(site, f"Range: {range}", method="HEAD").status == 200, "HEAD ignores it"


@pytest.mark.parametrize("range", ["bytes=5-4", "bytes=a-b", "bytes=", "lines=1-2", "bytes 1-2", "bytes=--1"])
def test_F_15_malformed_ranges_are_ignored(site, range):
    answer = ask(site, f"Range: {range}")
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.parametrize("range", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_F_15_unsatisfiable_ranges(site, range):
    answer = ask(site, f"Range: {range}")
    assert (answer.status, answer["Content-Range"]) == (416, "bytes */100")


@pytest.mark.parametrize("condition,status", [("TAG", 206), ("W/TAG", 200), ('"x"', 200), (SAME, 206), (OLD, 200), (NEW, 200)])
def test_F_16_if_range(site, condition, status):
    assert ask(site, "Range: bytes=0-1", f"If-Range: {condition}").status == status


def test_F_17_accept_ranges(site):
    assert site.get("/data.txt")["Accept-Ranges"] == "bytes"


def test_F_19_a_file_that_shrinks_ends_the_connection(site):
    path = site.root / "shrinking.bin"
    with path.open("wb") as file:
        file.truncate(256 << 20)
    with site.connect() as connection:
        connection.send("GET /shrinking.bin HTTP/1.1\r\nHost: example.com\r\n\r\nGET /data.txt HTTP/1.1\r\nHost: example.com\r\n\r\n")
        connection.until(b"\r\n\r\n")
        os.truncate(path, 1024)
        count = len(connection.buffer)
        try:
            while data := connection.socket.recv(1 << 20):
                count += len(data)
                assert b"HTTP/1.1" not in data
        except ConnectionResetError:
            pass
    assert count < 256 << 20


def test_F_21_empty_and_huge_files(site):
    answer = site.get("/empty.txt")
    assert (answer.status, answer["Content-Length"], answer.body) == (200, "0", b"")
    answer = site.get("/huge.bin", "Range: bytes=-8\r\n")
    assert (answer.status, answer["Content-Range"]) == (206, f"bytes {(5 << 30) - 8}-{(5 << 30) - 1}/{5 << 30}")
    assert answer.body == b"\0\0\0\0tail"
    assert site.get("/huge.bin", method="HEAD")["Content-Length"] == str(5 << 30)


@pytest.mark.parametrize("path,body", [
    ("/with%20space.txt", b"space"), ("/caf%C3%A9.txt", b"utf-8"), ("/caf%c3%a9.txt", b"utf-8"), ("/100%25.txt", b"percent"),
])
def test_F_21_names(site, path, body):
    assert site.get(path).body == body


def test_H_26_an_encoded_slash_is_no_separator(site):
    for path in ("/sub%2Fpage.html", "/sub%5Cpage.html", "/sub%2f"):
        assert site.get(path).status == 404


def test_M_10_an_exact_pattern_serves_the_one_file(site):
    assert site.get("/just-one.css").body == b"a{}"


def test_large_files_arrive_whole_and_in_order(site):
    expected = (site.root / "big.bin").read_bytes()
    for index in (0, 1):
        with site.connect(index) as connection:
            connection.send("".join(f"GET /{name} HTTP/1.1\r\nHost: example.com\r\n\r\n" for name in ("data.txt", "big.bin", "empty.txt", "big.bin", "data.txt")))
            assert [connection.answer().body for _ in range(5)] == [DATA, expected, b"", expected, DATA]


def test_a_reader_that_lets_the_socket_fill_gets_everything_in_the_end(site):
    expected = (site.root / "big.bin").read_bytes()
    with site.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.send("GET /big.bin HTTP/1.1\r\nHost: example.com\r\n\r\n" * 2)
        assert connection.answer().body == expected and connection.answer().body == expected
