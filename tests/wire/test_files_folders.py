"""Static files: lists of folders, the fallback, links, dotfiles, error pages (F-2 to F-7, F-22, F-23)."""

import html
import json
import os
import re
import time
from urllib.parse import unquote_to_bytes

import pytest
from conftest import running

CONFIG = """
[server]
utf8 = "opaque"
[listen.web]
address = "127.0.0.1:0"
[[route]]
path = "/**"
static = {{ root = "{dir}/root", list = "html" }}
[[route]]
path = "/mounted/**"
static = {{ root = "{dir}/root", list = "json", list_entries = 2, dotfiles = "allow" }}
[[route]]
path = "/app/**"
static = {{ root = "{dir}/root", fallback = "spa/index.html" }}
[[route]]
path = "/packed-app/**"
static = {{ root = "{dir}/root", fallback = "spa/packed.html", precompressed = ["gz"] }}
[[route]]
path = "/one"
static = {{ root = "{dir}/root", fallback = "spa/index.html" }}
[[route]]
path = "/broken-app/**"
static = {{ root = "{dir}/root", fallback = "missing.html" }}
[[route]]
path = "/inside/**"
static = {{ root = "{dir}/root", symlinks = "inside-root", list = "json" }}
[[route]]
path = "/owned/**"
static = {{ root = "{dir}/root", symlinks = "same-owner", list = "json" }}
"""
DATE = 1_000_000_000
ODD = ["a b.txt", "<script>.txt", "\"quotes'&amp;.txt", "100%.txt", "caf\u00e9.txt", "what?.txt", "javascript:alert(1)", "#x", "per%41cent.txt"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folders")
    root = folder / "root"
    for name in ("list/z-folder", "list/a-folder", "list/.hidden-folder", "odd/<b>&", "empty", "spa", ".git", "outside-in", "deep/er"):
        (root / name).mkdir(parents=True)
    for name, data in {"list/b.txt": b"bb", "list/a.txt": b"a" * 1000, "list/.hidden": b"", "spa/index.html": b"app", "spa/app.js": b"js", "spa/packed.html": b"plain", "spa/packed.html.gz": b"gz",
                       ".git/config": b"git", ".env": b"env", "list/a-folder/x": b"x", "plain.txt": b"plain", "deep/er/x.txt": b"deep"}.items():
        (root / name).write_bytes(data)
        os.utime(root / name, (DATE, DATE))
    for name in ODD:
        (root / "odd" / name).write_bytes(name.encode())
    (root / "odd" / "back\\slash").write_bytes(b"")
    (root / "odd" / "line\nbreak").write_bytes(b"")
    with open(os.fsencode(root / "odd") + b"/latin-\xe9.txt", "wb") as file:
        file.write(b"latin")
    os.mkfifo(root / "list" / "pipe")
    (folder / "outside.txt").write_text("outside")
    for name, target in {"in.txt": "plain.txt", "up.txt": "../plain.txt", "out.txt": "../../outside.txt", "abs.txt": str(root / "plain.txt"),
                         "dir": "../list", "loop": "loop", "chain.txt": "in.txt", "gone": "nowhere", "proc": "/proc/self/cwd",
                         "around.txt": "../list/../plain.txt", "root": "..", "a-folder.txt": "../list/a-folder"}.items():
        (root / "outside-in" / name).symlink_to(target)
    (root / "outside-in" / "in.txt").unlink()
    (root / "outside-in" / "in.txt").symlink_to("../deep/er/x.txt")
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        daemon.root = root
        yield daemon


def names_in(page):
    return [html.unescape(name) for name in re.findall(r'<a href="[^"]*">([^<]*)</a>', page)]


def test_F_22_a_list(site):
    answer = site.get("/list/")
    assert (answer.status, answer["Content-Type"], answer["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-store")
    assert (answer["X-Content-Type-Options"], answer["ETag"]) == ("nosniff", None)
    page = answer.body.decode()
    assert names_in(page) == ["../", "a-folder/", "z-folder/", "a.txt", "b.txt"], "folders first, no dotfiles, only what can be asked for"
    assert "1000<td>2001-09-09T01:46:40Z" in page and "<h1>/list/</h1>" in page
    assert names_in(site.get("/").body.decode())[0] != "../"
    assert site.get("/list")["Location"] == "/list/"
    head = site.get("/list/", method="HEAD")
    assert head["Content-Length"] == str(len(answer.body))
    assert names_in(site.get("/empty/").body.decode()) == ["../"]


@pytest.mark.parametrize("accept,type", [
    ("application/json", "application/json; charset=utf-8"), ("text/html", "text/html; charset=utf-8"), ("*/*", "text/html; charset=utf-8"),
    ("text/html;q=0.5, application/json", "application/json; charset=utf-8"), ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
])
def test_F_22_json_by_accept(site, accept, type):
    answer = site.get("/list/", f"Accept: {accept}\r\n")
    assert (answer["Content-Type"], answer["Cache-Control"]) == (type, "no-store")


def test_F_22_a_list_as_json(site):
    items = json.loads(site.get("/list/", "Accept: application/json\r\n").body)
    assert [(item["name"], item["type"], item.get("size")) for item in items] == [
        ("a-folder", "folder", None), ("z-folder", "folder", None), ("a.txt", "file", 1000), ("b.txt", "file", 2)]
    assert items[2]["modified"] == "2001-09-09T01:46:40Z"
    assert json.loads(site.get("/empty/", "Accept: application/json\r\n").body) == []


def test_F_22_F_21_every_name_is_escaped_and_leads_to_its_file(site):
    page = site.get("/odd/").body.decode()
    assert "<script>" not in page and "<b>" not in page
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', page)[1:]
    assert [html.unescape(name) for _, name in links[:1]] == ["<b>&/"]
    files = {html.unescape(name): href for href, name in links[1:]}
    assert set(files) == {*ODD, "latin-\ufffd.txt"}, "what no request can name is not shown"
    for name, href in files.items():
        assert re.fullmatch(r"\./[A-Za-z0-9\-._~%]+", href), "no scheme, no query, no fragment"
        answer = site.get("/odd/" + href[2:])
        assert (answer.status, answer.body) == (200, b"latin" if "\ufffd" in name else name.encode()), name
        assert unquote_to_bytes(href[2:]).startswith(name.split("\ufffd")[0].encode())
    items = json.loads(site.get("/odd/", "Accept: application/json\r\n").body)
    assert {item["name"] for item in items} == {"<b>&", *ODD, "latin-\ufffd.txt"}


def test_F_22_a_list_has_a_limit(site):
    answer = site.get("/mounted/list/")
    assert answer["Content-Type"].startswith("application/json") and len(json.loads(answer.body)) == 2


def test_F_22_what_was_made_a_moment_ago_is_there(site):
    for number in range(3):
        (site.root / "empty" / f"{number}.txt").write_bytes(b"")
        assert f"{number}.txt" in names_in(site.get("/empty/").body.decode())
    for number in range(3):
        (site.root / "empty" / f"{number}.txt").unlink()


def test_F_4_dotfiles_by_option(site):
    assert site.get("/mounted/.env").body == b"env" and site.get("/mounted/.git/config").body == b"git"
    assert site.get("/.env").status == 404 and site.get("/.git/config").status == 404
    assert not any(item["name"].startswith(".") for item in json.loads(site.get("/mounted/").body))


@pytest.mark.parametrize("path,accept,status", [
    ("/app/users/1", "text/html", 200), ("/app/users/1", None, 200), ("/app/users/1/", "text/html,*/*;q=0.8", 200), ("/app/users/1", "*/*", 200),
    ("/app/", "text/html", 200), ("/app/users/1", "application/json", 404), ("/app/users/1", "text/html;q=0", 404),
    ("/app/missing.js", "text/html", 404), ("/app/a.b/c.png", "text/html", 404), ("/app/v1.2/page", "text/html", 200),
    ("/app/.hidden", "text/html", 404), ("/app/%2e%2e", "text/html", 400), ("/app/a%2Fb", "text/html", 404), ("/one", "text/html", 200),
    ("/broken-app/users", "text/html", 404), ("/app/list/pipe", "text/html", 404), ("/app/plain.txt/x", "text/html", 200),
])
def test_F_23_the_fallback_is_for_pages(site, path, accept, status):
    for method in ("GET", "HEAD"):
        answer = site.get(path, f"Accept: {accept}\r\n" if accept else "", method)
        assert answer.status == status
        if status == 200:
            assert (answer["Content-Type"], answer["Vary"], answer["Content-Length"]) == ("text/html; charset=utf-8", "Accept", "3")


def test_F_23_what_exists_is_not_replaced(site):
    assert site.get("/app/spa/app.js").body == b"js" and site.get("/app/plain.txt")["Vary"] is None
    assert site.get("/app/list")["Location"] == "/app/list/"
    assert site.get("/app/users", method="POST").status == 405
    tag = site.get("/app/users")["ETag"]
    answer = site.get("/app/other", f"If-None-Match: {tag}\r\n")
    assert (answer.status, answer["Vary"]) == (304, "Accept")
    assert site.get("/app/spa/index.html")["Vary"] is None, "asked for by name it depends on nothing"


def test_F_23_F_18_a_fallback_has_variants(site):
    for path in ("/packed-app/a", "/packed-app/b"):
        answer = site.get(path, "Accept-Encoding: gzip\r\n")
        assert (answer.body, answer["Content-Encoding"], answer["Vary"]) == (b"gz", "gzip", "Accept-Encoding, Accept")
        assert site.get(path)["Vary"] == "Accept-Encoding, Accept"


def test_F_23_a_fallback_that_changes_is_seen(site):
    page = site.root / "spa" / "index.html"
    before = page.read_bytes()
    try:
        page.write_bytes(b"another")
        end = time.monotonic() + 5
        while site.get("/app/somewhere").body != b"another":
            assert time.monotonic() < end
    finally:
        page.write_bytes(before)
        while site.get("/app/somewhere").body != before:
            assert time.monotonic() < end + 5


@pytest.mark.parametrize("path,body", [
    ("in.txt", b"deep"), ("up.txt", b"plain"), ("dir/b.txt", b"bb"), ("chain.txt", b"deep"), ("around.txt", b"plain"), ("root/plain.txt", b"plain"),
    ("dir/a-folder/x", b"x"), ("out.txt", None), ("abs.txt", None), ("loop", None), ("gone", None), ("proc", None), ("proc/root", None),
])
def test_F_3_links_by_option(site, path, body):
    for policy in ("inside", "owned"):
        answer = site.get(f"/{policy}/outside-in/{path}")
        assert (answer.status, answer.body) == (200, body) if body else answer.status == 404, policy
    assert site.get(f"/outside-in/{path}").status == 404


def test_F_3_links_to_folders(site):
    for policy in ("inside", "owned"):
        assert site.get(f"/{policy}/outside-in/dir")["Location"] == f"/{policy}/outside-in/dir/"
        listed = {item["name"]: item["type"] for item in json.loads(site.get(f"/{policy}/outside-in/").body)}
        assert listed == {"in.txt": "file", "up.txt": "file", "dir": "folder", "chain.txt": "file", "around.txt": "file", "root": "folder",
                          "a-folder.txt": "folder"}, "what the link leads to; nothing that could not be opened"
    assert names_in(site.get("/outside-in/").body.decode()) == ["../"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_F_3_links_to_what_someone_else_owns(site):
    for name in ("foreign.txt", "foreign-link"):
        (site.root / name).unlink(missing_ok=True)
    (site.root / "foreign.txt").write_bytes(b"foreign")
    os.chown(site.root / "foreign.txt", 65534, 65534)
    (site.root / "foreign-link").symlink_to("foreign.txt")
    assert site.get("/owned/foreign-link").status == 404 and site.get("/inside/foreign-link").body == b"foreign"
    os.chown(site.root / "foreign-link", 65534, 65534, follow_symlinks=False)
    assert site.get("/owned/foreign-link").body == b"foreign"


PAGES = """
[listen.web]
address = "127.0.0.1:0"
[host.www]
names = ["_"]
error_pages = {{ "404" = "404.html", 4xx = "4xx.html", 5xx = "5xx.txt" }}
[[host.www.route]]
path = "/**"
static = {{ root = "{dir}/root" }}
[[host.www.route]]
path = "/own/**"
static = {{ root = "{dir}/root" }}
error_pages = {{ "404" = "own.html" }}
headers = {{ set = {{ X-Own = "1" }} }}
[[host.www.route]]
path = "/fixed"
respond = {{ status = 404, text = "fixed" }}
[[host.www.route]]
path = "/limited"
rate = ["none"]
respond = {{ text = "once" }}
[rate.none]
rate = "1/h"
reply = 503
"""


def test_error_pages(start, tmp_path):
    (tmp_path / "root").mkdir()
    for name in ("404.html", "4xx.html", "5xx.txt", "own.html"):
        (tmp_path / name).write_text(f"page {name}")
    daemon = start(PAGES.format(dir=tmp_path))
    missing = daemon.get("/missing")
    assert (missing.status, missing.body, missing["Content-Type"]) == (404, b"page 404.html", "text/html; charset=utf-8")
    assert missing["Cache-Control"] == "no-store"
    assert daemon.get("/missing", method="HEAD")["Content-Length"] == str(len("page 404.html"))
    own = daemon.get("/own/missing")
    assert (own.body, own["X-Own"]) == (b"page own.html", "1")
    posted = daemon.get("/own/missing", method="POST")
    assert (posted.status, posted.body, posted["Allow"]) == (405, b"page 4xx.html", "GET, HEAD, OPTIONS")
    daemon.get("/limited")
    busy = daemon.get("/limited")
    assert (busy.status, busy.body, busy["Content-Type"], busy["Retry-After"] is not None) == (503, b"page 5xx.txt", "text/plain; charset=utf-8", True)
    assert daemon.get("/fixed").body == b"fixed", "the answers of handlers stay theirs"
    problem = daemon.get("/missing", "Accept: application/json\r\n")
    assert problem["Content-Type"] == "application/problem+json" and json.loads(problem.body)["status"] == 404
