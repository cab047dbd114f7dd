"""Content and where it ends: H-11 to H-16 of behaviour.md. What stands behind a request is answered exactly when its end is certain."""

import pytest
from cases import ADDRESSES, GET, IPV4, UNIX, accepted, chunked, each, final, get, head, logged_reasons, post, refused

SMUGGLED = "GET /only-post HTTP/1.1\r\nHost: example.com\r\n\r\n"  # would be a 405

LENGTHS = [(post(*fields, content="hello"), 400, why) for fields, why in [
    *[([f"Content-Length:{value}"], "bad_content_length") for value in (
        " +5", " 5,5", " 5, 5", "", " ", " 0x5", " -1", " 5 5", " 5;", " 5.0", " five", " \xb5", " 5e0", " ,5", " 5,", ' "5"', " 9223372036854775808",
        " 18446744073709551616", " 18446744073709551621", " 99999999999999999999999", " 0x", " 5h", " 0 5")],
    (["Content-Length: 5", "Content-Length: 5"], "duplicate_content_length"), (["Content-Length: 5", "Content-Length: 6"], "duplicate_content_length"),
    (["Content-Length: 5", "X: y", "content-length: 5"], "duplicate_content_length"), (["Content-Length: 0", "Content-Length: 5"], "duplicate_content_length"),
    (["Content-Length: 5\x0b"], "bad_header_value"), (["Content-Length\x00: 5"], "bad_header_name"),
]]
CODINGS = [(post(*fields, content="0\r\n\r\n" + SMUGGLED), status, why) for fields, status, why in [
    *[([f"Transfer-Encoding: {value}"], 501, "unknown_transfer_coding") for value in (
        "gzip", "gzip, chunked", "identity", "identity, chunked", "xchunked", "x-chunked", "chunkedd", "chunke", "chunked-x", "deflate,gzip,chunked", "trailers", "'chunked'")],
    *[([f"Transfer-Encoding:{value}"], 400, "bad_transfer_encoding") for value in (
        "", " ", " chunked, chunked", " chunked,chunked", " chunked,", " ,chunked", " , chunked", " chunked,,", ' "chunked"', " chunked;q=1", " chunked;",
        " chunked x", " x chunked", " chun ked", " chunked, Chunked", " gzip, chunked, chunked", " (chunked)", " chunked\xa0", " \xa0chunked", " chunked\t,",
        " chunked, gzip", " Chunked,identity", " chunked,x", " gzip, chunked, x")],
    *[([f"Transfer-Encoding: {value}"], 400, "bad_header_value") for value in ("\x0bchunked", "chunked\x0c", "\0chunked", "chunked\x7f")],
    (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400, "bad_transfer_encoding"),
    (["Transfer-Encoding: chunked", "transfer-encoding: identity"], 400, "bad_transfer_encoding"),
    (["Transfer-Encoding: chunked", "Transfer-Encoding:"], 400, "bad_transfer_encoding"), (["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"], 501, "unknown_transfer_coding"),
    (["Transfer-Encoding : chunked"], 400, "bad_header_name"), (["Transfer-Encoding\t: chunked"], 400, "bad_header_name"),
    ([" Transfer-Encoding: chunked"], 400, "obs_fold"), (["Transfer-Encoding:\r\n chunked"], 400, "bad_transfer_encoding"), (["X: a\r\n Transfer-Encoding: chunked"], 400, "obs_fold"),
    (["Transfer-Encoding: chunked", "Content-Length: 5"], 400, "length_and_coding"), (["Content-Length: 5", "Transfer-Encoding: chunked"], 400, "length_and_coding"),
    (["Content-Length: 0", "Transfer-Encoding: chunked"], 400, "length_and_coding"), (["Content-Length: 5", "Transfer-Encoding: x-chunked"], 400, "length_and_coding"),
    (["Content-Length: 5", "Transfer-Encoding:"], 400, "length_and_coding"), (["Content-Length: 5", "X: y", "tRANSFER-eNCODING: CHUNKED"], 400, "length_and_coding"),
    (["Content-Length: 5", "Transfer-Encoding : chunked"], 400, "bad_header_name"),
]]
CODINGS_IN_1_0 = [(head("POST /plaintext HTTP/1.0", *fields) + "0\r\n\r\n" + SMUGGLED, 400, why) for fields, why in [
    (["Transfer-Encoding: chunked"], "bad_transfer_encoding"), (["Transfer-Encoding: gzip"], "bad_transfer_encoding"),
    (["Connection: keep-alive", "Transfer-Encoding: chunked"], "bad_transfer_encoding"), (["Content-Length: 5", "Transfer-Encoding: chunked"], "length_and_coding"),
    (["Transfer-Encoding: chunked", "Content-Length: 5"], "bad_transfer_encoding"),
]]
EXPECTATIONS = [(post(f"Expect:{value}", "Content-Length: 5", content="hello"), 417, "expectation_failed") for value in (
    " miracles", " 100-continue, miracles", " 100-continue;x", " 100-continu", " 100 continue", ' "100-continue"', " 200-ok")]


