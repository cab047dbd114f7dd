"""Who may ask, by name and password or by another server's word; and which pages may read the answers (P-23, H-30)."""

import base64
import threading
import time
from contextlib import ExitStack

import pytest

from upstream import Upstream, ok
from wire import flared

SHA512 = "$6$rounds=1000$abcdefgh$Xh.7.kL3HzhnviFlsn40n4gUrDaYioIIiDlHiWZorP18.1JsnixO1BkqKbso/o60j4iwJz6yRdVGlrUTIYtXT/"  # "open sesame"
SHA256 = "$5$rounds=1000$abcdefgh$FxBCCe4VqI4pdl1s/rhibY1K/5jBuX8L7w/TVYXRgS6"  # "hunter:2"
BCRYPT = "$2b$04$dKMoVJmN.Crf.oq35FOwFeeNYFz.CAoF.Zlr2VnzhBvARbt9kibKK"  # "caf\u00e9"
SLOW = "$6$rounds=400000$abcdefgh$l0OKBtpZsvyMuPdFYF5Y0zyYg2/1dWCo18irgnMztlcH/p1Y/ZGaFlEAbWf1wP2MAt0dW9dvkRJUsvc2U8tHF0"  # "slow": some 100 ms
NEW = "$5$rounds=1000$abcdefgh$mqoRauGUea2whPt00RGcYeCXf3by7PxE0IaHuR9h4h7"  # "new"
APACHE = BCRYPT.replace("$2b$", "$2y$")

BASIC = """
[server]
workers = 2
[listen.web]
address = "127.0.0.1:0"
[rate.few]
key = "route"
rate = "1/h"
burst = 3
[[route]]
path = "/staff"
auth.basic = {{ realm = 'the "staff"', users_file = "users"{cache} }}
respond = {{ text = "staff" }}
[[route]]
path = "/rated"
rate = "few"
auth.basic = {{ users_file = "users" }}
respond = {{ text = "rated" }}
[host.www]
names = ["www.example.com"]
auth.basic = {{ users_file = "users" }}
[[host.www.route]]
path = "/"
respond = {{ text = "closed" }}
[[host.www.route]]
path = "/open"
auth = false
respond = {{ text = "open" }}
"""

USERS = f"# all of them\nann:{SHA512}\n\nbob:{SHA256}:a comment\r\ncem:{BCRYPT}\ndan:{APACHE}\n"


@pytest.fixture
def basic(start, tmp_path):
    def begin(cache="", users=USERS):
        (tmp_path / "users").write_text(users)
        return start(BASIC.format(cache=cache))

    return begin


def credentials(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(daemon, target, authorization=None, host="example.com", more="", method="GET"):
    field = f"Authorization: {authorization}\r\n" if authorization else ""
    with daemon.connect() as connection:
        return connection.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{field}{more}\r\n").answer(method)


@pytest.mark.parametrize(
    "user, password, expected",
    [
        ("ann", "open sesame", 200),
        ("bob", "hunter:2", 200),
        ("cem", "caf\u00e9", 200),
        ("dan", "caf\u00e9", 200),
        ("ann", "open sesam", 401),
        ("ann", "", 401),
        ("ann", "open sesame\0", 401),
        ("ann", "x" * 600, 401),
        ("bob", "open sesame", 401),
        ("eve", "open sesame", 401),
        ("", "open sesame", 401),
    ],
)
def test_passwords_of_each_kind_of_hash(basic, user, password, expected):
    answer = ask(basic(), "/staff", credentials(user, password))
    assert answer.status == expected
    if expected == 401:
        assert answer["WWW-Authenticate"] == 'Basic realm="the \\"staff\\"", charset="UTF-8"'
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "field", [None, "Basic", "Basic ", "Basic !!!!", "Basic YW5u", "Bearer YW5uOng=", "Basic YW5uOm9wZW4gc2VzYW1l=", "basicYW5uOng="]
)
def test_what_are_no_credentials_is_asked_for_them(basic, field):
    daemon = basic()
    assert ask(daemon, "/staff", field).status == 401
    daemon.stop()
    assert [line["why"] for line in daemon.access_log()] == ["auth_required"]


