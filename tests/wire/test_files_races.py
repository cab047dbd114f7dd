"""Nothing outside the root is ever served, whatever is asked for and whatever is swapped meanwhile (F-2, F-3, H-24, H-26)."""

import itertools
import os
import socket
import threading
import time

import pytest
from conftest import running

SECRET = b"OUTSIDE"
SECONDS = 10
CONFIG = """
[server]
workers = 2
[listen.web]
address = "127.0.0.1:0"
[limits]
keepalive_requests = 1000000
[[route]]
path = "/**"
static = {{ root = "{dir}/root" }}
[[route]]
path = "/inside/**"
static = {{ root = "{dir}/root", symlinks = "inside-root", list = "html", precompressed = ["gz"] }}
[[route]]
path = "/owned/**"
static = {{ root = "{dir}/root", symlinks = "same-owner", dotfiles = "allow", cache = "0B", open_files = 0 }}
[[route]]
path = "/uncached/**"
static = {{ root = "{dir}/root", symlinks = "inside-root", cache = "0B", open_files = 0 }}
"""
ROUTES = ["", "/inside", "/owned", "/uncached"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("races")
    root = folder / "root"
    for place in ("root/dir/sub", "root/other", "outside/sub", "root/moving/deep/down", "root/.well-known"):
        (folder / place).mkdir(parents=True)
    for name in ("a.txt", "sub/a.txt", "index.html", "a.txt.gz", "large.bin"):
        size = 40_000 if name == "large.bin" else 1
        (root / "dir" / name).write_bytes(b"inside" * size)
        (folder / "outside" / name).write_bytes(SECRET * size)
    (folder / "outside.txt").write_bytes(SECRET)
    (root / "file.txt").write_bytes(b"inside")
    (root / "moving/deep/down/up").symlink_to("../../../file.txt")
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        daemon.folder, daemon.root = folder, root
        yield daemon


UPS = ["..", "%2e%2e", "%2E.", ".%2e", "..%00", "%00..", "..;", "..%20", "%252e%252e", "%25252e%25252e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae",
       "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e", "...", "....", ". .", "..%09", "..%0a", "..%0d", "..\\", "%5c..", "..%5c", "..%255c", "..%c0%af",
       "..%2f", "%2e%2e%2f", "..%252f", "..%25252f", "..%c1%9c", "..%u2215", "..%ef%bc%8f", "~", "~root", "%7eroot", "C:", "\\\\server", "%5c%5cserver"]
ENDS = ["outside.txt", "outside/a.txt", "etc/passwd", "root/file.txt"]


SEPARATORS = ["/", "%2f", "%5c", "\\", "%252f", "//", "/./", "/%2e/"]


def traversals():
    for up, separator in itertools.product(UPS, SEPARATORS):
        yield "/" + separator.join([up] * 7) + separator + "etc/passwd"
        for depth, end, start in itertools.product((1, 2), ENDS, ("/", "/dir/sub/", "/file.txt/", "/.well-known/")):
            yield start + separator.join([up] * depth) + separator + end


@pytest.mark.parametrize("route", ROUTES)
def test_F_2_H_24_H_26_traversal_forms(site, route):
    """Many on each connection: a refusal may end it."""
    connection = None
    for target in traversals():
        if connection is None:
            connection = site.connect()
        connection.send(f"GET {route}{target} HTTP/1.1\r\nHost: example.com\r\n\r\n")
        answer = connection.answer()
        assert SECRET not in answer.body and b"root:" not in answer.body, target
        assert answer.status in (400, 404), target
        if answer["Connection"] == "close":
            connection.socket.close()
            connection = None


@pytest.mark.parametrize("target", [
    "/" + "a" * 4096, "/" + "a/" * 2000, "/" + "%61" * 2000, "/" + "../" * 500 + "etc/passwd", "/dir/" + "x" * 255, "/dir/" + "x" * 256,
    "/" + "dir/../" * 300, "/dir/" + "./" * 1000 + "a.txt", "/inside/" + "dir/" * 1500, "/owned/" + "dir/" * 1500, "/owned/" + "y" * 300,
])
def test_F_7_over_long_names(site, target):
    assert site.get(target).status in (400, 404, 414)


def test_F_2_a_nul_names_nothing(site):
    for target in ("/file.txt%00", "/file.txt%00.html", "/%00", "/dir%00/a.txt", "/owned/file.txt%00x"):
        assert site.get(target).status == 400, target


class Swapper(threading.Thread):
    """Does `swap` over and over; what it makes is there or not, never half."""

    def __init__(self, stop, swap):
        super().__init__()
        self.stop, self.swap, self.rounds, self.failure = stop, swap, 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                self.swap()
                self.rounds += 1
        except Exception as exception:  # shown by the test
            self.failure = exception


def replace_by_link(path, target):
    link = path.with_name(path.name + ".link")
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)
    os.replace(link, path)


