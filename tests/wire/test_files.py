"""Static files: the F-rows of behaviour.md that this release has."""

import os
import socket
from email.utils import parsedate_to_datetime

import pytest
from conftest import running

CONFIG = """
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = ["file:{dir}/access.log"]
[[route]]
path = "/**"
static = {{ root = "{dir}/root", index = ["index.html", "index.txt"] }}
[[route]]
path = "/alias/**"
static = {{ root = "{dir}/root/sub" }}
[[route]]
path = "/just-one.css"
static = {{ root = "{dir}/root" }}
[[route]]
path = "/cached/**"
static = {{ root = "{dir}/root" }}
headers = {{ set = {{ Cache-Control = "max-age=60", Vary = "Accept-Encoding" }} }}
"""
DATE = 1_000_000_000  # Sun, 09 Sep 2001 01:46:40 GMT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    root = folder / "root"
    for name in ("sub", "both", "empty-folder", "with-fifo", "index-is-folder/index.html", ".git", ".well-known", "example.net"):
        (root / name).mkdir(parents=True)
    content = {
        "index.html": b"<p>home", "sub/index.txt": b"sub", "data.txt": b"0123456789" * 10, "empty.txt": b"", "just-one.css": b"a{}",
        "with space.txt": b"space", "caf\u00e9.txt": b"utf-8", "100%.txt": b"percent", ".hidden": b"no", ".git/config": b"no",
        "both/index.html": b"first", "both/index.txt": b"second", "what?.txt": b"question", "a#b+c&d;e.txt": b"marks", "\\back.txt": b"no",
        "%2e.txt": b"escape", "sub/.hidden": b"no", ".well-known/.hidden": b"no", "sub/.well-known/x": b"no",
        ".well-known/security.txt": b"yes", "big.bin": os.urandom(1 << 20), "UPPER.HTML": b"u", "a.css": b"", "a.js": b"", "a.json": b"",
        "a.svg": b"", "a.png": b"", "a.unknown-type": b"?", "sub/page.html": b"page",
    }
    for name, data in content.items():
        (root / name).parent.mkdir(exist_ok=True)
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
    (root / "link-loop").symlink_to("link-loop")
    (root / "link-proc").symlink_to("/proc/self/root/etc/passwd")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(root / "socket"))
    os.mkfifo(root / "with-fifo" / "index.html")
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        daemon.root = root
        yield daemon


