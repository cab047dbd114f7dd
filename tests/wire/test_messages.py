"""HTTP/1.1 messages: the H-rows of behaviour.md that stand on the parser and the connection."""

import socket
import time

import pytest
from wire import Connection

GET = "GET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n"


def head(line, *fields):
    return "\r\n".join([line, *fields, "", ""])


def refused(daemon, request, status, why=None):
    """The request gets `status` and a close, over TCP and a unix socket, alone and behind another request; nothing behind it is answered."""
    for index in (0, 1):
        for before in (0, 1):
            with daemon.connect(index) as connection:
                connection.send(GET * before + request + GET)
                for _ in range(before):
                    assert connection.answer().status == 200
                answer = connection.answer()
                assert (answer.status, answer["Connection"]) == (status, "close"), request[:80]
                assert answer["Cache-Control"] == "no-store"
                assert connection.ended() == "closed", "the answer must not be lost to a reset"


def accepted(daemon, request, body=b"Hello, World!", method="GET"):
    for index in (0, 1):
        with daemon.connect(index) as connection:
            answer = connection.send(request + GET).answer(method)
            assert answer.status == 200 and answer.body == (None if method == "HEAD" else body)
            assert connection.answer().status == 200, "and the connection goes on"


@pytest.mark.parametrize("line", [
    "GET  /plaintext HTTP/1.1", "GET /plaintext  HTTP/1.1", " GET /plaintext HTTP/1.1", "GET /plaintext HTTP/1.1 ",
    "GET\t/plaintext HTTP/1.1", "GET /plain text HTTP/1.1", "GET", "GET /plaintext", "\r\n\r\nGET /plaintext HTTP/1.1",
])
def test_H_1_request_line_is_exact(plain, line):
    refused(plain, head(line, "Host: example.com"), 400)


def test_H_1_one_empty_line_before_a_request_is_skipped(plain):
    accepted(plain, "\r\n" + GET)


@pytest.mark.parametrize("request_bytes", [
    "GET /plaintext HTTP/1.1\nHost: example.com\r\n\r\n", "GET /plaintext HTTP/1.1\r\nHost: example.com\n\r\n",
    "GET /plaintext HTTP/1.1\r\nHost: example.com\r\n\n", "GET /plaintext HTTP/1.1\r\nHost: exa\rmple.com\r\n\r\n",
    "GET /plain\rtext HTTP/1.1\r\nHost: example.com\r\n\r\n", "GET /plaintext HTTP/1.1\rHost: example.com\r\r",
])
def test_H_2_only_crlf_ends_a_line(plain, request_bytes):
    refused(plain, request_bytes, 400)


@pytest.mark.parametrize("version,status", [
    ("HTTP/0.9", 400), ("http/1.1", 400), ("HTTP/2.0", 505), ("HTTP/3.1", 505), ("HTTP/1.10", 400), ("HTTP/11", 400), ("HTP/1.1", 400),
])
def test_H_3_versions_refused(plain, version, status):
    refused(plain, head(f"GET /plaintext {version}", "Host: example.com"), status)


def test_H_3_later_minor_versions_are_1_1(plain):
    accepted(plain, head("GET /plaintext HTTP/1.7", "Host: example.com"))


@pytest.mark.parametrize("method,status", [("get", 405), ("BREW", 405), ("A" * 32, 405)])
def test_H_4_unknown_methods_are_routable(plain, method, status):
    answer = plain.get("/only-post", method=method)
    assert answer.status == status and answer["Allow"] == "POST, OPTIONS"


def test_H_4_a_method_beyond_32_bytes_is_501(plain):
    refused(plain, head("A" * 33 + " / HTTP/1.1", "Host: example.com"), 501)


def test_H_4_a_method_that_is_no_token_is_400(plain):
    refused(plain, head("G(T / HTTP/1.1", "Host: example.com"), 400)


@pytest.mark.parametrize("line", ["TRACE /plaintext HTTP/1.1", "CONNECT example.com:443 HTTP/1.1"])
def test_H_5_trace_and_connect_are_405(plain, line):
    refused(plain, head(line, "Host: example.com:443"), 405)


