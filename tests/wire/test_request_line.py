"""Request line: H-1 to H-5, H-9, H-10 of behaviour.md."""

import pytest
from cases import GET, accepted, each, final, head, is_token, logged_reasons, refused, statuses

HOST = "Host: example.com"

LINES = [(head(line, HOST), 400, why) for line, why in [
    ("GET  /plaintext HTTP/1.1", "bad_request_line"), ("GET /plaintext  HTTP/1.1", "bad_version"), (" GET /plaintext HTTP/1.1", "bad_request_line"),
    ("GET /plaintext HTTP/1.1 ", "bad_version"), ("GET /plaintext HTTP/1.1\t", "bad_version"), ("GET\t/plaintext HTTP/1.1", "bad_method"),
    ("GET /plaintext\tHTTP/1.1", "bad_target"), ("GET /plain text HTTP/1.1", "bad_version"), ("GET /plaintext HTTP/1.1 x", "bad_version"),
    ("GET /plaintext\x0bHTTP/1.1", "bad_target"), ("GET /plaintext\x0cHTTP/1.1", "bad_target"), ("GET\xa0/plaintext HTTP/1.1", "bad_method"),
    ("GET", "bad_request_line"), ("GET ", "bad_request_line"), ("GET /plaintext", "bad_version"), ("GET /plaintext ", "bad_version"),
    ("GET  HTTP/1.1", "bad_request_line"), ("GET HTTP/1.1", "bad_version"), ("/plaintext HTTP/1.1", "bad_method"), ("", "bad_method"),
    ("\r\n\r\nGET /plaintext HTTP/1.1", "bad_request_line"), ("\r\n GET /plaintext HTTP/1.1", "bad_request_line"), ("GET /caf\xe9 HTTP/1.1", "bad_target"),
    ("GET plaintext HTTP/1.1", "bad_target"),
]]
LINE_ENDINGS = [(request, 400, why) for request, why in [
    ("GET /plaintext HTTP/1.1\nHost: example.com\r\n\r\n", "bad_line_ending"), ("GET /plaintext HTTP/1.1\r\nHost: example.com\n\r\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.1\r\nHost: example.com\r\n\n", "bad_line_ending"), ("GET /plaintext HTTP/1.1\n\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.1\r\nHost: exa\rmple.com\r\n\r\n", "bad_line_ending"), ("GET /plain\rtext HTTP/1.1\r\nHost: example.com\r\n\r\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.1\rHost: example.com\r\r", "bad_line_ending"), ("\nGET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n", "bad_line_ending"),
    ("\rGET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n", "bad_line_ending"), ("\r\n\nGET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.1\r\r\nHost: example.com\r\n\r\n", "bad_line_ending"), ("GET /plaintext HTTP/1.1\r\nHost: example.com\r\r\n\r\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\r\n", "bad_line_ending"), ("GET /plaintext HTTP/1.1\r\nHost: example.com\r\nX\n: a\r\n\r\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.1\r\nHost: example.com\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n", "bad_line_ending"),
    ("GET\n/plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n", "bad_line_ending"), ("GET /plaintext\nHTTP/1.1\r\nHost: example.com\r\n\r\n", "bad_line_ending"),
    ("GET /plaintext HTTP/1.\n1\r\nHost: example.com\r\n\r\n", "bad_line_ending"),
]]
VERSIONS = [(head(f"GET /plaintext {version}", HOST), status, why) for version, status, why in [
    ("HTTP/0.9", 400, "bad_version"), ("http/1.1", 400, "bad_version"), ("Http/1.1", 400, "bad_version"), ("HTTP/1.10", 400, "bad_version"),
    ("HTTP/11", 400, "bad_version"), ("HTP/1.1", 400, "bad_version"), ("HTTPS/1.1", 400, "bad_version"), ("HTTP/1.", 400, "bad_version"),
    ("HTTP/1", 400, "bad_version"), ("HTTP/", 400, "bad_version"), ("HTTP/01.1", 400, "bad_version"), ("HTTP/1,1", 400, "bad_version"),
    ("HTTP/ 1.1", 400, "bad_version"), ("HTTP/1.1.1", 400, "bad_version"), ("HTTP/-1.1", 400, "bad_version"), ("HTTP/1.x", 400, "bad_version"),
    ("HTTP/2.0", 505, "version_not_supported"), ("HTTP/2.1", 505, "version_not_supported"), ("HTTP/3.1", 505, "version_not_supported"),
    ("HTTP/9.9", 505, "version_not_supported"),
]]
METHODS = [(head("A" * 33 + " / HTTP/1.1", HOST), 501, "method_too_long"), (head("G" * 2000 + " / HTTP/1.1", HOST), 501, "method_too_long"),
           *[(head(method + " / HTTP/1.1", HOST), 400, "bad_method") for method in (
               "G(T", "G{T", '"GET"', "GET,", "G\xc9T", "G\0T", "G\x7fT", "GET/", "G@T", "[GET]", "G=T", "G\\T", "G;T", "G:T", "G?T", "G<T>")]]