class Asker(threading.Thread):
    def __init__(self, site, stop, targets):
        super().__init__()
        self.address, self.stop, self.targets = site.address(), stop, targets
        self.answers, self.served, self.failure = 0, 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                self.ask_all()
        except Exception as exception:
            self.failure = exception

    def ask_all(self):
        requests = "".join(f"GET {target} HTTP/1.1\r\nHost: example.com\r\n\r\n" for target in self.targets)
        with socket.create_connection(self.address, 30) as connection:
            connection.sendall(requests.encode() + b"GET /last-one HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
            data = b""
            while piece := connection.recv(1 << 20):
                data += piece
        assert SECRET not in data and b"root:" not in data, "what lies outside was served"
        self.answers += data.count(b"HTTP/1.1 ")
        self.served += data.count(b"inside")


def test_F_2_F_3_nothing_outside_is_served_while_names_are_swapped(site):
    root, folder = site.root, site.folder
    stop = threading.Event()
    away, back = root / "dir", root / "other" / "dir"

    def file_and_link():
        replace_by_link(root / "swapped.txt", "../outside.txt")
        replace_by_link(root / "swapped.txt", str(folder / "outside.txt"))
        (root / "new").write_bytes(b"inside")
        os.replace(root / "new", root / "swapped.txt")
        replace_by_link(root / "swapped.txt", "file.txt")

    def folder_and_link():
        os.rename(away, back)
        os.symlink(folder / "outside", away)
        os.unlink(away)
        os.symlink("../outside", away)
        os.unlink(away)
        os.symlink("../../outside", away)
        os.unlink(away)
        os.rename(back, away)

    def folder_moves_out():
        os.rename(root / "moving", folder / "moved")
        os.rename(folder / "moved", root / "moving")
        os.rename(root / "moving/deep/down", root / "moving/down")
        os.rename(root / "moving/down", root / "moving/deep/down")

    names = ["/swapped.txt", "/dir/a.txt", "/dir/sub/a.txt", "/dir/", "/dir/large.bin", "/moving/deep/down/up", "/dir", "/file.txt"]
    swappers = [Swapper(stop, swap) for swap in (file_and_link, folder_and_link, folder_moves_out)]
    askers = [Asker(site, stop, [route + name for name in names]) for route in ROUTES for _ in range(2)]
    for thread in swappers + askers:
        thread.start()
    try:
        stop.wait(SECONDS)  # the length of the race, not a synchronisation
    finally:
        stop.set()
        for thread in swappers + askers:
            thread.join()
    for thread in swappers + askers:
        assert thread.failure is None, repr(thread.failure)
    assert all(swapper.rounds > 50 for swapper in swappers), [swapper.rounds for swapper in swappers]
    assert sum(asker.answers for asker in askers) > 1000 and sum(asker.served for asker in askers) > 100
    end = time.monotonic() + 30
    while site.get("/dir/a.txt").status != 200:
        assert time.monotonic() < end, "what is back is served again"