@pytest.mark.parametrize("field", [
    "X : a", "X\t: a", " X: a", "\tfolded", ": empty", "X(: a", "X", "X: a\0b", "X: a\x01b", "X: a\x7fb", "X\x80: a",
])
def test_H_6_field_syntax(plain, field):
    refused(plain, head("GET /plaintext HTTP/1.1", "Host: example.com", field), 400)


def test_H_6_obs_text_and_tabs_in_values_are_opaque(plain):
    accepted(plain, head("GET /plaintext HTTP/1.1", "Host: example.com", "X: caf\xe9\tb", "Y:", "Z:   z  "))


def test_H_7_limits_on_the_head(plain):
    refused(plain, head("GET /" + "a" * 2048 + " HTTP/1.1", "Host: example.com"), 414)
    refused(plain, head("GET / HTTP/1.1", "Host: example.com", "X: " + "a" * 9000), 431)
    refused(plain, head("GET / HTTP/1.1", "Host: example.com", *["X: a"] * 20), 431)
    accepted(plain, head("GET /plaintext?" + "a" * 2037 + " HTTP/1.1", "Host: example.com", *["X: a"] * 19))


@pytest.mark.parametrize("part", ["GET /" + "a" * 3000, "GET / HTTP/1.1\r\nHost: example.com\r\nX: " + "a" * 9000])
def test_H_7_limits_hold_before_the_head_is_complete(plain, part):
    with plain.connect() as connection:
        assert connection.send(part).answer().status in (414, 431)
        assert connection.ended() == "closed"


@pytest.mark.parametrize("fields", [
    [], ["Host: a", "Host: a"], ["Host: a", "Host: b"], ["Host:"], ["Host: a b"], ["Host: a/b"], ["Host: a@b"], ["Host: [::1"],
    ["Host: a:b"], ["Host: a:99999"], ["Host: [1::2::3]"], ["Host: a,b", "Host: c"], ["Host: a?b"], ["Host: a\\b"],
])
def test_H_8_host_must_be_one_and_valid(plain, fields):
    refused(plain, head("GET /plaintext HTTP/1.1", *fields), 400)


@pytest.mark.parametrize("host", ["a", "a:80", "a:", "[::1]:8080", "127.0.0.1", "EXAMPLE.com.", "a-b_c.d~e", "a%20b"])
def test_H_8_valid_hosts(plain, host):
    accepted(plain, head("GET /plaintext HTTP/1.1", f"Host: {host}"))


def test_H_8_host_may_be_missing_in_1_0(plain):
    assert plain.ask("GET /plaintext HTTP/1.0\r\n\r\n").status == 200


def test_H_9_absolute_form(plain):
    accepted(plain, head("GET http://example.com/plaintext HTTP/1.1", "Host: other.example"))
    accepted(plain, head("GET HTTP://example.com:80/plaintext?q HTTP/1.1", "Host: example.com"))
    for target in ("ftp://example.com/", "http:///plaintext", "http://user@example.com/", "http://a b/", "example.com/", "http:/a"):
        refused(plain, head(f"GET {target} HTTP/1.1", "Host: example.com"), 400)


def test_H_10_asterisk_form(plain):
    answer = plain.get("*", method="OPTIONS")
    assert answer.status == 204 and {"GET", "HEAD", "POST", "OPTIONS"} <= set(answer["Allow"].split(", "))
    refused(plain, head("GET * HTTP/1.1", "Host: example.com"), 400)


@pytest.mark.parametrize("fields", [
    ["Content-Length: +5"], ["Content-Length: 5,5"], ["Content-Length:"], ["Content-Length: 0x5"], ["Content-Length: -1"],
    ["Content-Length: 5", "Content-Length: 5"], ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5 5"],
    ["Content-Length: 9223372036854775808"], ["Content-Length: 99999999999999999999999"],
])
def test_H_11_content_length(plain, fields):
    refused(plain, head("POST /plaintext HTTP/1.1", "Host: example.com", *fields) + "hello", 400)


