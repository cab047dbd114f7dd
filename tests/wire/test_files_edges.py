"""Static files where things happen at once: sidecars by their times, variants for many, clients that leave, roots that move."""

import os
import random
import threading
import time

import pytest
from conftest import running
from wire import PATIENCE, Daemon

CONFIG = """
[server]
workers = 1
[listen.web]
address = "127.0.0.1:0"
[log.access]
to = []
[compress]
min_size = "100B"
[[route]]
path = "/**"
static = {{ root = "{dir}/root", precompressed = ["br", "gz"], list = "html" }}
[[route]]
path = "/made/**"
compress = true
static = {{ root = "{dir}/root" }}
[[route]]
path = "/asis/**"
compress = true
headers = {{ set = {{ Cache-Control = "public, no-transform" }} }}
static = {{ root = "{dir}/root" }}
[[route]]
path = "/varies/**"
compress = true
headers = {{ set = {{ Vary = "Origin" }} }}
static = {{ root = "{dir}/root" }}
[[route]]
path = "/moved/**"
static = {{ root = "{dir}/current" }}
[[route]]
path = "/uncached/**"
static = {{ root = "{dir}/root", cache = "0B", open_files = 0 }}
"""
TEXT = b"the same words again and again\n" * 1000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edges")
    root = folder / "root"
    root.mkdir()
    (folder / "one").mkdir()
    (folder / "one" / "a.txt").write_text("one")
    (folder / "two").mkdir()
    (folder / "two" / "a.txt").write_text("two")
    (folder / "current").symlink_to("one")
    (root / "text.txt").write_bytes(TEXT)
    (root / "noise.txt").write_bytes(random.Random(1).randbytes(20_000))
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        daemon.root, daemon.place = root, folder
        yield daemon


@pytest.mark.parametrize("source,sidecar,taken", [
    (5_000_000_000, 5_000_000_000, True),
    (5_321_000_000, 5_000_000_000, True),  # brotli keeps the whole seconds
    (5_321_000_000, 5_320_000_000, False),
    (5_321_000_000, 4_000_000_000, False),
    (5_321_000_000, 5_400_000_000, True),
])
def test_F_18_a_sidecar_is_as_new_as_its_source_to_the_second_where_it_has_no_more(site, source, sidecar, taken):
    name = f"times-{source}-{sidecar}.js"
    (site.root / name).write_bytes(b"plain")
    (site.root / f"{name}.br").write_bytes(b"packed")
    os.utime(site.root / name, ns=(source, source))
    os.utime(site.root / f"{name}.br", ns=(sidecar, sidecar))
    answer = site.get(f"/{name}", "Accept-Encoding: br\r\n")
    assert (answer["Content-Encoding"], answer.body) == (("br", b"packed") if taken else (None, b"plain"))


def test_F_14_F_18_several_parts_are_parts_of_what_is_not_encoded(site):
    (site.root / "parts.js").write_bytes(b"0123456789")
    (site.root / "parts.js.gz").write_bytes(b"packed")
    answer = site.get("/parts.js", "Accept-Encoding: gzip\r\nRange: bytes=0-1,5-6\r\n")
    assert answer.status == 206 and answer["Content-Encoding"] is None and b"bytes 5-6/10" in answer.body
    one = site.get("/parts.js", "Accept-Encoding: gzip\r\nRange: bytes=0-1\r\n")
    assert (one.status, one["Content-Encoding"], one.body) == (206, "gzip", b"pa")


def test_F_18_what_does_not_get_smaller_is_sent_as_it_is(site):
    for _ in range(2):  # made, and remembered
        answer = site.get("/made/noise.txt", "Accept-Encoding: gzip\r\n")
        assert answer["Content-Encoding"] is None and len(answer.body) == 20_000
        forced = site.get("/made/noise.txt", "Accept-Encoding: gzip, identity;q=0\r\n")
        assert forced["Content-Encoding"] == "gzip"


def test_F_18_a_field_that_forbids_transforming_is_obeyed(site):
    answer = site.get("/asis/text.txt", "Accept-Encoding: gzip\r\n")
    assert answer["Content-Encoding"] is None and answer.body == TEXT


def test_F_18_Vary_names_what_the_answer_depends_on_and_what_the_operator_adds(site):
    for encoding in ("gzip", "identity"):
        answer = site.get("/varies/text.txt", f"Accept-Encoding: {encoding}\r\n")
        assert answer["Vary"] == "Origin, Accept-Encoding", encoding