TRACE_AND_CONNECT = [(request, 405, why) for request, why in [
    (head("TRACE /plaintext HTTP/1.1", HOST), "trace_refused"), (head("TRACE * HTTP/1.1", HOST), "trace_refused"),
    (head("TRACE http://example.com/ HTTP/1.1", HOST, "Max-Forwards: 0"), "trace_refused"),
    (head("CONNECT example.com:443 HTTP/1.1", "Host: example.com:443"), "connect_refused"), (head("CONNECT /plaintext HTTP/1.1", HOST), "connect_refused"),
    (head("CONNECT example.com:443 HTTP/1.1", "Host: example.com:443", f"Content-Length: {len(GET)}"), "connect_refused"),
    (head("CONNECT example.com:443 HTTP/1.1", "Host: example.com:443", "Transfer-Encoding: chunked"), "connect_refused"),
    (head("CONNECT example.com:443 HTTP/1.0"), "connect_refused"),
]]
TARGETS = [(head(f"GET {target} HTTP/1.1", HOST), 400, "bad_target") for target in (
    "ftp://example.com/", "ws://example.com/", "http:///plaintext", "http://", "http://user@example.com/", "http://user:secret@example.com/",
    "http://@example.com/", "example.com/", "example.com:80", "http:/a", "http:plaintext", "http//example.com/", "://example.com/", "httpx://example.com/",
    "http://example.com:99999/", "http://example.com:x/", "http://example.com:80:80/", "http://[::1/", "http://[::1]x/", "http://exa\\mple.com/",
    "http://?a", "?", "?a=/plaintext", "..", ".", "%2Fplaintext",
)]
ASTERISKS = [(head(line, HOST), 400, "bad_target") for line in (
    "GET * HTTP/1.1", "POST * HTTP/1.1", "HEAD * HTTP/1.1", "options * HTTP/1.1", "OPTIONS *?a HTTP/1.1", "OPTIONS ** HTTP/1.1", "OPTIONS *, HTTP/1.1")]


@each(LINES)
def test_H_1_request_line_is_exact(plain, case):
    refused(plain, *case[:2])


def test_H_1_one_empty_line_before_a_request_is_skipped(plain):
    accepted(plain, "\r\n" + GET)


@each(LINE_ENDINGS)
def test_H_2_only_crlf_ends_a_line(plain, case):
    refused(plain, *case[:2])