@pytest.mark.parametrize("fields,status", [
    (["Transfer-Encoding: gzip"], 501), (["Transfer-Encoding: gzip, chunked"], 501), (["Transfer-Encoding: identity"], 501),
    (["Transfer-Encoding: chunked, chunked"], 400), (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400),
    (["Transfer-Encoding: xchunked"], 501), (["Transfer-Encoding: \x0bchunked"], 400), (["Transfer-Encoding:"], 400),
    (["Transfer-Encoding: chunked", "Content-Length: 5"], 400), (["Content-Length: 5", "Transfer-Encoding: chunked"], 400),
    (["Transfer-Encoding: \"chunked\""], 400), (["Transfer-Encoding : chunked"], 400),
])
def test_H_12_transfer_encoding(plain, fields, status):
    refused(plain, head("POST /plaintext HTTP/1.1", "Host: example.com", *fields) + "0\r\n\r\n", status)


def test_H_12_chunked_in_1_0_is_refused(plain):
    refused(plain, head("POST /plaintext HTTP/1.0", "Host: example.com", "Transfer-Encoding: chunked") + "0\r\n\r\n", 400)


def chunked(body):
    return head("POST /plaintext HTTP/1.1", "Host: example.com", "Transfer-Encoding: chunked") + body


@pytest.mark.parametrize("body", [
    "0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "a;name=value;x=\"q\\\"\"\r\n0123456789\r\n0\r\n\r\n", "0000000000000005\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n", "5\r\nhello\r\n0\r\nContent-Length: 5\r\nHost: b\r\n\r\n",
])
def test_H_13_H_14_chunks_are_decoded_and_trailers_dropped(plain, body):
    accepted(plain, chunked(body), method="POST")


@pytest.mark.parametrize("body", [
    "+5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "\r\n", "g\r\n", "5\nhello\n0\n\n", "5\r\nhelloX\r\n0\r\n\r\n",
    "00000000000000005\r\nhello\r\n", "fffffffffffffffff\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5;" + "a" * 300 + "\r\nhello\r\n0\r\n\r\n",
    "0\r\nbad trailer\r\n\r\n", "0\r\nX : a\r\n\r\n",
])
def test_H_13_H_14_bad_chunks_end_the_connection(plain, body):
    """The fixed answer does not wait for the content; what follows it must never be taken for a request."""
    with plain.connect() as connection:
        assert connection.send(chunked(body) + GET).answer().status == 200
        connection.ended()


def test_H_15_a_final_answer_instead_of_100_closes(plain):
    with plain.connect() as connection:
        request = head("POST /plaintext HTTP/1.1", "Host: example.com", "Expect: 100-continue", "Content-Length: 5")
        answer = connection.send(request).answer()
        assert (answer.status, answer["Connection"]) == (200, "close")
        assert connection.ended() == "closed"


def test_H_15_other_expectations_are_417_and_1_0_ignores_them(plain):
    refused(plain, head("POST /plaintext HTTP/1.1", "Host: example.com", "Expect: miracles", "Content-Length: 0"), 417)
    assert plain.ask(head("GET /plaintext HTTP/1.0", "Expect: 100-continue")).status == 200


def test_H_16_small_unread_content_is_skipped(plain):
    with plain.connect() as connection:
        connection.send(head("POST /nowhere HTTP/1.1", "Host: example.com", "Content-Length: 60000"))
        assert connection.answer().status == 404
        assert connection.send("x" * 60000 + GET).answer().status == 200


def test_H_16_large_unread_content_closes_and_the_client_sees_the_answer(plain):
    with plain.connect() as connection:
        connection.send(head("POST /nowhere HTTP/1.1", "Host: example.com", "Content-Length: 1000000000"))
        answer = connection.answer()
        assert (answer.status, answer["Connection"]) == (404, "close")
        connection.send("x" * 100000)  # still sending: lingering close takes it
        assert connection.ended() == "closed"