def test_F_11_a_precondition_is_judged_before_anything_is_compressed(site):
    path = site.root / "judged.txt"
    path.write_bytes(TEXT * 30)  # about 0.9 MiB
    tag = site.get("/made/judged.txt", "Accept-Encoding: br\r\n")["ETag"]
    plain = site.get("/made/judged.txt")["ETag"]
    (site.root / "fresh.txt").write_bytes(TEXT * 30)
    os.utime(site.root / "fresh.txt", ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
    for fields, status in ((f"If-None-Match: {tag}\r\n", 304), (f"If-Match: {plain}\r\n", 412)):
        before = cpu(site)
        answer = site.get("/made/fresh.txt", "Accept-Encoding: br\r\n" + fields)
        assert answer.status == status
        assert cpu(site) - before <= 0.02, "the file was compressed for that"
        if status == 304:
            assert answer["ETag"] == tag and answer["Vary"] == "Accept-Encoding"


def cpu(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def words(seed):
    """About 1 MiB that takes its time to compress."""
    chance = random.Random(seed)
    vocabulary = [chance.randbytes(4).hex() for _ in range(2000)]
    return " ".join(chance.choice(vocabulary) for _ in range(110_000)).encode()


def test_F_18_a_variant_is_made_once_for_all_who_want_it(site):
    for name in ("alone", "many"):
        (site.root / f"{name}.txt").write_bytes(words(1))
    request = "GET /made/{}.txt HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: br\r\n\r\n"
    before = cpu(site)
    alone = site.ask(request.format("alone"))
    cost = cpu(site) - before
    before = cpu(site)
    clients = [site.connect() for _ in range(30)]
    for client in clients:
        client.send(request.format("many"))
    clients.pop(0).socket.close()  # the first to ask leaves
    bodies = []
    readers = [threading.Thread(target=lambda client=client: bodies.append(client.answer().body)) for client in clients]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(PATIENCE)
    for client in clients:
        client.socket.close()
    assert bodies == [alone.body] * 29
    assert cpu(site) - before < 8 * (cost + 0.02), "each made its own"


def test_who_leaves_takes_his_work_along(site):
    """Lists are made elsewhere; those that nobody waits for any more hold up nobody."""
    (site.root / "many").mkdir()
    for number in range(3000):
        (site.root / "many" / f"{number}.txt").touch()
    (site.root / "few").mkdir()

    def listing(folder):
        begin = time.monotonic()
        assert site.get(f"/{folder}/").status == 200
        return time.monotonic() - begin

    one = max(listing("many"), 0.005)
    clients = [site.connect() for _ in range(400)]
    for client in clients:
        client.send("GET /many/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
    for client in clients:
        client.socket.close()
    assert listing("few") < 60 * one, "400 lists were made for nobody"


def test_F_2_a_root_put_in_place_of_another_is_served_within_a_second(site):
    assert site.get("/moved/a.txt").body == b"one"
    os.symlink("two", site.place / "next")
    os.rename(site.place / "next", site.place / "current")
    end = time.monotonic() + 4
    while site.get("/moved/a.txt").body != b"two":
        assert time.monotonic() < end
        time.sleep(0.02)  # a look at intervals, whatever the outcome
    os.unlink(site.place / "current")
    assert site.get("/moved/a.txt").body == b"two", "no other has come"
    os.symlink("one", site.place / "current")


def test_F_19_a_small_file_that_is_written_anew_is_no_error(site):
    path = site.root / "rewritten.txt"
    path.write_bytes(b"a" * 8000)
    stop = threading.Event()

    def rewrite():
        size = 0
        while not stop.is_set():
            size = (size + 997) % 8000
            path.write_bytes(b"b" * size)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        with site.connect() as client:
            for _ in range(5000):
                client.send("GET /uncached/rewritten.txt HTTP/1.1\r\nHost: example.com\r\n\r\n")
                assert client.answer().status == 200
    finally:
        stop.set()
        writer.join(PATIENCE)


def test_flared_serve_is_a_server_in_one_line(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("<h1>home</h1>")
    daemon = Daemon(tmp_path, "", arguments=["serve", tmp_path / "public", "127.0.0.1:0"])
    try:
        answer = daemon.get("/")
        assert answer.body == b"<h1>home</h1>" and answer["Content-Type"] == "text/html; charset=utf-8"
        assert daemon.get("/", f"If-None-Match: {answer['ETag']}\r\n").status == 304
        assert daemon.get("/../../etc/passwd").status in (400, 404)
    finally:
        assert daemon.stop() == 0