def test_the_scheme_has_no_case_and_the_log_has_the_user(basic):
    daemon = basic()
    assert ask(daemon, "/staff", credentials("ann", "open sesame").replace("Basic", "bAsIc")).status == 200
    assert ask(daemon, "/staff", credentials("ann", "wrong")).status == 401
    daemon.stop()
    first, second = sorted(daemon.access_log(), key=lambda line: line["status"])  # two workers wrote them
    assert (first["user"], first["status"]) == ("ann", 200)
    assert "user" not in second and second["why"] == "auth_failed"


def test_a_password_that_was_right_is_not_verified_again(basic, tmp_path):
    daemon = basic(users=f"ann:{SLOW}\n")
    with daemon.connect() as connection:
        request = f"GET /staff HTTP/1.1\r\nHost: example.com\r\nAuthorization: {credentials('ann', 'slow')}\r\n\r\n"
        begin = time.monotonic()
        assert connection.send(request).answer().status == 200
        once = time.monotonic() - begin
        begin = time.monotonic()
        for _ in range(20):
            assert connection.send(request).answer().status == 200
        assert time.monotonic() - begin < 4 * once


def test_the_reactor_goes_on_while_passwords_are_verified(basic):
    daemon = basic(users="ann:" + SLOW.replace("400000", "4000000") + "\n")
    with daemon.connect() as slow:
        slow.send(f"GET /staff HTTP/1.1\r\nHost: example.com\r\nAuthorization: {credentials('ann', 'no')}\r\n\r\n")
        begin = time.monotonic()
        for _ in range(10):  # both workers have some of them
            assert ask(daemon, "/open", host="www.example.com").status == 200
        quick = time.monotonic() - begin
        assert slow.answer().status == 401
        assert quick < time.monotonic() - begin


def test_a_flood_of_passwords_is_turned_away(basic):
    daemon = basic(users=f"ann:{SLOW}\n")
    found = []
    with ExitStack() as stack:
        clients = [stack.enter_context(daemon.connect()) for _ in range(40)]
        for number, client in enumerate(clients):
            client.send(f"GET /staff HTTP/1.1\r\nHost: a\r\nAuthorization: {credentials('ann', number)}\r\n\r\n")
        for client in clients:
            answer = client.answer()
            found.append(answer.status)
            assert answer.status == 401 or answer["Retry-After"] == "1"
    assert set(found) == {401, 503}
    assert found.count(401) >= 16


def test_the_users_file_is_followed(basic, tmp_path):
    daemon = basic(cache=', cache = "0s"')
    eve = credentials("eve", "new")
    assert ask(daemon, "/staff", eve).status == 401
    (tmp_path / "users").write_text(f"eve:{NEW}\n")
    assert ask(daemon, "/staff", eve).status == 200
    assert ask(daemon, "/staff", credentials("ann", "open sesame")).status == 401
    (tmp_path / "users").write_text("eve:plain\n")
    assert ask(daemon, "/staff", eve).status == 200, "the users of before stay"
    daemon.stop()
    assert "users:1: not a bcrypt" in daemon.errors()


def test_rates_count_those_who_guess(basic):
    daemon = basic()
    assert [ask(daemon, "/rated", credentials("ann", "wrong")).status for _ in range(4)] == [401, 401, 401, 429]


def test_M_8_a_route_lifts_its_hosts_auth(basic):
    daemon = basic()
    assert ask(daemon, "/", host="www.example.com").status == 401
    assert ask(daemon, "/open", host="www.example.com").status == 200


def test_H_15_no_content_is_asked_for_before_the_password_is_right(basic):
    daemon = basic()
    more = "Content-Length: 5\r\nExpect: 100-continue\r\n"
    assert ask(daemon, "/staff", credentials("ann", "no"), more=more, method="POST").status == 401


FORWARD = """
[server]
workers = 1
[listen.web]
address = "127.0.0.1:0"
[upstream.sso]
servers = [{{ addr = "{sso}" }}]
timeout.first_byte = "500ms"
[[route]]
path = "/app/**"
auth.forward = {{ to = "sso", path = "/verify?app=1", copy = ["X-User", "X-Role"] }}
proxy = {{ to = "http://{app}", strip_prefix = "/app" }}
[[route]]
path = "/here"
auth.forward = {{ to = "http://{sso}" }}
respond = {{ text = "here" }}
"""


