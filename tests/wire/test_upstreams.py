"""Pools of upstream servers: who is asked, who is not, what is tried again (behaviour.md P-9, P-14, P-15, P-18 to P-20)."""

import collections
import contextlib
import itertools
import select
import socket
import threading
import time

import pytest

from upstream import Upstream, ok
from wire import PATIENCE, Daemon, flared

CONFIG = """
[server]
workers = {workers}
{server}
[listen.web]
address = ["127.0.0.1:0", "unix:{socket}"]
[log.access]
to = ["stdout"]
{pool}
[[route]]
path = "/**"
proxy = {{ to = "app"{options} }}
{more}
"""


UNIX = 1  # of the listener's addresses, the one that tells what has been read


def named(name, asked=None):
    """A server that answers with its name."""

    def serve(peer):
        while True:
            try:
                request = peer.request()
            except AssertionError:
                return
            if asked is not None:
                asked.append(request)
            peer.send(ok(name))

    return serve


def pool_of(upstreams, keys="", servers=None):
    servers = servers or [f'{{ addr = "{upstream.address}" }}' for upstream in upstreams]
    return f"[upstream.app]\nservers = [{', '.join(servers)}]\n{keys}\n"


@pytest.fixture
def pooled(start, tmp_path):
    sockets = (tmp_path / f"{number}.sock" for number in itertools.count())

    def begin(pool, options="", more="", workers=1, server=""):
        shape = {"pool": pool, "options": options, "more": more, "workers": workers, "server": server}
        return start(CONFIG.format(socket=next(sockets), **shape))

    return begin


@pytest.fixture
def three():
    with Upstream(named("a")) as a, Upstream(named("b")) as b, Upstream(named("c")) as c:
        yield [a, b, c]


def answers_of(daemon, count, fields=lambda number: "", path=lambda number: "/"):
    counts = collections.Counter()
    with daemon.connect() as client:
        for number in range(count):
            client.send(f"GET {path(number)} HTTP/1.1\r\nHost: example.com\r\n{fields(number)}\r\n")
            answer = client.answer()
            assert answer.status == 200, answer
            counts[answer.body.decode()] += 1
    return counts


def test_round_robin_goes_by_weight(pooled, three):
    servers = [f'{{ addr = "{three[0].address}", weight = 2 }}'] + [f'{{ addr = "{u.address}" }}' for u in three[1:]]
    counts = answers_of(pooled(pool_of(three, 'balance = "round_robin"', servers)), 40)
    assert counts == {"a": 20, "b": 10, "c": 10}


@pytest.mark.parametrize("policy", ["least_conn", "p2c_ewma", "hash:uri"])
def test_every_policy_spreads(pooled, three, policy):
    daemon = pooled(pool_of(three, f'balance = "{policy}"'))
    counts = answers_of(daemon, 1500, path=lambda number: f"/{number}")
    assert set(counts) == {"a", "b", "c"}
    assert min(counts.values()) > 100, counts


def test_least_conn_avoids_the_busy_one(pooled):
    holding, release = threading.Event(), threading.Event()

    def slow(peer):
        try:
            peer.request()
        except AssertionError:
            return
        holding.set()
        assert release.wait(PATIENCE)
        peer.send(ok("slow"))

    with Upstream(slow) as first, Upstream(named("fast")) as second:
        servers = [f'{{ addr = "{first.address}", weight = 1000 }}', f'{{ addr = "{second.address}" }}']
        daemon = pooled(pool_of([], 'balance = "least_conn"', [servers[0].replace("1000", "1"), servers[1]]))
        with daemon.connect() as waiting:
            while not holding.is_set():  # until the slow one has one
                waiting.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
                if not holding.wait(0.2):
                    waiting.answer()
            assert answers_of(daemon, 20) == {"fast": 20}
            release.set()
            assert waiting.answer().body == b"slow"