@each(VERSIONS)
def test_H_3_versions_refused(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("request_bytes", ["GET /plaintext\r\n", "GET /plaintext\r\n\r\n", "GET http://example.com/plaintext\r\n"])
def test_H_3_http_0_9_is_not_spoken(plain, request_bytes):
    refused(plain, request_bytes, 400)


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.2", "HTTP/1.9"])
def test_H_3_later_minor_versions_are_1_1(plain, version):
    accepted(plain, head(f"GET /plaintext {version}", HOST))
    refused(plain, head(f"GET /plaintext {version}"), 400)  # in 1.1 Host is needed


def test_H_3_1_0_is_1_0(plain):
    assert final(plain, head("GET /plaintext HTTP/1.0")).status == 200


@pytest.mark.parametrize("method", ["get", "Post", "BREW", "A" * 32, "!#$%&'*+-.^_`|~09AZaz"])
def test_H_4_any_token_is_routable(plain, method):
    answer = plain.get("/only-post", method=method)
    assert answer.status == 405 and answer["Allow"] == "POST, OPTIONS"
    accepted(plain, head(f"{method} /plaintext HTTP/1.1", HOST))


@each(METHODS)
def test_H_4_other_methods_are_refused(plain, case):
    refused(plain, *case[:2])


def test_H_4_only_token_characters_make_a_method(plain):
    bytes_ = [chr(byte) for byte in range(256) if byte != 0x20]
    for byte, status in zip(bytes_, statuses(plain, [head(f"GE{byte}T /plaintext HTTP/1.1", HOST) for byte in bytes_])):
        assert status == (200 if is_token(byte) else 400), repr(byte)


def test_H_4_a_long_method_is_refused_before_it_ends(plain):
    with plain.connect() as connection:
        assert connection.send("A" * 33).answer().status == 501
        assert connection.ended() == "closed"


@each(TRACE_AND_CONNECT)
def test_H_5_trace_and_connect_are_405(plain, case):
    refused(plain, *case[:2])


def test_H_5_405_names_what_is_allowed(plain):
    for line in ("TRACE /plaintext HTTP/1.1", "CONNECT example.com:443 HTTP/1.1"):
        allow = plain.ask(head(line, HOST))["Allow"].split(", ")
        assert "GET" in allow and "TRACE" not in allow and "CONNECT" not in allow


def test_H_5_only_the_upper_case_names_are_meant(plain):
    accepted(plain, head("trace /plaintext HTTP/1.1", HOST))
    accepted(plain, head("Connect /plaintext HTTP/1.1", HOST))


@pytest.mark.parametrize("target", [
    "http://example.com/plaintext", "HTTP://example.com:80/plaintext?q", "http://EXAMPLE.com./plaintext", "http://[::1]:8/plaintext",
    "http://example.com:/plaintext", "http://example.com//plaintext",
])
def test_H_9_absolute_form(plain, target):
    accepted(plain, head(f"GET {target} HTTP/1.1", HOST))


@each(TARGETS)
def test_H_9_no_other_target_form(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("fields", [[], ["Host:"], ["Host: a b"], ["Host: example.com", "Host: example.com"]])
def test_H_9_H_8_the_authority_does_not_replace_a_bad_host(plain, fields):
    refused(plain, head("GET http://example.com/plaintext HTTP/1.1", *fields), 400)


TWO_HOSTS = """
[listen.web]
address = "127.0.0.1:0"
[host.one]
names = ["one.example.com"]
[[host.one.route]]
path = "/**"
respond = { text = "one" }
[host.two]
names = ["two.example.com"]
[[host.two.route]]
path = "/"
respond = { text = "two" }
"""


def test_H_9_its_authority_replaces_host_for_routing(start):
    daemon = start(TWO_HOSTS)

    def ask(target, host):
        with daemon.connect() as connection:
            connection.send(head(f"GET {target} HTTP/1.1", f"Host: {host}") + head("GET / HTTP/1.1", "Host: one.example.com"))
            answer = connection.answer()
            assert connection.answer().body == b"one", "it holds for one request"
            return (answer.status, answer.body if answer.status == 200 else None)

    assert ask("http://two.example.com/", "one.example.com") == (200, b"two")
    assert ask("http://two.example.com", "one.example.com") == (200, b"two"), "an empty path is /"
    assert ask("http://two.example.com?q=http://one.example.com/", "one.example.com") == (200, b"two")
    assert ask("HTTP://TWO.example.com.:81/", "one.example.com") == (200, b"two")
    assert ask("http://one.example.com/x", "two.example.com") == (200, b"one")
    assert ask("http://two.example.com/x", "one.example.com")[0] == 404
    assert ask("http://three.example.com/", "one.example.com")[0] == 421
    assert ask("/", "two.example.com") == (200, b"two")
    assert ask("/http://two.example.com/", "one.example.com") == (200, b"one"), "a path that looks like a URL"


def test_H_10_asterisk_form(plain):
    answer = plain.get("*", method="OPTIONS")
    assert answer.status == 204 and {"GET", "HEAD", "POST", "OPTIONS"} <= set(answer["Allow"].split(", "))
    accepted(plain, head("OPTIONS * HTTP/1.1", HOST), 204)
    accepted(plain, head("OPTIONS * HTTP/1.1", HOST, "Content-Length: 5") + "hello", 204)


@each(ASTERISKS)
def test_H_10_nothing_but_options_has_an_asterisk(plain, case):
    refused(plain, *case[:2])


def test_H_1_to_H_10_reasons(one_worker):
    logged_reasons(one_worker, LINES + LINE_ENDINGS + VERSIONS + METHODS + TRACE_AND_CONNECT + TARGETS + ASTERISKS)