class Verdict:
    """Both servers behind a daemon; what each was asked."""

    def __init__(self, stack, start, answer):
        self.sso_asked, self.app_asked = [], []

        def serve(asked, say):
            def each(peer):
                while True:
                    try:
                        asked.append(peer.request())
                        peer.send(say)
                    except (AssertionError, OSError):
                        return  # the proxy has closed

            return each

        self.sso = stack.enter_context(Upstream(serve(self.sso_asked, answer)))
        self.app = stack.enter_context(Upstream(serve(self.app_asked, ok(b"app"))))
        self.daemon = start(FORWARD.format(sso=self.sso.address, app=self.app.address))


@pytest.fixture
def verdict(start):
    with ExitStack() as stack:
        yield lambda answer: Verdict(stack, start, answer)


def test_P_23_the_question_is_a_get_without_content_or_hop_by_hop_fields(verdict):
    both = verdict("HTTP/1.1 204 No Content\r\nX-User: ann\r\nX-Other: no\r\n\r\n")
    with both.daemon.connect() as connection:
        connection.send(
            "POST /app/a%2fb?c=d HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n"
            "Connection: X-Hop\r\nX-Hop: 1\r\nCookie: session=1\r\nX-Forwarded-Uri: /forged\r\nRange: bytes=0-1\r\n\r\nhello"
        )
        assert connection.answer("POST").status == 200
    (question,) = both.sso_asked
    assert question.line == "GET /verify?app=1 HTTP/1.1"
    assert question["Host"] == "example.com" and question["Cookie"] == "session=1"
    assert [value for name, value in question.fields if name == "X-Forwarded-Uri"] == ["/app/a%2fb?c=d"]
    assert question["X-Forwarded-Method"] == "POST" and question["X-Forwarded-For"] == "127.0.0.1"
    for gone in ("Content-Length", "Content-Type", "Transfer-Encoding", "X-Hop", "Range", "Connection"):
        assert question[gone] is None, gone
    (asked,) = both.app_asked
    assert asked.line == "POST /a%2fb?c=d HTTP/1.1" and asked.content == b"hello"
    assert asked["X-User"] == "ann" and asked["X-Other"] is None


def test_P_23_a_clients_own_copies_go_nowhere(verdict):
    both = verdict("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Role: reader\r\n\r\nok")
    with both.daemon.connect() as connection:
        connection.send(
            "GET /app/ HTTP/1.1\r\nHost: a\r\nX-User: root\r\nx-role: admin\r\nConnection: x-role\r\nX-ROLE: more\r\n\r\n"
        )
        assert connection.answer().status == 200
    assert both.sso_asked[0]["X-User"] is None and both.sso_asked[0]["X-Role"] is None
    assert [value for name, value in both.app_asked[0].fields if name.lower() == "x-role"] == ["reader"]
    assert both.app_asked[0]["X-User"] is None


def test_P_23_a_copy_in_a_trailer_goes_nowhere(verdict):
    both = verdict("HTTP/1.1 204 No Content\r\nX-Role: reader\r\n\r\n")
    with both.daemon.connect() as connection:
        connection.send(
            "POST /app/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "1\r\na\r\n0\r\nX-User: root\r\nx-role: admin\r\nX-Check: 5\r\n\r\n"
        )
        assert connection.answer().status == 200
    (asked,) = both.app_asked
    assert asked["X-Role"] == "reader" and asked.trailers == ["X-Check: 5"]


def test_P_23_content_of_the_answer_holds_nobody_up(start):
    """It is nobody's: whether it comes late, whole or never, the request goes on at once."""
    asked, gone, later = [], threading.Event(), threading.Event()

    def sso(peer):
        while True:
            try:
                asked.append(peer.request())
            except AssertionError:
                return gone.set()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
            if len(asked) == 1:  # this one's comes
                assert later.wait(30)
                peer.send("late")

    def app(peer):
        while True:
            try:
                peer.request()
            except AssertionError:
                return
            peer.send(ok(b"app"))

    with Upstream(sso) as first, Upstream(app) as second:
        daemon = start(FORWARD.format(sso=first.address, app=second.address))
        with daemon.connect() as connection:
            assert connection.send("GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n").answer().body == b"app"
            later.set()
            assert connection.send("GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n").answer().body == b"app"
            assert gone.wait(30), "a while, then its connection is given up"
        daemon.stop()