@pytest.mark.parametrize(
    "key,target,fields",
    [
        ("header:X-User", "/", "X-User: {}\r\n"),
        ("cookie:user", "/", "Cookie: a=b; user={}\r\n"),
        ("uri", "/user/{}?x=1", ""),
        ("client_ip", "/", "X-Forwarded-For: 198.51.{}\r\n"),  # through a proxy that is trusted
    ],
)
def test_like_goes_to_like(pooled, three, key, target, fields):
    daemon = pooled(pool_of(three, f'balance = "hash:{key}"'), server='trusted_proxies = ["127.0.0.0/8"]')
    users = 300
    counts = collections.Counter()
    with daemon.connect() as client:

        def home(user):
            value = f"{user // 200}.{user % 200}" if key == "client_ip" else user
            client.send(f"GET {target.format(value)} HTTP/1.1\r\nHost: example.com\r\n{fields.format(value)}\r\n")
            return client.answer().body.decode()

        homes = [home(user) for user in range(users)]
        assert [home(user) for user in range(users)] == homes, "each goes where it was"
        counts.update(homes)
    assert set(counts) == {"a", "b", "c"} and min(counts.values()) > 60, counts


def test_whom_nobody_trusts_is_one_client(pooled, three):
    daemon = pooled(pool_of(three, 'balance = "hash:client_ip"'))
    assert len(answers_of(daemon, 20, fields=lambda number: f"X-Forwarded-For: 198.51.100.{number}\r\n")) == 1


def test_backups_wait_for_the_others_to_fail(pooled):
    with Upstream(named("first")) as first, Upstream(named("backup")) as backup:
        servers = [f'{{ addr = "{first.address}" }}', f'{{ addr = "{backup.address}", backup = true }}']
        daemon = pooled(pool_of([], "", servers))
        assert answers_of(daemon, 20) == {"first": 20}
        first.stop_listening()
        for peer in first.peers:
            peer.socket.shutdown(socket.SHUT_RDWR)
        assert answers_of(daemon, 5) == {"backup": 5}


def test_P_15_a_dead_server_fails_no_idempotent_request(pooled, three):
    daemon = pooled(pool_of(three, 'balance = "round_robin"'))
    assert len(answers_of(daemon, 9)) == 3
    three[0].stop_listening()
    for peer in three[0].peers:
        peer.socket.shutdown(socket.SHUT_RDWR)
    assert set(answers_of(daemon, 40)) == {"b", "c"}
    daemon.stop()
    assert any(entry.get("attempts") == 2 for entry in daemon.access_log())


def test_P_15_a_reset_before_the_answer_is_repeated_elsewhere_and_posts_are_not(pooled):
    def resets(peer):
        peer.request()
        peer.reset()

    with Upstream(resets) as bad, Upstream(named("good")) as good:
        daemon = pooled(pool_of([bad, good], 'balance = "round_robin"\neject = { errors = 0 }'))
        assert answers_of(daemon, 10) == {"good": 10}
        statuses = set()
        for _ in range(4):
            with daemon.connect() as client:
                client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1\r\n\r\nx")
                statuses.add(client.answer().status)
        assert statuses == {200, 502}


