"""Static files: several ranges, precompressed variants, ETags of content, Cache-Control by pattern (F-9, F-14, F-18)."""

import os
import re

import pytest
from conftest import running

CONFIG = """
[listen.web]
address = "127.0.0.1:0"
[[route]]
path = "/**"
static = {{ root = "{dir}/root", precompressed = ["zst", "br", "gz"] }}
cache_control = [
  {{ match = "*-[0-9a-f]*.{{js,css}}", value = "public, max-age=31536000, immutable" }},
  {{ match = "docs/*.html", value = "no-cache" }},
  {{ match = "*.html", value = "max-age=60" }},
]
[[route]]
path = "/hashed/**"
static = {{ root = "{dir}/hashed", etag = "content", precompressed = ["gz"] }}
[[route]]
path = "/plain/**"
static = {{ root = "{dir}/root" }}
"""
DATE = 1_000_000_000
SMALL = b"0123456789" * 10
LARGE = os.urandom(200_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    root, hashed = folder / "root", folder / "hashed"
    (root / "docs").mkdir(parents=True)
    hashed.mkdir()
    files = {
        "small.txt": SMALL, "large.bin": LARGE, "all.js": b"plain", "all.js.gz": b"gz", "all.js.br": b"br", "all.js.zst": b"zstd",
        "big.js": LARGE, "big.js.gz": LARGE[:100_000], "gz.js": b"plain!", "gz.js.gz": b"gzip", "old.js": b"new", "old.js.gz": b"stale",
        "folder.js": b"plain", "index.html": b"home", "index.html.gz": b"packed home", "same.js": b"1234", "same.js.gz": b"abcd",
        "app-1f.js": b"", "app-x.js": b"", "docs/a.html": b"", "docs/a.txt": b"", "link.js": b"plain",
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
        os.utime(root / name, (DATE, DATE))
    os.utime(root / "old.js.gz", (DATE - 1, DATE - 1))
    (root / "folder.js.gz").mkdir()
    (root / "link.js.gz").symlink_to("all.js.gz")
    for name in ("a.txt", "b.txt"):
        (hashed / name).write_bytes(b"content")
        (hashed / f"{name}.gz").write_bytes(b"content")
    (hashed / "c.txt").write_bytes(b"Content")
    (hashed / "large.bin").write_bytes(LARGE)
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        daemon.root, daemon.hashed = root, hashed
        yield daemon


def parts_of(answer):
    """(Content-Range, Content-Type, bytes) of each part, by RFC 2046."""
    boundary = re.fullmatch(r"multipart/byteranges; boundary=([0-9a-z]{10,70})", answer["Content-Type"]).group(1).encode()
    pieces = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n"
    parts = []
    for piece in pieces[1:-1]:
        head, _, body = piece.partition(b"\r\n\r\n")
        fields = dict(line.decode().split(": ") for line in head.split(b"\r\n")[1:])
        parts.append((fields["Content-Range"], fields["Content-Type"], body))
    return parts


@pytest.mark.parametrize("path,data,type", [("/small.txt", SMALL, "text/plain; charset=utf-8"), ("/large.bin", LARGE, "application/octet-stream")])
@pytest.mark.parametrize("range,expected", [
    ("bytes=0-1,5-6", [(0, 1), (5, 6)]), ("bytes=90-, 0-0", [(90, None), (0, 0)]), ("bytes=-3,2-3", [(-3, None), (2, 3)]),
    ("bytes=0-9,5-19,40-41", [(0, 19), (40, 41)]), (f"bytes=0-0,2-2,{'9' * 20}-", [(0, 0), (2, 2)]),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 32, 2)), [(n, n) for n in range(0, 32, 2)]),
])
def test_F_14_several_ranges(site, path, data, type, range, expected):
    for _ in range_twice():
        answer = site.get(path, f"Range: {range}\r\n")
        assert (answer.status, answer["Content-Range"]) == (206, None)
        assert int(answer["Content-Length"]) == len(answer.body)
        want = []
        for first, last in expected:
            first = first if first >= 0 else len(data) + first
            last = len(data) - 1 if last is None else last
            want.append((f"bytes {first}-{last}/{len(data)}", type, data[first:last + 1]))
        assert parts_of(answer) == want
        assert answer["ETag"] == site.get(path)["ETag"]