@pytest.mark.parametrize("status", [401, 403])
def test_P_23_a_no_is_the_clients_with_its_challenge(verdict, status):
    both = verdict(
        f'HTTP/1.1 {status} No\r\nWWW-Authenticate: Bearer realm="a"\r\nWWW-Authenticate: Basic realm="b"\r\n'
        "X-Secret: 1\r\nContent-Length: 4\r\n\r\nsays"
    )
    with both.daemon.connect() as connection:
        answer = connection.send("GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n").answer()
        assert answer.status == status and answer["X-Secret"] is None and b"says" not in answer.body
        challenges = [value for name, value in answer.fields if name.lower() == "www-authenticate"]
        assert challenges == ['Bearer realm="a"', 'Basic realm="b"']
        assert connection.send("GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n").answer().status == status
    assert not both.app_asked
    assert both.sso.connections == 1, "its connection is used again"
    both.daemon.stop()
    line = both.daemon.access_log()[0]
    assert line["why"] == "auth_refused" and line["upstream"] == both.sso.address


@pytest.mark.parametrize(
    "answer, expected, why",
    [
        ("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", 502, "auth_answer"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 502, "auth_answer"),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 502, "auth_answer"),
        ("nonsense\r\n\r\n", 502, "bad_status_line"),
        ("", 504, "upstream_first_byte"),
    ],
)
def test_P_23_nobody_passes_on_any_other_answer(verdict, answer, expected, why):
    both = verdict(answer)
    with both.daemon.connect() as connection:
        assert connection.send("GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n").answer().status == expected
    assert not both.app_asked
    both.daemon.stop()
    assert both.daemon.access_log()[0]["why"] == why


def test_P_23_nobody_passes_where_nobody_is_asked(verdict):
    both = verdict(ok(b""))
    both.sso.stop_listening()
    with both.daemon.connect() as connection:
        assert connection.send("GET /here HTTP/1.1\r\nHost: a\r\n\r\n").answer().status == 502


def test_P_23_in_front_of_any_action(verdict):
    both = verdict(ok(b"x" * 200_000))
    with both.daemon.connect() as connection:
        assert connection.send("GET /here HTTP/1.1\r\nHost: a\r\n\r\n").answer().body == b"here"


def test_P_6_who_decides_about_itself_is_a_loop(start, tmp_path):
    daemon = start(
        f"""
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{tmp_path}/web.sock"]
[host.www]
names = ["_"]
auth.forward = {{ to = "unix:{tmp_path}/web.sock", path = "/verify" }}
[[host.www.route]]
path = "/**"
respond = {{ text = "all" }}
"""
    )
    assert ask(daemon, "/x").status == 502
    daemon.stop()
    assert sorted(line["why"] for line in daemon.access_log()) == ["auth_answer", "loop"]


CORS = """
[server]
workers = 1
[listen.web]
address = "127.0.0.1:0"
[[route]]
path = "/api/**"
method = ["GET", "PUT"]
cors = { origins = ["https://app.example.com", "https://*.example.net"], credentials = true, expose = "X-Total", max_age = "10m" }
deny = "192.0.2.1"
respond = { text = "api" }
[[route]]
path = "/public"
cors = { origins = "*", methods = ["GET"], headers = ["X-A", "X-B"] }
headers = { security = "basic", set = { X-Frame-Options = "DENY" } }
respond = { text = "public" }
[[route]]
path = "/plain"
method = "GET"
headers.security = "strict"
respond = { text = "plain" }
"""


@pytest.fixture
def cors(start):
    return start(CORS)


def from_origin(daemon, target, origin, method="GET", more=""):
    return ask(daemon, target, more=f"Origin: {origin}\r\n{more}", method=method)


def preflight(daemon, target, origin, method="PUT", headers=""):
    wanted = f"Access-Control-Request-Headers: {headers}\r\n" if headers else ""
    more = f"Access-Control-Request-Method: {method}\r\n{wanted}"
    return from_origin(daemon, target, origin, "OPTIONS", more)