def test_H_17_persistence(plain):
    with plain.connect() as connection:
        for _ in range(3):
            assert connection.send(GET).answer()["Connection"] is None
        answer = connection.send(head("GET /plaintext HTTP/1.1", "Host: example.com", "Connection: x, Close")).answer()
        assert answer["Connection"] == "close" and connection.ended() == "closed"
    with plain.connect() as connection:
        for _ in range(2):
            answer = connection.send(head("GET /plaintext HTTP/1.0", "Connection: keep-alive")).answer()
            assert answer["Connection"] == "keep-alive"
        assert connection.send(head("GET /plaintext HTTP/1.0")).answer()["Connection"] == "close"
        assert connection.ended() == "closed"


def test_H_17_keepalive_requests(start):
    daemon = start('[listen.web]\naddress = "127.0.0.1:0"\n[limits]\nkeepalive_requests = 3\n'
                   '[[route]]\npath = "/plaintext"\nrespond = { text = "a" }\n')
    with daemon.connect() as connection:
        assert [connection.send(GET).answer()["Connection"] for _ in range(3)] == [None, None, "close"]
        assert connection.ended() == "closed"


def test_H_18_deep_pipelines_are_answered_in_order(plain):
    for index in (0, 1):
        with plain.connect(index) as connection:
            requests = [("/plaintext", 200), ("/nowhere", 404), ("/users/7", 200), ("/only-post", 405)] * 100
            connection.send("".join(head(f"GET {target} HTTP/1.1", "Host: example.com") for target, _ in requests))
            assert [connection.answer().status for _ in requests] == [status for _, status in requests]


def test_H_18_every_split_of_a_pipeline_gives_the_same_answers(plain):
    post = head("POST /plaintext HTTP/1.1", "Host: example.com", "Content-Length: 5") + "hello"
    requests = GET + post + head("HEAD /users/7 HTTP/1.1", "Host: example.com") + GET
    for cut in range(1, len(requests)):
        with plain.connect(cut % 2) as connection:
            connection.send_in_pieces(requests, [cut])
            assert [connection.answer(method).status for method in ("GET", "POST", "HEAD", "GET")] == [200] * 4


def test_H_16_unread_chunks_that_have_not_all_arrived_close(plain):
    """Where they end is not known: the answer says close rather than promise what may not hold."""
    request = chunked("5\r\nhello\r\n0\r\n\r\n")
    with plain.connect() as connection:
        answer = connection.send(request[:-10]).answer()
        assert (answer.status, answer["Connection"]) == (200, "close")
        connection.send(request[-10:])
        assert connection.ended() == "closed"


def test_H_19_H_28_head_has_the_length_of_get(plain):
    get, head_answer = plain.get("/plaintext"), plain.get("/plaintext", method="HEAD")
    assert head_answer["Content-Length"] == get["Content-Length"] == "13" and head_answer.body is None


def test_H_21_date_is_now_and_moves(plain):
    first = plain.get("/plaintext")["Date"]
    assert abs(time.time() - time.mktime(time.strptime(first, "%a, %d %b %Y %H:%M:%S GMT")) + time.timezone) <= 2
    end = time.monotonic() + 10
    while plain.get("/plaintext")["Date"] == first:
        assert time.monotonic() < end, "the date stands still"


@pytest.mark.parametrize("path", ["/%", "/%4", "/%zz", "/%00", "/a%0ab", "/%0d", "/%7f", "/a%1fb"])
def test_H_22_bad_escapes(plain, path):
    refused(plain, head(f"GET {path} HTTP/1.1", "Host: example.com"), 400)


@pytest.mark.parametrize("path,status", [
    ("/plain%74ext", 200), ("/%70laintext", 200), ("/Plaintext", 404), ("/plaintext/", 404), ("/a%20b/c", 200), ("/a%2520b/c", 404),
])
def test_H_23_routing_compares_the_canonical_path(plain, path, status):
    assert plain.get(path).status == status


@pytest.mark.parametrize("path", ["/.", "/..", "/a/../plaintext", "/./plaintext", "/%2e%2e/a", "/a/.%2E", "/a/%2e/b", "/plaintext/.."])
def test_H_24_dot_segments(plain, path):
    refused(plain, head(f"GET {path} HTTP/1.1", "Host: example.com"), 400)