def test_F_1_methods(site):
    assert site.get("/data.txt", method="POST")["Allow"] == "GET, HEAD, OPTIONS"
    assert site.get("/data.txt", method="DELETE").status == 405
    answer = site.get("/data.txt", method="OPTIONS")
    assert (answer.status, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_F_1_content_that_a_file_does_not_take_is_read_past(site):
    for method in ("PUT", "PATCH", "get"):
        with site.connect() as connection:
            connection.send(f"{method} /data.txt HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello")
            assert connection.answer().status == 405
            assert connection.send("GET /data.txt HTTP/1.1\r\nHost: example.com\r\n\r\n").answer().body == DATA


@pytest.mark.parametrize("path", [
    "/link-out.txt", "/link-abs.txt", "/link-in.txt", "/link-dir/outside.txt", "/link-dir/", "/link-dir", "/link-loop", "/link-proc",
    "/link-in.txt/", "/alias/../link-in.txt",
])
def test_F_2_F_3_links_lead_nowhere(site, path):
    answer = site.get(path)
    assert answer.status == (400 if ".." in path else 404) and b"root:" not in answer.body  # H-24


@pytest.mark.parametrize("path", ["/../outside.txt", "/sub/../../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/sub/..%5coutside.txt",
    "/%2e%2e%2foutside.txt", "/....//outside.txt", "/%252e%252e/outside.txt", "/alias/%2e%2e/data.txt", "//etc/passwd", "/%2Fetc/passwd",
])
def test_F_2_nothing_leaves_the_root(site, path):
    assert site.get(path).status in (400, 404)


def test_F_2_the_log_says_why(start, tmp_path):
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    (root / "link").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe")
    daemon = start('[server]\nworkers = 1\n[listen.web]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/**"\nstatic = { root = "%s" }\n' % root)
    reasons = {"/link": "outside_root", "/.git/config": "hidden_file", "/pipe": "not_regular_file", "/missing": "file_missing", "/a%2Fb": "encoded_slash"}
    for path in reasons:
        assert daemon.get(path).status == 404
    assert daemon.stop() == 0
    assert {line["target"]: line["why"] for line in daemon.access_log()} == reasons


def test_F_4_dotfiles(site):
    for path in ("/.hidden", "/.git/config", "/.git/", "/.git", "/%2ehidden", "/sub/.hidden", "/.well-known/.hidden", "/sub/.well-known/x", "/.missing"):
        assert site.get(path).status == 404, path
    assert site.get("/.well-known/security.txt").body == b"yes" and site.get("/%2ewell-known/security.txt").body == b"yes"
    assert site.get("/.well-known/missing").status == 404


def test_F_5_only_regular_files(site):
    for path in ("/pipe", "/socket", "/with-fifo/", "/with-fifo/index.html", "/index-is-folder/"):
        for method in ("GET", "HEAD"):
            assert site.get(path, method=method).status == 404, path


def test_F_6_folders(site):
    answer = site.get("/sub?a=b")
    assert (answer.status, answer["Location"]) == (308, "/sub/?a=b")
    assert site.get("/sub/").body == b"sub" and site.get("/").body == b"<p>home"
    assert site.get("/both/").body == b"first", "the order of index decides"
    assert site.get("/empty-folder/").status == 404
    assert site.get("/sub", method="HEAD")["Location"] == "/sub/"
    assert site.get("/alias/").status == 404 and site.get("/alias/page.html").body == b"page"


def test_F_6_no_path_names_another_server(site):
    """`//example.net` is a path here; as a Location it would be a host."""
    for path in ("//example.net", "///example.net", "//example.net?a"):
        answer = site.get(path)
        assert answer.status == 308 and answer["Location"].startswith("/example.net/"), path


@pytest.mark.parametrize("query", ["", "?", "?a=b&c", "?%0d%0aSet-Cookie:a", "?a=/../b", "?caf%C3%A9"])
def test_F_6_the_query_is_kept_as_it_came(site, query):
    answer = site.get("/sub" + query)
    assert (answer["Location"], answer["Set-Cookie"]) == ("/sub/" + query, None)


def test_F_7_what_is_not_there(site):
    for path in ("/" + "a/" * 900, "/" + "a" * 255 + "/b", "/missing", "/data.txt/", "/data.txt/x", "/" + "a" * 300, "/sub/missing/deep"):
        assert site.get(path).status == 404, path


@pytest.mark.parametrize("path,type", [
    ("/", "text/html; charset=utf-8"), ("/UPPER.HTML", "text/html; charset=utf-8"), ("/a.css", "text/css; charset=utf-8"),
    ("/a.js", "text/javascript; charset=utf-8"), ("/a.json", "application/json; charset=utf-8"),
    ("/a.svg", "image/svg+xml; charset=utf-8"), ("/a.png", "image/png"), ("/both/", "text/html; charset=utf-8"), ("/alias/page.html", "text/html; charset=utf-8"), ("/data.txt", "text/plain; charset=utf-8"),
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
    assert answer["ETag"].endswith('"') and len(answer["ETag"]) > 2


def test_F_9_an_etag_stands_for_size_and_time_and_nothing_else(site):
    names = (f"tagged-{number}.txt" for number in range(99))  # another inode each time

    def tag(data, nanoseconds):
        path = site.root / next(names)
        path.write_bytes(data)
        os.utime(path, ns=(0, nanoseconds))
        return site.get("/" + path.name)["ETag"]

    time = DATE * 1_000_000_000
    assert tag(b"abc", time) == tag(b"xyz", time)
    assert len({tag(b"abc", time), tag(b"abcd", time), tag(b"abc", time + 1), tag(b"abc", time - 1_000_000_000)}) == 4


def test_F_9_last_modified_is_never_in_the_future(site):
    path = site.root / "future.txt"
    path.write_bytes(b"future")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    answer = site.get("/future.txt")
    assert parsedate_to_datetime(answer["Last-Modified"]) <= parsedate_to_datetime(answer["Date"])


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
    (["If-None-Match: TAG", "Range: bytes=0-1"], 304), (["If-Match: \"x\"", "Range: bytes=0-1"], 412),
    (["If-None-Match: TAG", f"If-Modified-Since: {OLD}"], 304), (["If-None-Match: \"x\"", "If-None-Match: TAG"], 304),
    (["If-None-Match: x"], 200), ([f"If-Unmodified-Since: {NEW}"], 200), (["If-Unmodified-Since: never"], 200),
    ([f"If-Unmodified-Since: {OLD}", "If-None-Match: TAG"], 412), (["If-Match: TAG", "If-None-Match: TAG"], 304),
    (["If-Match: \"x\", TAG"], 200), (["If-Modified-Since: Sun Sep  9 01:46:40 2001"], 304), (["If-Modified-Since: "], 200),
])
def test_F_10_F_12_preconditions(site, fields, status):
    for method in ("GET", "HEAD"):
        assert ask(site, *fields, method=method).status == status


def test_F_11_a_304_has_the_validators_and_no_content(site):
    answer = ask(site, "If-None-Match: TAG")
    assert answer["ETag"] and answer["Date"] and answer["Content-Length"] is None and answer.body is None
    assert answer["Last-Modified"] == SAME and answer["Content-Type"] is None and answer["Content-Range"] is None


def test_F_11_a_304_has_what_caches_go_by(site):
    tag = site.get("/cached/data.txt")["ETag"]
    answer = site.get("/cached/data.txt", f"If-None-Match: {tag}\r\n")
    assert (answer.status, answer["Cache-Control"], answer["Vary"]) == (304, "max-age=60", "Accept-Encoding")


def test_F_10_a_412_says_no_more_than_that(site):
    answer = ask(site, 'If-Match: "x"')
    assert (answer.status, answer["ETag"], answer["Content-Range"], answer["Cache-Control"]) == (412, None, None, "no-store")


def test_F_12_a_connection_goes_on_after_every_outcome(site):
    tag = site.get("/data.txt")["ETag"]
    fields = {"": 200, f"If-None-Match: {tag}\r\n": 304, 'If-Match: "x"\r\n': 412, "Range: bytes=0-3\r\n": 206, "Range: bytes=500-\r\n": 416}
    for index in (0, 1):
        with site.connect(index) as connection:
            connection.send("".join(f"GET /data.txt HTTP/1.1\r\nHost: example.com\r\n{field}\r\n" for field in fields) * 3)
            assert [connection.answer().status for _ in range(15)] == [*fields.values()] * 3


DATA = b"0123456789" * 10


@pytest.mark.parametrize("range,expected", [
    ("bytes=0-0", (0, 0)), ("bytes=10-19", (10, 19)), ("bytes=90-", (90, 99)), ("bytes=-5", (95, 99)), ("bytes=-500", (0, 99)),
    ("bytes=50-5000", (50, 99)), ("BYTES=1-2", (1, 2)), ("bytes=0-99", (0, 99)), ("bytes=99-", (99, 99)), ("bytes=-100", (0, 99)),
    ("bytes=0-99999999999999999999999", (0, 99)), ("bytes=-99999999999999999999999", (0, 99)), ("bytes=007-008", (7, 8)),
])
def test_F_13_single_ranges(site, range, expected):
    first, last = expected
    answer = ask(site, f"Range: {range}")
    assert (answer.status, answer["Content-Range"]) == (206, f"bytes {first}-{last}/100")
    assert answer.body == DATA[first:last + 1]
    whole = ask(site, f"Range: {range}", method="HEAD")
    assert (whole.status, whole["Content-Length"], whole["Content-Range"]) == (200, "100", None), "HEAD ignores it"
    for name in ("ETag", "Last-Modified", "Content-Type", "Accept-Ranges"):
        assert answer[name] == whole[name]


@pytest.mark.parametrize("range", ["bytes=5-4", "bytes=a-b", "bytes=", "lines=1-2", "bytes 1-2", "bytes=--1",
    "bytes", "bytes=-", "bytes=1", "bytes=1-2-3", "bytes=+1-2", "bytes=0x1-2", "bytes=1 - 2", "bytes=0-1\r\nRange: bytes=2-3"])
def test_F_15_malformed_ranges_are_ignored(site, range):
    answer = ask(site, f"Range: {range}")
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.parametrize("range", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"])
def test_F_15_unsatisfiable_ranges(site, range):
    answer = ask(site, f"Range: {range}")
    assert (answer.status, answer["Content-Range"]) == (416, "bytes */100")
    assert answer["ETag"] is None and answer["Cache-Control"] == "no-store"


def test_F_15_an_empty_file_has_no_first_byte(site):
    answer = site.get("/empty.txt", "Range: bytes=0-\r\n")
    assert (answer.status, answer["Content-Range"]) == (416, "bytes */0")


@pytest.mark.parametrize("condition,status", [("TAG", 206), ("W/TAG", 200), ('"x"', 200), (SAME, 206), (OLD, 200), (NEW, 200),
    ("TAG, TAG", 200), ("*", 200), ("yesterday", 200),
])
def test_F_16_if_range(site, condition, status):
    answer = ask(site, "Range: bytes=0-1", f"If-Range: {condition}")
    assert (answer.status, answer.body) == (status, DATA[:2] if status == 206 else DATA)


def test_F_16_if_range_alone_means_nothing(site):
    assert ask(site, 'If-Range: "x"').status == 200
    assert ask(site, "Range: bytes=500-", 'If-Range: "x"').status == 200, "the Range is ignored before it can be unsatisfiable"


def test_F_17_accept_ranges(site):
    for path in ("/data.txt", "/empty.txt", "/big.bin"):
        for method in ("GET", "HEAD"):
            assert site.get(path, method=method)["Accept-Ranges"] == "bytes"


LARGE = 64 << 20
NEXT = "GET /data.txt HTTP/1.1\r\nHost: example.com\r\n\r\n"


@pytest.mark.parametrize("index", [0, 1], ids=["tcp", "unix"])
@pytest.mark.parametrize("left", [0, 1024, LARGE - 1])
def test_F_19_a_file_that_shrinks_ends_the_connection(site, index, left):
    path = site.root / f"shrinking-{index}-{left}.bin"
    with path.open("wb") as file:
        file.truncate(LARGE)
    with site.connect(index) as connection:
        connection.send(f"GET /{path.name} HTTP/1.1\r\nHost: example.com\r\n\r\n" + NEXT)
        head = connection.until(b"\r\n\r\n")
        assert b"Content-Length: %d" % LARGE in head
        os.truncate(path, left)
        data, count = connection.buffer, 0
        try:
            while data:
                assert not data.strip(b"\0"), "neither padding of ours nor another answer"
                count += len(data)
                data = connection.socket.recv(1 << 20)
        except ConnectionResetError:
            pass
    assert count < LARGE
    assert site.get("/data.txt").status == 200


@pytest.mark.parametrize("index", [0, 1], ids=["tcp", "unix"])
def test_F_19_a_file_that_grows_keeps_the_length_it_had(site, index):
    path = site.root / f"growing-{index}.bin"
    with path.open("wb") as file:
        file.truncate(LARGE)
    with site.connect(index) as connection:
        connection.send(f"GET /{path.name} HTTP/1.1\r\nHost: example.com\r\n\r\n" + NEXT)
        connection.until(b"\r\n\r\n")
        with path.open("ab") as file:
            file.write(b"more" * 1000)
        left = LARGE - len(connection.buffer)
        connection.buffer = b""
        while left:
            data = connection.socket.recv(min(left, 1 << 20))
            assert data and not data.strip(b"\0")
            left -= len(data)
        assert connection.answer().body == DATA


def test_F_21_empty_and_huge_files(site):
    answer = site.get("/empty.txt")
    assert (answer.status, answer["Content-Length"], answer.body) == (200, "0", b"")
    answer = site.get("/huge.bin", "Range: bytes=-8\r\n")
    assert (answer.status, answer["Content-Range"]) == (206, f"bytes {(5 << 30) - 8}-{(5 << 30) - 1}/{5 << 30}")
    assert answer.body == b"\0\0\0\0tail"
    assert site.get("/huge.bin", method="HEAD")["Content-Length"] == str(5 << 30)


@pytest.mark.parametrize("first,last,body", [
    ((1 << 32) - 2, (1 << 32) + 1, b"\0" * 4), ((1 << 31) - 1, 1 << 31, b"\0" * 2), ((5 << 30) - 3, (5 << 30) - 1, b"ail"),
])
def test_F_21_offsets_have_64_bits(site, first, last, body):
    answer = site.get("/huge.bin", f"Range: bytes={first}-{last}\r\n")
    assert (answer.status, answer["Content-Range"], answer.body) == (206, f"bytes {first}-{last}/{5 << 30}", body)
    assert site.get("/huge.bin", f"Range: bytes={5 << 30}-\r\n")["Content-Range"] == f"bytes */{5 << 30}"


def test_F_21_a_long_range_of_a_huge_file(site):
    answer = site.get("/huge.bin", f"Range: bytes=-{1 << 20}\r\n")
    assert answer.body == bytes((1 << 20) - 4) + b"tail"


def error_page(title):
    return f'<!doctype html>\n<html lang="en"><title>{title}</title><h1>{title}</h1></html>\n'.encode()


BAD_REQUEST, NOT_FOUND = error_page("400 Bad Request"), error_page("404 Not Found")


@pytest.mark.parametrize("path,body", [
    ("/with%20space.txt", b"space"), ("/caf%C3%A9.txt", b"utf-8"), ("/caf%c3%a9.txt", b"utf-8"), ("/100%25.txt", b"percent"),
    ("/%252e.txt", b"escape"), ("/what%3F.txt", b"question"), ("/what%3f.txt?x", b"question"), ("/a%23b+c&d;e.txt", b"marks"),
    ("/%61%23b%2Bc%26d%3Be.txt", b"marks"), ("/caf\xc3\xa9.txt", BAD_REQUEST), ("/with+space.txt", NOT_FOUND),
])
def test_F_21_names(site, path, body):
    assert site.get(path).body == body


def test_H_26_an_encoded_slash_is_no_separator(site):
    for path in ("/sub%2Fpage.html", "/sub%5Cpage.html", "/sub%2f", "/sub/%2Fpage.html", "/%5Cback.txt", "/just-one.css%2F"):
        for method in ("GET", "HEAD"):
            assert site.get(path, method=method).status == 404, path


@pytest.mark.parametrize("path,fields,status", [
    ("/data.txt", "", 200), ("/empty.txt", "", 200), ("/big.bin", "", 200), ("/", "", 200), ("/sub", "", 308), ("/missing", "", 404),
    ("/a.unknown-type", "", 200), ("/data.txt", "If-None-Match: *\r\n", 304), ("/data.txt", 'If-Match: "x"\r\n', 412),
])
def test_H_28_head_has_the_fields_of_get(site, path, fields, status):
    get, head = site.get(path, fields), site.get(path, fields, "HEAD")
    without_date = [[field for field in answer.fields if field[0] != "Date"] for answer in (get, head)]
    assert (get.status, head.status, head.body) == (status, status, None)
    assert without_date[0] == without_date[1]


def test_H_28_nothing_of_a_body_follows_head(site):
    for index in (0, 1):
        with site.connect(index) as connection:
            for name in ("big.bin", "data.txt", "huge.bin", "missing"):
                connection.send(f"HEAD /{name} HTTP/1.1\r\nHost: example.com\r\n\r\n")
            connection.send(NEXT)
            assert [connection.answer("HEAD").status for _ in range(4)] == [200, 200, 200, 404]
            assert connection.answer().body == DATA


def test_M_10_an_exact_pattern_serves_the_one_file(site):
    assert site.get("/just-one.css").body == b"a{}" and site.get("/just-one.css/").status == 404
    assert site.get("/just-one.css?v=1", "Range: bytes=0-0\r\n").body == b"a"


def test_M_10_a_tail_counts_from_the_root(site):
    assert site.get("/alias/page.html").body == site.get("/sub/page.html").body == b"page"
    assert site.get("/alias/sub/page.html").status == 404 and site.get("/aliaspage.html").status == 404
    assert site.get("/cached/sub")["Location"] == "/cached/sub/"


def test_large_files_arrive_whole_and_in_order(site):
    expected = (site.root / "big.bin").read_bytes()
    for index in (0, 1):
        with site.connect(index) as connection:
            connection.send("".join(f"GET /{name} HTTP/1.1\r\nHost: example.com\r\n\r\n" for name in ("data.txt", "big.bin", "empty.txt", "big.bin", "data.txt")))
            assert [connection.answer().body for _ in range(5)] == [DATA, expected, b"", expected, DATA]
            connection.send("GET /big.bin HTTP/1.1\r\nHost: example.com\r\nRange: bytes=1000-900000\r\n\r\n" + NEXT)
            assert [connection.answer().body for _ in range(2)] == [expected[1000:900001], DATA]


def test_a_reader_that_lets_the_socket_fill_gets_everything_in_the_end(site):
    expected = (site.root / "big.bin").read_bytes()
    with site.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.send("GET /big.bin HTTP/1.1\r\nHost: example.com\r\n\r\n" * 2)
        assert connection.answer().body == expected and connection.answer().body == expected