def range_twice():
    """From the file, and from what is remembered of it."""
    return (0, 1)


def test_F_14_parts_larger_than_a_piece(site):
    answer = site.get("/large.bin", "Range: bytes=0-99999,100001-199999\r\n")
    assert [part[2] for part in parts_of(answer)] == [LARGE[:100_000], LARGE[100_001:]]


@pytest.mark.parametrize("range,first,last", [("bytes=0-1,2-3", 0, 3), ("bytes=0-5,3-9", 0, 9), ("bytes=0-1,500-", 0, 1)])
def test_F_14_what_becomes_one_range_is_no_multipart(site, range, first, last):
    answer = site.get("/small.txt", f"Range: {range}\r\n")
    assert (answer.status, answer["Content-Range"], answer.body) == (206, f"bytes {first}-{last}/100", SMALL[first:last + 1])


@pytest.mark.parametrize("range", [
    "bytes=0-9,5-14,8-20", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 34, 2)), "bytes=0-1,x", "bytes=0-1,5-4",
])
def test_F_14_what_costs_too_much_is_answered_with_everything(site, range):
    answer = site.get("/small.txt", f"Range: {range}\r\n")
    assert (answer.status, answer.body) == (200, SMALL)


def test_F_14_F_15_several_that_are_beyond_the_end(site):
    answer = site.get("/small.txt", "Range: bytes=100-,200-300\r\n")
    assert (answer.status, answer["Content-Range"]) == (416, "bytes */100")


def test_F_14_a_connection_goes_on_behind_the_parts(site):
    with site.connect() as connection:
        one = "GET {} HTTP/1.1\r\nHost: example.com\r\nRange: bytes=0-1,5-6\r\n\r\n"
        connection.send(one.format("/small.txt") + one.format("/large.bin") + one.format("/small.txt"))
        assert [connection.answer().status for _ in range(3)] == [206, 206, 206]


@pytest.mark.parametrize("accept,coding,body", [
    (None, None, b"plain"), ("", None, b"plain"), ("gzip", "gzip", b"gz"), ("br", "br", b"br"), ("zstd", "zstd", b"zstd"),
    ("gzip, br, zstd", "zstd", b"zstd"), ("gzip;q=1, br;q=0.9, zstd;q=0.8", "gzip", b"gz"), ("*", "zstd", b"zstd"),
    ("*, zstd;q=0", "br", b"br"), ("deflate", None, b"plain"), ("identity", None, b"plain"), ("gzip;q=0.5, identity", None, b"plain"),
    ("gzip;q=0", None, b"plain"), ("x-gzip", "gzip", b"gz"), ("GZIP", "gzip", b"gz"), ("identity;q=0, br;q=0.1", "br", b"br"),
    ("gzip;q=0.001", "gzip", b"gz"), ("gzip;q=nonsense", None, b"plain"),
])
def test_F_18_the_client_chooses(site, accept, coding, body):
    fields = "" if accept is None else f"Accept-Encoding: {accept}\r\n"
    for _ in range_twice():
        answer = site.get("/all.js", fields)
        assert (answer.status, answer["Content-Encoding"], answer.body) == (200, coding, body)
        assert (answer["Vary"], answer["Content-Type"]) == ("Accept-Encoding", "text/javascript; charset=utf-8")
        head = site.get("/all.js", fields, "HEAD")
        assert (head["Content-Encoding"], head["Content-Length"], head["ETag"]) == (coding, str(len(body)), answer["ETag"])


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "identity;q=0, gzip;q=0, *;q=0"])
def test_F_18_identity_that_is_excluded_is_not_sent(site, accept):
    answer = site.get("/all.js", f"Accept-Encoding: {accept}\r\n")
    assert (answer.status, answer["Vary"]) == (406, "Accept-Encoding")
    assert site.get("/small.txt", f"Accept-Encoding: {accept}\r\n").status == 406
    assert site.get("/plain/small.txt", f"Accept-Encoding: {accept}\r\n").status == 200, "nothing is negotiated there"


