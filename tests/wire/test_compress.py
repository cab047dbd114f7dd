"""Compression on the fly ([compress]): negotiation, validators, cached variants of files, streams (F-9, F-11, F-18, H-28)."""

import gzip
import os
import subprocess
import time
import zlib

import pytest
from conftest import running

CONFIG = """
[server]
workers = 1
[listen.web]
address = "127.0.0.1:0"
[log.access]
to = ["stdout"]
[compress]
encodings = ["zstd", "br", "gzip"]
min_size = "256B"
types = ["text/*", "application/json"]
[[route]]
path = "/**"
static = {{ root = "{dir}/root", precompressed = ["gz"], list = "html" }}
cache_control = [{{ match = "raw.txt", value = "no-transform" }}]
[[route]]
path = "/json"
respond = {{ type = "application/json", text = '{json}' }}
[[route]]
path = "/short"
respond = {{ text = "short" }}
[[route]]
path = "/events"
respond = {{ type = "text/event-stream", text = '{json}' }}
[[route]]
path = "/off"
compress = false
respond = {{ type = "application/json", text = '{json}' }}
[[route]]
path = "/gzip-only"
compress = {{ encodings = ["gzip"] }}
respond = {{ type = "application/json", text = '{json}' }}
[[route]]
path = "/set"
headers = {{ set = {{ Vary = "Origin" }} }}
respond = {{ type = "application/json", text = '{json}' }}
[[route]]
path = "/no-streams/**"
compress = {{ streams = 0 }}
static = {{ root = "{dir}/root" }}
"""
JSON = "[" + ", ".join(f'{{"id": {n}, "name": "user {n * 7919 % 1009}"}}' for n in range(300)) + "]"
TEXT = JSON.encode() * 3
MEDIUM = JSON.encode() * 20  # more than is sent from memory
LARGE = JSON.encode() * 200  # more than is compressed whole


def tool(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


DECODERS = {"gzip": gzip.decompress, "br": tool("brotli", "-d", "-c"), "zstd": tool("zstd", "-d", "-c", "-q"), None: lambda data: data}


def decoded(answer):
    return DECODERS[answer["Content-Encoding"]](answer.body)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compress")
    root = folder / "root"
    (root / "list").mkdir(parents=True)
    for name, data in {"a.txt": TEXT, "medium.json": MEDIUM, "large.txt": LARGE, "small.txt": b"x" * 255, "a.png": TEXT, "raw.txt": TEXT,
                       "side.txt": TEXT, "side.txt.gz": gzip.compress(TEXT), "changes.txt": TEXT, "empty.txt": b""}.items():
        (root / name).write_bytes(data)
    for n in range(50):
        (root / "list" / f"{n}.txt").write_bytes(b"")
    for name in os.listdir(root):
        os.utime(root / name, (1_000_000_000, 1_000_000_000))
    with running(folder, CONFIG.format(dir=folder, json=JSON)) as daemon:
        daemon.root = root
        yield daemon


PATHS = {"/json": JSON.encode(), "/a.txt": TEXT, "/medium.json": MEDIUM, "/large.txt": LARGE, "/side.txt": TEXT}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept,coding", [
    (None, None), ("", None), ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip;q=0.5, br;q=0.8", "br"), ("zstd;q=0.1, gzip", "gzip"),
    ("*", "zstd"), ("gzip;q=0", None), ("identity, gzip;q=0.5", None), ("identity;q=0, br", "br"), ("deflate", None),
])
def test_F_18_the_client_chooses(site, path, accept, coding):
    if path == "/side.txt" and accept == "*":
        coding = "gzip"  # the file that is there wins a tie
    for _ in range(2):  # made, and remembered
        answer = site.get(path, "" if accept is None else f"Accept-Encoding: {accept}\r\n")
        assert (answer.status, answer["Content-Encoding"], answer["Vary"]) == (200, coding, "Accept-Encoding")
        assert decoded(answer) == PATHS[path]
        if path != "/large.txt" or coding is None:
            assert int(answer["Content-Length"]) == len(answer.body)


def test_F_18_the_servers_order_decides_a_tie(site):
    assert site.get("/json", "Accept-Encoding: gzip, br, zstd\r\n")["Content-Encoding"] == "zstd"
    assert site.get("/json", "Accept-Encoding: gzip, br\r\n")["Content-Encoding"] == "br"
    assert site.get("/a.txt", "Accept-Encoding: gzip, br\r\n")["Content-Encoding"] == "br"
    assert site.get("/side.txt", "Accept-Encoding: zstd, gzip\r\n")["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/json", "/a.txt"])
def test_F_18_nothing_acceptable(site, path):
    answer = site.get(path, "Accept-Encoding: identity;q=0\r\n")
    assert (answer.status, answer["Vary"]) == (406, "Accept-Encoding")