@pytest.mark.parametrize(
    "origin, admitted",
    [
        ("https://app.example.com", True),
        ("HTTPS://APP.example.com", True),
        ("https://a.example.net", True),
        ("https://a.b.example.net", True),
        ("https://example.net", False),
        ("http://app.example.com", False),
        ("https://app.example.com.evil.example", False),
        ("https://evilexample.net", False),
        ("https://evil/.example.net", False),
        ("null", False),
    ],
)
def test_cors_origins(cors, origin, admitted):
    answer = from_origin(cors, "/api/x", origin)
    assert answer.body == b"api", "it is the browser that keeps others from reading"
    assert answer["Vary"] == "Origin"
    assert answer["Access-Control-Allow-Origin"] == (origin if admitted else None)
    assert answer["Access-Control-Allow-Credentials"] == ("true" if admitted else None)
    assert answer["Access-Control-Expose-Headers"] == ("X-Total" if admitted else None)


def test_H_30_a_preflight_is_answered_for_the_route_it_is_about(cors):
    answer = preflight(cors, "/api/x", "https://app.example.com", "PUT", "x-one, x-two")
    assert answer.status == 204
    assert answer["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert answer["Access-Control-Allow-Methods"] == "PUT"
    assert answer["Access-Control-Allow-Headers"] == "x-one, x-two"
    assert answer["Access-Control-Max-Age"] == "600"
    other = preflight(cors, "/api/x", "https://evil.example.com")
    assert other.status == 204 and other["Access-Control-Allow-Origin"] is None
    assert preflight(cors, "/api/x", "https://app.example.com", "DELETE")["Access-Control-Allow-Origin"] is None


def test_H_30_options_that_are_no_preflight_and_routes_without_cors(cors):
    assert ask(cors, "/api/x", method="OPTIONS")["Allow"] == "GET, HEAD, PUT, OPTIONS"
    answer = preflight(cors, "/plain", "https://app.example.com", "GET")
    assert (answer.status, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert answer["Access-Control-Allow-Origin"] is None


def test_cors_is_the_routes_word_whatever_an_application_says(start):
    said = "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: X-All\r\n"

    def app(peer):
        for _ in range(2):
            peer.request()
            peer.send(ok(fields=said))
        peer.gone()

    with Upstream(app) as upstream:
        daemon = start(CORS + f"""
[[route]]
path = "/app"
cors.origins = ["https://app.example.com"]
proxy.to = "http://{upstream.address}"
""")
        foreign = from_origin(daemon, "/app", "https://evil.example.net")
        own = from_origin(daemon, "/app", "https://app.example.com")
    assert foreign.body == b"ok" and own["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert foreign["Access-Control-Allow-Origin"] is None
    for answer in (foreign, own):
        assert answer["Access-Control-Allow-Credentials"] is None and answer["Access-Control-Expose-Headers"] is None


def test_any_origin_is_told_so_and_caches_may_keep_it(cors):
    answer = from_origin(cors, "/public", "https://anybody.example.org")
    assert answer["Access-Control-Allow-Origin"] == "*" and answer["Vary"] is None
    answer = preflight(cors, "/public", "null", "GET", "x-a")
    assert answer["Access-Control-Allow-Methods"] == "GET"
    assert answer["Access-Control-Allow-Headers"] == "X-A, X-B"


def test_security_fields_stand_back_for_those_that_are_set(cors):
    answer = ask(cors, "/public")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert [value for name, value in answer.fields if name == "X-Frame-Options"] == ["DENY"]
    strict = ask(cors, "/plain")
    assert "default-src 'self'" in strict["Content-Security-Policy"]
    assert strict["Referrer-Policy"] == "no-referrer"


def test_explain_shows_what_is_asked_for(tmp_path):
    (tmp_path / "users").write_text(USERS)
    (tmp_path / "flare.toml").write_text(BASIC.format(cache="").replace("127.0.0.1:0", "127.0.0.1:8080"))
    found = flared("explain", "-c", tmp_path / "flare.toml", "GET", "http://example.com:8080/staff").stdout
    assert 'the "staff"' in found and "auth.basic.users_file" in found
    (tmp_path / "flare.toml").write_text(CORS.replace("127.0.0.1:0", "127.0.0.1:8080"))
    found = flared("explain", "-c", tmp_path / "flare.toml", "GET", "http://example.com:8080/api/x").stdout
    assert "https://*.example.net" in found