def test_P_15_listed_statuses_and_P_14_kept_content(pooled):
    asked = []

    def overloaded(peer):
        while True:
            try:
                asked.append(peer.request())
            except AssertionError:
                return
            peer.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")

    with Upstream(overloaded) as bad, Upstream(named("good", asked)) as good:
        keys = 'balance = "round_robin"\nretry = { on = ["connect", "503"] }\neject = { errors = 0 }'
        daemon = pooled(pool_of([bad, good], keys), options=', buffer = "1KiB"')
        assert answers_of(daemon, 6) == {"good": 6}
        asked.clear()
        with daemon.connect() as client:
            for _ in range(2):
                client.send("PUT /x HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                assert client.answer().body == b"good"
            long = b"x" * 5000
            client.send(b"PUT /x HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5000\r\n\r\n" + long)
            client.answer()
        assert {request.content for request in asked[:-1]} == {b"abc"} and asked[-1].content == long
        assert asked[0]["Content-Length"] == "3" and asked[0]["Transfer-Encoding"] is None


def test_P_15_a_retry_budget_of_nothing(pooled):
    def resets(peer):
        peer.request()
        peer.reset()

    with Upstream(resets) as bad, Upstream(resets) as worse:
        daemon = pooled(pool_of([bad, worse], 'retry = { budget = "0%" }\neject = { errors = 0 }'))
        for _ in range(3):
            assert daemon.get("/").status == 502
        daemon.stop()
        assert bad.connections + worse.connections == 3


def test_P_15_a_routes_budget(pooled):
    """The pool's would do for ten more."""

    def resets(peer):
        peer.request()
        peer.reset()

    requests = 5
    with Upstream(resets) as bad, Upstream(resets) as worse:
        keys = 'retry = { budget = "20%" }\neject = { errors = 0 }'
        daemon = pooled(pool_of([bad, worse], keys), options=', retry = { budget = "0%" }')
        for _ in range(requests):
            assert daemon.get("/").status == 502
        daemon.stop()
        assert bad.connections + worse.connections == requests


def test_servers_that_break_off_are_ejected_too(pooled):
    def breaks_off(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome of it")

    with Upstream(breaks_off) as bad, Upstream(named("good")) as good:
        keys = 'balance = "round_robin"\neject = { errors = 3, window = "60s", for = "60s" }'
        daemon = pooled(pool_of([bad, good], keys))
        for _ in range(20):
            with daemon.connect() as client:
                client.send("GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
                while True:
                    try:
                        if not client.more():
                            break
                    except ConnectionResetError:
                        break
        assert bad.connections == 3


def test_servers_that_fail_are_ejected_but_never_too_many(pooled):
    def garbage(peer):
        peer.request()
        peer.send(b"garbage\r\n\r\n")

    with Upstream(garbage) as bad, Upstream(named("good")) as good:
        keys = 'balance = "round_robin"\neject = { errors = 3, window = "60s", for = "60s" }'
        daemon = pooled(pool_of([bad, good], keys))
        statuses = [daemon.get("/").status for _ in range(20)]
        assert statuses.count(502) == 3 and statuses[-10:] == [200] * 10
    with Upstream(garbage) as bad, Upstream(garbage) as worse:
        daemon = pooled(pool_of([bad, worse], 'eject = { errors = 1, for = "60s" }'))
        for _ in range(6):
            assert daemon.get("/").status == 502, "one of two is always asked"


def test_P_9_nobody_healthy_is_503_and_panic_asks_all_the_same(pooled):
    def unwell(peer):
        while True:
            try:
                request = peer.request()
            except AssertionError:
                return
            bad = request.target == "/health"
            peer.send(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" if bad else ok("still"))

    health = 'health = { path = "/health", interval = "100ms", timeout = "90ms", fall = 1 }'
    with Upstream(unwell) as server:
        daemon = pooled(pool_of([server], health), options=", proxy_status = true")
        daemon.wait_for_log("is down")
        answer = daemon.get("/")
        assert answer.status == 503 and answer["Retry-After"] and "destination_unavailable" in answer["Proxy-Status"]
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == "no_upstream"
        daemon = pooled(pool_of([server], health + '\npanic = "serve-all"'))
        daemon.wait_for_log("is down")
        assert daemon.get("/").body == b"still"


def test_P_18_servers_come_back(pooled):
    state = {"good": False}

    def serve(peer):
        while True:
            try:
                request = peer.request()
            except AssertionError:
                return
            good = state["good"] or request.target != "/health"
            peer.send(ok("up") if good else b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    with Upstream(serve) as server:
        keys = 'health = { path = "/health", interval = "100ms", timeout = "90ms", fall = 2, rise = 2, expect = 200 }'
        daemon = pooled(pool_of([server], keys))
        assert daemon.get("/").body == b"up", "unknown servers are asked"
        daemon.wait_for_log("is down: ")
        assert daemon.get("/").status == 503
        state["good"] = True
        daemon.wait_for_log("is up again")
        assert daemon.get("/").body == b"up"


def test_P_18_a_connection_is_a_check_too(pooled):
    with Upstream(named("up")) as server:
        daemon = pooled(pool_of([server], 'health = { interval = "100ms", timeout = "90ms", fall = 1 }'))
        assert daemon.get("/").body == b"up"
        server.stop_listening()
        daemon.wait_for_log("is down: ")


def test_P_18_who_is_back_starts_slowly(pooled):
    """One of three dies and comes back: its traffic returns when the checks say so, and grows."""
    state = {"good": True}

    def mortal(peer):
        while True:
            try:
                peer.request()
            except AssertionError:
                return
            if not state["good"]:
                return peer.reset()
            peer.send(ok("a"))

    with Upstream(mortal) as a, Upstream(named("b")) as b, Upstream(named("c")) as c:
        keys = 'balance = "round_robin"\nslow_start = "1s"\neject = { errors = 0 }\n'
        keys += 'health = { path = "/health", interval = "100ms", timeout = "90ms", fall = 2, rise = 2 }'
        daemon = pooled(pool_of([a, b, c], keys))
        assert set(answers_of(daemon, 30)) == {"a", "b", "c"}
        state["good"] = False
        daemon.wait_for_log("is down")
        assert set(answers_of(daemon, 30)) == {"b", "c"}
        state["good"] = True
        since, back, when = time.monotonic(), None, []
        while back is None or time.monotonic() < back + 1.5:
            who, now = daemon.get("/").body, time.monotonic()
            assert now < since + PATIENCE, "it does not come back"
            if back is None and who == b"a":
                back = now
            elif back is not None:
                when.append((now - back, who))

    def share(begin, end):
        window = [who for at, who in when if begin <= at < end]
        return window.count(b"a") / max(1, len(window))

    # interval x rise (and its jitter), slow start; a busy machine is given two seconds more
    assert back - since < 2 * 0.11 + 1 + 2
    assert share(0, 0.3) < share(1.1, 2) * 0.9, "slowly at first"
    assert 0.28 < share(1.1, 2) < 0.39, "then as much as the others"


def test_P_16_a_connection_ends_after_so_many_requests(pooled):
    with Upstream(named("a")) as server:
        daemon = pooled(pool_of([server], "keepalive = { max_requests = 3 }"))
        assert answers_of(daemon, 9) == {"a": 9}
        assert server.connections == 3


def test_P_16_a_connection_ends_when_it_has_been_idle_for_too_long(pooled):
    ended = []

    def serve(peer):
        peer.request()
        peer.send(ok())
        begin = time.monotonic()
        assert peer.gone() == "closed"
        ended.append(time.monotonic() - begin)

    with Upstream(serve) as server:
        daemon = pooled(pool_of([server], 'keepalive = { idle = "1s" }'))
        assert daemon.get("/").status == 200
        server.threads[0].join(PATIENCE)
        assert len(ended) == 1 and ended[0] > 0.9


def test_P_16_a_connection_is_not_used_beyond_its_age(pooled):
    with Upstream(named("a")) as server:
        daemon = pooled(pool_of([server], 'keepalive = { age = "1s" }'))
        begin = time.monotonic()
        while server.connections < 2:  # idle it never was
            assert daemon.get("/").status == 200
            assert time.monotonic() < begin + PATIENCE, "one connection for ever"
        assert time.monotonic() > begin + 0.9


def test_P_20_clients_stay_where_they_were(pooled, three):
    daemon = pooled(pool_of(three, 'sticky = { cookie = "srv", ttl = "1h" }\nbalance = "round_robin"'))
    first = daemon.get("/")
    cookie = first["Set-Cookie"]
    assert cookie.endswith("; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax")
    value = cookie.split(";")[0]
    assert not any(server.address.split(":")[1] in value for server in three)
    for _ in range(6):
        again = daemon.get("/", f"Cookie: x=1; {value}\r\n")
        assert again.body == first.body and again["Set-Cookie"] is None
    home = three["abc".index(first.body.decode())]
    home.stop_listening()
    for peer in home.peers:
        peer.socket.shutdown(socket.SHUT_RDWR)
    moved = daemon.get("/", f"Cookie: {value}\r\n")
    assert moved.status == 200 and moved.body != first.body and moved["Set-Cookie"].split(";")[0] != value
    assert daemon.get("/", "Cookie: srv=nonsense\r\n").status == 200


def test_max_conns_queue_and_its_end(pooled):
    taken, release = threading.Semaphore(0), threading.Semaphore(0)

    def slow(peer):
        while True:
            try:
                peer.request()
            except AssertionError:
                return
            taken.release()
            assert release.acquire(timeout=PATIENCE)
            peer.send(ok("done"))

    with Upstream(slow) as server:
        daemon = pooled(pool_of([server], 'max_conns = 1\nqueue = { depth = 1, wait = "20s" }'))
        with daemon.connect() as first, daemon.connect(UNIX) as second:
            first.send("GET /1 HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert taken.acquire(timeout=PATIENCE)
            second.send("GET /2 HTTP/1.1\r\nHost: example.com\r\n\r\n")
            second.taken()  # and stands in line: the third is the one that does not fit
            answer = daemon.get("/3")
            assert answer.status == 503 and answer["Retry-After"]
            release.release()
            assert first.answer().body == b"done"
            assert taken.acquire(timeout=PATIENCE), "who waited is next"
            release.release()
            assert second.answer().body == b"done"
        daemon.stop()
        assert {entry["why"] for entry in daemon.access_log() if entry["status"] == 503} == {"upstream_busy"}


def test_the_line_is_first_come_first_served(pooled):
    asked, release = [], threading.Semaphore(0)

    def slow(peer):
        while True:
            try:
                asked.append(peer.request().target)
            except AssertionError:
                return
            assert release.acquire(timeout=PATIENCE)
            peer.send(ok())

    each, clients = 3, 15
    with Upstream(slow) as server:
        daemon = pooled(pool_of([server], 'max_conns = 1\nqueue = { depth = 50, wait = "30s" }'))
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(daemon.connect(UNIX)) for _ in range(clients)]
            for number, client in enumerate(crowd):  # whose next request is there when the place of the last one is free
                client.send("".join(f"GET /{turn}/{number} HTTP/1.1\r\nHost: example.com\r\n\r\n" for turn in range(each)))
                client.taken()
            release.release(each * clients)
            for client in crowd:
                assert [client.answer().status for _ in range(each)] == [200] * each
        assert asked == [f"/{turn}/{number}" for turn in range(each) for number in range(clients)]


def test_places_are_shared_by_all_workers(pooled):
    """Who waits on one worker goes on when a place becomes free on the other."""
    at_once, most, asked = [], [], threading.Semaphore(0)
    release = threading.Semaphore(0)

    def slow(peer):
        while True:
            try:
                request = peer.request()
            except AssertionError:
                return
            at_once.append(request.target)
            most.append(len(at_once))
            asked.release()
            assert release.acquire(timeout=PATIENCE)
            at_once.remove(request.target)
            peer.send(ok(request.target))

    clients = 24
    with Upstream(slow) as server:
        pool = pool_of([server], 'max_conns = 1\nqueue = { depth = 50, wait = "60s" }')
        daemon = pooled(pool, workers=2)
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(daemon.connect()) for _ in range(clients)]
            for number, client in enumerate(crowd):
                client.send(f"GET /{number} HTTP/1.1\r\nHost: example.com\r\n\r\n")
            for _ in range(clients):  # one at a time
                assert asked.acquire(timeout=PATIENCE)
                release.release()
            for number, client in enumerate(crowd):
                answer = client.answer()
                assert (answer.status, answer.body) == (200, f"/{number}".encode())
        assert max(most) == 1
        assert server.connections >= 2, "all clients were at one worker"


def test_each_worker_has_a_queue_of_its_own(pooled):
    release = threading.Event()

    def slow(peer):
        while True:
            try:
                peer.request()
            except AssertionError:
                return
            assert release.wait(PATIENCE)
            peer.send(ok())

    clients = 24
    with Upstream(slow) as server:
        daemon = pooled(pool_of([server], 'max_conns = 1\nqueue = { depth = 2, wait = "60s" }'), workers=2)
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(daemon.connect()) for _ in range(clients)]
            for client in crowd:
                client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            answered = 0
            while answered < clients - 5:  # one is asked, and two wait on each worker
                ready, _, _ = select.select([client.socket for client in crowd], [], [], PATIENCE)
                assert ready, f"{answered} were refused"
                for client in [client for client in crowd if client.socket in ready]:
                    assert client.answer().status == 503
                    crowd.remove(client)
                    answered += 1
            release.set()
            assert [client.answer().status for client in crowd] == [200] * 5


def test_who_leaves_the_line_is_no_timeout(pooled):
    taken, release = threading.Event(), threading.Event()

    def slow(peer):
        peer.request()
        taken.set()
        assert release.wait(PATIENCE)
        peer.send(ok())

    with Upstream(slow) as server:
        daemon = pooled(pool_of([server], 'max_conns = 1\nqueue = { depth = 5, wait = "60s" }'))
        with daemon.connect() as first:
            first.send("GET /1 HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert taken.wait(PATIENCE)
            with daemon.connect(UNIX) as leaving:
                leaving.send("GET /leaves HTTP/1.1\r\nHost: example.com\r\n\r\n").taken()
            release.set()
            assert first.answer().status == 200
        daemon.stop()
        entries = [entry for entry in daemon.access_log() if entry["target"] == "/leaves"]
        assert [(entry["status"] == 503, entry["why"]) for entry in entries] == [(False, "client_closed")]


def test_the_queue_has_a_deadline(pooled):
    taken, release = threading.Event(), threading.Event()

    def slow(peer):
        peer.request()
        taken.set()
        assert release.wait(PATIENCE)
        peer.send(ok())

    with Upstream(slow) as server:
        daemon = pooled(pool_of([server], 'max_conns = 1\nqueue = { depth = 5, wait = "100ms" }'))
        with daemon.connect() as first:
            first.send("GET /1 HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert taken.wait(PATIENCE)
            assert daemon.get("/2").status == 503
            release.set()
            assert first.answer().status == 200
        daemon.stop()
        assert {entry["why"] for entry in daemon.access_log() if entry["status"] == 503} == {"upstream_queue_timeout"}


def test_the_breaker_opens_and_closes(pooled):
    state = {"good": False}

    def serve(peer):
        try:
            peer.request()
        except AssertionError:
            return
        peer.send(ok("good") if state["good"] else b"garbage\r\n\r\n")

    with Upstream(serve) as server:
        keys = 'eject = { errors = 0 }\nbreaker = { failures = "50%", requests = 4, window = "60s", open = "300ms" }'
        daemon = pooled(pool_of([server], keys))
        statuses = [daemon.get("/").status for _ in range(6)]
        assert statuses == [502] * 4 + [503] * 2
        state["good"] = True
        while daemon.get("/").status != 200:
            pass
        assert daemon.get("/").body == b"good"
        daemon.stop()
        assert "upstream_breaker" in {entry.get("why") for entry in daemon.access_log()}


def test_split_by_a_cookie(pooled):
    with Upstream(named("app")) as app, Upstream(named("canary")) as canary:
        pool = pool_of([app]) + f'[upstream.canary]\nservers = [{{ addr = "{canary.address}" }}]\n'
        daemon = pooled(pool, options=', split = { to = "canary", share = "30%", by = "cookie:id" }')
        counts = collections.Counter()
        for user in range(200):
            mine = answers_of(daemon, 2, fields=lambda _, user=user: f"Cookie: id={user}\r\n")
            assert len(mine) == 1, "a user stays with one of them"
            counts.update(mine)
        assert 60 < counts["canary"] < 180


def test_P_19_names_are_resolved_and_unknown_ones_do_not_stop_the_server(pooled):
    with Upstream(named("local")) as server:
        port = server.address.rpartition(":")[2]
        pool = pool_of([], "", [f'{{ addr = "localhost:{port}" }}'])
        pool += '[upstream.none]\nservers = [{ addr = "no-such-host.invalid:80" }]\n'
        more = '[[route]]\npath = "/none"\nproxy = { to = "none" }\n'
        daemon = pooled(pool, more=more)
        assert daemon.get("/").body == b"local"
        assert daemon.get("/none").status == 502
        daemon.stop()
        assert daemon.access_log()[-1]["why"] == "upstream_unresolved"


def test_P_19_servers_without_an_address_are_not_asked(pooled):
    with Upstream(named("local")) as server:
        names = [f'{{ addr = "no-such-host-{number}.invalid:80" }}' for number in (1, 2)]
        daemon = pooled(pool_of([], "retry = { max = 1 }", [*names, f'{{ addr = "{server.address}" }}']))
        assert answers_of(daemon, 20) == {"local": 20}
        daemon.stop()
        assert {entry.get("attempts", 1) for entry in daemon.access_log()} == {1}


def test_P_19_discovered_addresses_are_servers(pooled):
    with Upstream(named("local")) as server:
        port = server.address.rpartition(":")[2]
        daemon = pooled(f'[upstream.app]\ndiscover = {{ name = "localhost", port = {port}, type = "A" }}\n')
        assert daemon.get("/").body == b"local"
        daemon.stop()
        assert daemon.access_log()[-1]["upstream"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_flared_proxy_is_a_proxy_in_one_line(tmp_path, scheme):
    with Upstream(named("app")) as server:
        daemon = Daemon(tmp_path, "", arguments=["proxy", "127.0.0.1:0", scheme + server.address])
        assert daemon.get("/").body == b"app"
        assert daemon.stop() == 0
    assert flared("proxy", "127.0.0.1:0", "http://127.0.0.1:3000/x").returncode == 1


def test_unix_servers(pooled, tmp_path):
    with Upstream(named("unix"), str(tmp_path / "app.sock")) as server:
        assert pooled(pool_of([server])).get("/").body == b"unix"