@each(LENGTHS)
def test_H_11_content_length(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("value,content", [
    ("0", ""), ("5", "hello"), ("005", "hello"), ("5 \t", "hello"), ("\t5", "hello"), ("00000000000000000000000000000000000000005", "hello"), ("5", "\r\n\r\n\0"),
    (str(len(SMUGGLED)), SMUGGLED), ("30", "0\r\n\r\n" + SMUGGLED[:25]),
])
def test_H_11_content_is_skipped_by_its_length(plain, value, content):
    """What looks like a request within it is none."""
    accepted(plain, post(f"Content-Length:{value}" if value[0] == "\t" else f"Content-Length: {value}", content=content))
    accepted(plain, get(f"Content-Length: {value}") + content)


def test_H_11_L_5_the_largest_length_is_too_much_content_not_a_bad_length(plain):
    answer = final(plain, post("Content-Length: 9223372036854775807"))
    assert answer.status == 413


@each(CODINGS)
def test_H_12_transfer_encoding(plain, case):
    refused(plain, *case[:2])


@each(CODINGS_IN_1_0)
def test_H_12_chunked_in_1_0_is_refused(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("field", ["Transfer-Encoding: chunked", "transfer-encoding: CHUNKED", "TRANSFER-ENCODING:chunKed", "Transfer-Encoding:\tchunked \t "])
def test_H_12_chunked_in_any_case(plain, field):
    accepted(plain, post(field, content="5\r\nhello\r\n0\r\n\r\n"))


def test_H_12_another_name_is_another_field(plain):
    accepted(plain, post("Transfer_Encoding: chunked", "X-Transfer-Encoding: chunked", "TE: chunked", "Content-Length: 5", content="hello"))


def extension(size):
    return ";" + "a" * (size - 1)


@pytest.mark.parametrize("content", [
    "0\r\n\r\n", "00000\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "0000000000000005\r\nhello\r\n0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n",
    "1\r\na\r\n2\r\nbc\r\n0000000000000000\r\n\r\n", "5\r\n\r\n0\r\n\r\n0\r\n\r\n", "a;name=value;x=\"q\\\"\"\r\n0123456789\r\n0\r\n\r\n", "5;a\r\nhello\r\n0;b\r\n\r\n",
    "5 ; a = b\r\nhello\r\n0\r\n\r\n", '5;a="x;y="\r\nhello\r\n0\r\n\r\n', "5" + extension(256) + "\r\nhello\r\n0" + extension(256) + "\r\n\r\n",
    f"{len(SMUGGLED):x}\r\n{SMUGGLED}\r\n0\r\n\r\n",
])
def test_H_13_chunks_are_decoded(plain, content):
    accepted(plain, chunked(content))


@pytest.mark.parametrize("content", [
    "+5\r\nhello\r\n", "-5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "5\t\r\nhello\r\n", "\r\n", "g\r\n", "5g\r\nhello\r\n", "5\nhello\n", "5\r\nhello\n",
    "5\r\nhelloX\r\n", "5\r\nhell\r\n", "5\r\nhello\r\r\n", "5\r\nhello\n\r\n", "5\r\nhello0\r\n", "0x5\r\nhello\r\n", "5h\r\nhello\r\n", "5_0\r\nhello\r\n", "5,5\r\nhello\r\n",
    "00000000000000005\r\nhello\r\n", "fffffffffffffffff\r\n", "10000000000000000\r\n", "10000000000000005\r\nhello\r\n", "ffffffffffffffff\r\n", "8000000000000000\r\n",
    "7fffffffffffffff\r\n", "5\rhello\r\n", "5\r\r\nhello\r\n", "5;\r\nhello\r\n", "5;=a\r\nhello\r\n", "5;a=\r\nhello\r\n", "5;a\nhello\r\n", "5;a=\"b\r\nhello\r\n",
    "5;a=\"b\n\"\r\nhello\r\n", "5;a\0\r\nhello\r\n", "5;a b\r\nhello\r\n", "5;a=b c\r\nhello\r\n", "5 a\r\nhello\r\n", "5" + extension(257) + "\r\nhello\r\n", "\xb5\r\nhello\r\n",
    "0\n\r\n", "0\r\n\n", "0\r\n\r", "0\r\nbad trailer\r\n\r\n", "0\r\nX : a\r\n\r\n", "0\r\n X: a\r\n\r\n", "0\r\nX: a\r\n b\r\n\r\n", "0\r\nX: a\n\r\n", "0\r\n: a\r\n\r\n",
    "0\r\nX: a\0\r\n\r\n", "0\r\nX: a\rb\r\n\r\n", "0\r\nX\r\n\r\n", "0\r\n" + "a: b\r\n" * 21 + "\r\n", "0\r\nX: " + "a" * 8192 + "\r\n\r\n", "0\r\n" + f"X: {'a' * 1000}\r\n" * 9 + "\r\n",
])
def test_H_13_H_14_bad_chunks_end_the_connection(plain, content):
    """A fixed answer does not wait for the content; what follows it must never be taken for a request."""
    assert final(plain, chunked(content + "0\r\n\r\n") + SMUGGLED).status in (200, 400)
    for end in ("", "\r\n0\r\n\r\n"):
        for before in ("", GET):
            with plain.connect(UNIX) as connection:
                connection.send(before + chunked(content + end) + SMUGGLED)
                assert not before or connection.answer().status == 200
                assert connection.answer()["Connection"] == "close" and connection.ended() == "closed"


def test_H_13_extensions_of_a_whole_body_are_limited(plain):
    chunk = "1" + extension(256) + "\r\na\r\n"
    with plain.connect(UNIX) as connection:
        connection.send(chunked(chunk * 64 + "0\r\n\r\n") + GET)
        assert [connection.answer()["Connection"] for _ in range(2)] == [None, None]
    with plain.connect(UNIX) as connection:
        connection.send(chunked(chunk * 64 + "0;a\r\n\r\n") + GET)
        assert connection.answer()["Connection"] == "close" and connection.ended() == "closed"


@pytest.mark.parametrize("trailer", [
    "X-Trailer: a", "Content-Length: 5", "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: chunked", "Host: b", "Host: c\r\nHost: d", "Authorization: Basic eDp5",
    "Connection: close", "Content-Type: text/html", "Expect: miracles", "Trailer: X", "X:", "X: caf\xe9\t\"",
])
def test_H_14_trailers_are_dropped(plain, trailer):
    """None of them has a meaning, were it the meaning of an error."""
    accepted(plain, chunked(f"5\r\nhello\r\n0\r\n{trailer}\r\n\r\n", "Trailer: X-Trailer"))


def test_H_14_trailers_up_to_the_header_limits(plain):
    accepted(plain, chunked("0\r\n" + "a: b\r\n" * 20 + "\r\n"))
    accepted(plain, chunked("0\r\n" + f"X: {'a' * 1000}\r\n" * 8 + "\r\n"))


def test_H_14_trailers_are_never_merged_into_the_fields(start):
    daemon = start('[server]\nworkers = 1\n[listen.web]\naddress = "127.0.0.1:0"\n[log.access]\nto = ["stdout"]\n[[route]]\npath = "/"\nrespond = { text = "plain" }\n'
                   '[[route]]\npath = "/"\nheader = { X-Canary = "1" }\nrespond = { text = "canary" }\n')
    request = head("POST / HTTP/1.1", "Host: example.com", "Transfer-Encoding: chunked", "Trailer: X-Canary") + "0\r\nX-Canary: 1\r\nUser-Agent: trailer\r\n\r\n"
    with daemon.connect() as connection:
        connection.send(request + head("GET / HTTP/1.1", "Host: example.com", "X-Canary: 1") + request + head("GET / HTTP/1.1", "Host: example.com"))
        assert [connection.answer().body for _ in range(4)] == [b"plain", b"canary", b"plain", b"plain"]
    assert daemon.stop() == 0
    assert all("user_agent" not in line for line in daemon.access_log())


@each(EXPECTATIONS)
def test_H_15_other_expectations_are_417(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("line,fields,status", [
    ("POST /plaintext", ["Content-Length: 5"], 200), ("POST /nowhere", ["Content-Length: 5"], 404), ("PUT /only-post", ["Content-Length: 5"], 405),
    ("POST /plaintext", ["Content-Length: 1000000000"], 413), ("POST /plaintext", ["Transfer-Encoding: chunked"], 200), ("POST /nowhere", ["Transfer-Encoding: chunked"], 404),
])
def test_H_15_a_final_answer_instead_of_100_closes(plain, line, fields, status):
    """Whether the content will come is not known, and nothing asked for it."""
    for expect in ("Expect: 100-continue", "expect: 100-Continue"):
        for index in ADDRESSES:
            with plain.connect(index) as connection:
                answer = connection.send(head(line + " HTTP/1.1", "Host: example.com", expect, *fields)).answer()
                assert (answer.status, answer["Connection"]) == (status, "close") and connection.ended() == "closed"


def test_H_15_content_that_came_along_does_not_close(plain):
    with plain.connect(UNIX) as connection:
        connection.send(post("Expect: 100-continue", "Content-Length: 5", content="hello") + GET)
        assert [connection.answer().status for _ in range(2)] == [200, 200]
    accepted(plain, get("Expect: 100-continue"))
    accepted(plain, get("Expect: 100-continue", "Content-Length: 0"))


@pytest.mark.parametrize("expectation", ["100-continue", "miracles", ""])
def test_H_15_1_0_expects_nothing(plain, expectation):
    accepted(plain, head("GET /plaintext HTTP/1.0", f"Expect: {expectation}", "Connection: keep-alive"))
    accepted(plain, head("POST /plaintext HTTP/1.0", f"Expect: {expectation}", "Connection: keep-alive", "Content-Length: 5") + "hello")


@pytest.mark.parametrize("target,status", [("/nowhere", 404), ("/plaintext", 200), ("/users/7", 200)])
def test_H_16_small_unread_content_is_skipped(plain, target, status):
    for size in (1, 60000, 65536):
        for index in ADDRESSES:
            with plain.connect(index) as connection:
                connection.send(head(f"POST {target} HTTP/1.1", "Host: example.com", f"Content-Length: {size}"))
                answer = connection.answer()
                assert (answer.status, answer["Connection"]) == (status, None)
                assert connection.send((SMUGGLED * (size // len(SMUGGLED) + 1))[:size] + GET).answer().status == 200


@pytest.mark.parametrize("size,status", [(65537, 404), (1000000, 404), (1000000000, 404)])
def test_H_16_large_unread_content_closes_and_the_client_sees_the_answer(plain, size, status):
    for index in ADDRESSES:
        with plain.connect(index) as connection:
            connection.send(head("POST /nowhere HTTP/1.1", "Host: example.com", f"Content-Length: {size}"))
            answer = connection.answer()
            assert (answer.status, answer["Connection"]) == (status, "close")
            connection.send(SMUGGLED * 1400)  # still sending: lingering close takes it
            assert connection.ended() == "closed"


def test_H_16_a_client_that_sends_first_and_reads_later_sees_the_answer(plain):
    for index in ADDRESSES:
        with plain.connect(index) as connection:
            connection.send(head("POST /nowhere HTTP/1.1", "Host: example.com", "Content-Length: 500000") + "x" * 500000)
            answer = connection.taken().answer()
            assert answer.status == 404 and (answer["Connection"] is None or connection.ended() == "closed")


def test_H_16_unread_chunks_that_have_not_all_arrived_close(plain):
    """Where they end is not known: the answer says close rather than promise what may not hold."""
    content = "5\r\nhello\r\n0\r\nX: a\r\n\r\n"
    for cut in range(len(content)):
        with plain.connect(UNIX) as connection:
            answer = connection.send(chunked(content[:cut])).answer()
            assert (answer.status, answer["Connection"]) == (200, "close")
            connection.send(content[cut:] + GET)
            assert connection.ended() == "closed"


def test_H_11_H_12_H_15_reasons(one_worker):
    logged_reasons(one_worker, LENGTHS + CODINGS + CODINGS_IN_1_0 + EXPECTATIONS)


def test_L_5_content_over_the_limit_has_its_reason(one_worker):
    with one_worker.connect(IPV4) as connection:
        assert connection.send(post("Content-Length: 1000000000")).answer().status == 413
    assert one_worker.stop() == 0
    assert [(line["status"], line["why"]) for line in one_worker.access_log()] == [(413, "body_bytes")]