def test_F_18_without_variants_nothing_varies(site):
    for path in ("/small.txt", "/plain/all.js", "/folder.js", "/link.js", "/old.js"):
        answer = site.get(path, "Accept-Encoding: gzip, br\r\n")
        assert (answer.status, answer["Vary"], answer["Content-Encoding"]) == (200, None, None), path
    assert site.get("/old.js", "Accept-Encoding: gzip\r\n").body == b"new", "a variant older than its source is stale"


def test_F_18_F_9_each_variant_has_its_own_tag(site):
    tags = {site.get("/all.js", f"Accept-Encoding: {coding}\r\n")["ETag"] for coding in ("gzip", "br", "zstd", "identity")}
    assert len(tags) == 4 and all(tag.startswith('"') and tag.endswith('"') for tag in tags)
    same = {site.get("/same.js", f"Accept-Encoding: {coding}\r\n")["ETag"] for coding in ("gzip", "identity")}
    assert len(same) == 2, "although size and time are equal"


def test_F_18_F_11_conditions_are_about_the_variant(site):
    packed = site.get("/all.js", "Accept-Encoding: gzip\r\n")["ETag"]
    answer = site.get("/all.js", f"Accept-Encoding: gzip\r\nIf-None-Match: {packed}\r\n")
    assert (answer.status, answer["Vary"], answer["ETag"]) == (304, "Accept-Encoding", packed)
    assert site.get("/all.js", f"If-None-Match: {packed}\r\n").status == 200
    assert site.get("/all.js", f"If-Match: {packed}\r\n").status == 412


def test_F_18_ranges_are_of_the_variant(site):
    answer = site.get("/gz.js", "Accept-Encoding: gzip\r\nRange: bytes=1-2\r\n")
    assert (answer.status, answer["Content-Encoding"], answer["Content-Range"], answer.body) == (206, "gzip", "bytes 1-2/4", b"zi")
    answer = site.get("/big.js", "Accept-Encoding: gzip\r\nRange: bytes=-10\r\n")
    assert (answer["Content-Range"], answer.body) == ("bytes 99990-99999/100000", LARGE[99_990:100_000])
    assert site.get("/big.js", "Accept-Encoding: gzip\r\n").body == LARGE[:100_000] and site.get("/big.js").body == LARGE
    packed = site.get("/gz.js", "Accept-Encoding: gzip\r\n")["ETag"]
    assert site.get("/gz.js", f"Range: bytes=0-0\r\nIf-Range: {packed}\r\n").status == 200, "another representation"


def test_F_18_an_index_has_variants_too(site):
    answer = site.get("/", "Accept-Encoding: gzip\r\n")
    assert (answer.body, answer["Content-Encoding"], answer["Content-Type"]) == (b"packed home", "gzip", "text/html; charset=utf-8")
    asked = site.get("/index.html.gz", "Accept-Encoding: gzip\r\n")
    assert (asked["Content-Type"], asked["Content-Encoding"]) == ("application/gzip", None), "asked for by name it is a file"


def test_F_9_etags_of_content(site):
    def tag(name, fields=""):
        return site.get(f"/hashed/{name}", fields)["ETag"]

    assert tag("a.txt") == tag("b.txt") != tag("c.txt")
    assert tag("a.txt") != tag("a.txt", "Accept-Encoding: gzip\r\n"), "the same bytes, another representation"
    before = tag("large.bin")
    os.utime(site.hashed / "large.bin", (DATE, DATE))
    assert site.get("/hashed/large.bin", f"If-None-Match: {before}\r\n").status == 304


@pytest.mark.parametrize("path,value", [
    ("/app-1f.js", "public, max-age=31536000, immutable"), ("/app-x.js", None), ("/docs/a.html", "no-cache"), ("/", "max-age=60"),
    ("/index.html", "max-age=60"), ("/docs/a.txt", None), ("/missing.html", "no-store"), ("/plain/index.html", None),
])
def test_cache_control_by_pattern(site, path, value):
    answer = site.get(path)
    assert answer["Cache-Control"] == value
    if answer.status == 200:
        again = site.get(path, f"If-None-Match: {answer['ETag']}\r\n")
        assert (again.status, again["Cache-Control"]) == (304, value)  # F-11
        assert site.get(path, "Range: bytes=0-0\r\n")["Cache-Control"] in (value, "no-store")