@pytest.mark.parametrize("path,varies", [
    ("/short", "Accept-Encoding"), ("/small.txt", "Accept-Encoding"), ("/empty.txt", "Accept-Encoding"), ("/a.png", None), ("/raw.txt", None),
    ("/events", None), ("/off", None),
])
def test_F_18_what_is_left_as_it_is(site, path, varies):
    answer = site.get(path, "Accept-Encoding: gzip, br, zstd\r\n")
    assert (answer.status, answer["Content-Encoding"]) == (200, None)
    assert answer["Vary"] == varies


def test_F_18_a_small_content_where_identity_is_refused(site):
    for path in ("/short", "/small.txt"):
        answer = site.get(path, "Accept-Encoding: gzip, identity;q=0\r\n")
        assert answer["Content-Encoding"] == "gzip" and decoded(answer) in (b"short", b"x" * 255)


def test_F_18_a_route_narrows_and_a_set_field_stays(site):
    assert site.get("/gzip-only", "Accept-Encoding: gzip, br, zstd\r\n")["Content-Encoding"] == "gzip"
    answer = site.get("/set", "Accept-Encoding: br\r\n")
    assert answer["Content-Encoding"] == "br" and decoded(answer) == JSON.encode()
    assert [value for name, value in answer.fields if name == "Vary"] == ["Origin, Accept-Encoding"]


def test_F_18_lists_are_compressed(site):
    answer = site.get("/list/", "Accept-Encoding: gzip\r\n")
    assert answer["Content-Encoding"] == "gzip" and b"49.txt" in decoded(answer)


@pytest.mark.parametrize("path", ["/a.txt", "/medium.json", "/large.txt"])
def test_F_9_F_11_variants_have_weak_tags_of_their_own(site, path):
    tags = {}
    for coding in (None, "gzip", "br", "zstd"):
        accept = f"Accept-Encoding: {coding}\r\n" if coding else ""
        tags[coding] = site.get(path, accept)["ETag"]
        assert tags[coding].startswith("W/") == (coding is not None)
        answer = site.get(path, accept + f"If-None-Match: {tags[coding]}\r\n")
        assert (answer.status, answer["ETag"], answer["Vary"], answer.body) == (304, tags[coding], "Accept-Encoding", None)
    assert len(set(tags.values())) == 4
    assert site.get(path, f"Accept-Encoding: gzip\r\nIf-None-Match: {tags['br']}\r\n").status == 200


@pytest.mark.parametrize("path", ["/a.txt", "/large.txt"])
def test_F_14_parts_are_those_of_the_file(site, path):
    answer = site.get(path, "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n")
    assert (answer.status, answer["Content-Encoding"], answer.body) == (206, None, PATHS[path][:10])
    assert not answer["ETag"].startswith("W/")
    tag = site.get(path, "Accept-Encoding: gzip\r\n")["ETag"]
    answer = site.get(path, f"Accept-Encoding: gzip\r\nRange: bytes=0-9\r\nIf-Range: {tag}\r\n")
    assert (answer.status, decoded(answer)) == (200, PATHS[path])


@pytest.mark.parametrize("path", ["/json", "/a.txt", "/medium.json"])
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_H_28_head_has_the_fields_of_get(site, path, coding):
    one, other = site.get(path, f"Accept-Encoding: {coding}\r\n"), site.get(path, f"Accept-Encoding: {coding}\r\n", method="HEAD")
    assert one["Content-Encoding"] == coding
    for name in ("Content-Encoding", "Content-Length", "ETag", "Vary", "Content-Type"):
        assert one[name] == other[name]


def test_F_18_a_changed_file_is_compressed_anew(site):
    file = site.root / "changes.txt"
    assert decoded(site.get("/changes.txt", "Accept-Encoding: gzip\r\n")) == TEXT
    new = b"new " + TEXT
    file.write_bytes(new)
    end = time.monotonic() + 10
    while (seen := decoded(site.get("/changes.txt", "Accept-Encoding: gzip\r\n"))) != new:
        assert seen == TEXT and time.monotonic() < end


def test_F_18_streams_are_bounded(tmp_path, site):
    with running(tmp_path, CONFIG.format(dir=site.root.parent, json=JSON)) as daemon:
        answer = daemon.get("/no-streams/large.txt", "Accept-Encoding: gzip\r\n")
        assert (answer["Content-Encoding"], answer["Vary"], answer.body) == (None, "Accept-Encoding", LARGE)
        daemon.stop()
        assert [line["why"] for line in daemon.access_log()] == ["compress_streams"]


def test_F_18_http_1_0_gets_streams_until_the_end(site):
    with site.connect() as connection:
        connection.send("GET /large.txt HTTP/1.0\r\nHost: example.com\r\nAccept-Encoding: gzip\r\n\r\n")
        head = connection.until(b"\r\n\r\n")
        assert b"chunked" not in head and b"Content-Encoding: gzip" in head
        while connection.more():
            pass
        decoder = zlib.decompressobj(31)
        assert decoder.decompress(connection.buffer) == LARGE and decoder.eof