def test_H_25_empty_segments_are_merged(plain):
    assert plain.get("//plaintext").status == 200
    assert plain.get("///users//7").status == 200


def test_H_26_an_encoded_slash_separates_nothing(plain):
    assert plain.get("/users%2F7").status == 404
    assert plain.get("/users/7%2f8").status == 200


def test_H_27_query_and_fragment(plain):
    assert plain.get("/plaintext?a=/../%zz&b=?").status == 200
    refused(plain, head("GET /plaintext#a HTTP/1.1", "Host: example.com"), 400)


def test_H_29_405_names_what_is_allowed(plain):
    answer = plain.get("/only-post")
    assert answer.status == 405 and answer["Allow"] == "POST, OPTIONS" and len(answer.body) < 200


def test_H_30_options(plain):
    answer = plain.get("/only-post", method="OPTIONS")
    assert (answer.status, answer["Allow"]) == (204, "POST, OPTIONS")


def test_H_31_server_header(plain, start):
    assert plain.get("/plaintext")["Server"] == "flared"
    daemon = start('[server]\nserver_header = ""\n[listen.web]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/**"\nrespond = { text = "a" }\n')
    assert daemon.get("/")["Server"] is None


TIMEOUTS = """
[listen.web]
address = "127.0.0.1:0"
[limits]
header_timeout = "300ms"
keepalive_idle = "600ms"
[[route]]
path = "/**"
respond = { text = "a" }
"""


def test_H_35_idle_is_closed_silently_and_a_started_head_gets_408(start):
    daemon = start(TIMEOUTS)
    with daemon.connect() as silent, daemon.connect() as started, daemon.connect() as dribbling:
        started.send("GET / HT")
        dribbling.send("GET / HTTP/1.1\r\n")
        assert started.answer().status == 408 and started.ended() == "closed"
        dribbling.send("X: a\r\n")  # what comes late does not extend the time
        assert dribbling.answer().status == 408
        assert silent.ended() == "closed"


def test_H_38_techempower_plaintext(plain):
    with plain.connect() as connection:
        connection.send(GET * 16)
        for _ in range(16):
            answer = connection.answer()
            assert answer.body == b"Hello, World!"
            assert answer["Content-Type"] == "text/plain" and answer["Content-Length"] == "13"
            assert answer["Server"] and answer["Date"]


def test_a_tls_hello_on_a_plain_port_is_answered_and_closed(plain):
    refused(plain, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 32, 400)


def test_half_closed_clients_get_their_answers(plain):
    with plain.connect() as connection:
        connection.send(GET * 3)
        connection.socket.shutdown(socket.SHUT_WR)
        assert [connection.answer().status for _ in range(3)] == [200] * 3
        assert connection.ended() == "closed"


def test_O_1_every_request_has_its_line_refused_ones_too(start, tmp_path):
    daemon = start('[server]\nworkers = 1\n[listen.web]\naddress = "127.0.0.1:0"\n[limits]\nheader_timeout = "200ms"\n[[route]]\npath = "/a"\nrespond = { text = "a" }\n'
                   '[[route]]\npath = "/quiet"\nlog = false\nrespond = { text = "q" }\n')
    daemon.get("/a?q=%22\\", "User-Agent: \xff\"\\\t\x80\r\nReferer: http://example.net/\r\n")
    daemon.get("/quiet")
    daemon.get("/nowhere")
    daemon.ask("GET / HTTP/1.1\r\n\r\n")
    with daemon.connect() as connection:
        assert connection.send("POST /late").answer().status == 408
        connection.ended()
    assert daemon.stop() == 0
    lines = daemon.access_log()
    assert [(line["status"], line.get("why")) for line in lines] == [
        (200, None), (404, "no_route"), (400, "missing_host"), (408, "header_timeout")]
    assert lines[0]["user_agent"] == "\xff\"\\\t\x80" and lines[0]["client"] == "127.0.0.1" and lines[0]["route"] == "_:/a"
