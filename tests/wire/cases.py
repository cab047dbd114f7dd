"""One request, one outcome, every way it can travel: alone, behind another, in pieces, over IPv4, IPv6 and a unix socket."""

import pytest

GET = "GET /plaintext HTTP/1.1\r\nHost: example.com\r\n\r\n"
POST = "POST /plaintext HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello"
IPV4, UNIX, IPV6 = ADDRESSES = range(3)  # of the fixture `plain`
SHORT = 160  # bytes; what is longer is cut at some places only


def head(line, *fields):
    return "\r\n".join([line, *fields, "", ""])


def get(*fields):
    """A head with a good request line and Host."""
    return head("GET /plaintext HTTP/1.1", "Host: example.com", *fields)


def post(*fields, content=""):
    return head("POST /plaintext HTTP/1.1", "Host: example.com", *fields) + content


def chunked(content, *fields):
    return post("Transfer-Encoding: chunked", *fields, content=content)


def is_token(text):
    return all(c.isascii() and c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in text)


def cuts(request):
    """Every place between two bytes of a short request; of a long one those near its ends and evenly spread ones."""
    size = len(request)
    if size <= SHORT:
        return list(range(1, size))
    return sorted({*range(1, 24), *range(24, size, size // 24), size - 3, size - 2, size - 1})


def singly(request):
    """One byte at a time, at least to begin with; what follows the request comes with its last piece."""
    return range(1, min(len(request), SHORT))


def each(table):
    """Parametrizes over (request, status, reason in the access log)."""
    names = [request.replace("\r\n", "|")[:70].encode("unicode_escape").decode() for request, _, _ in table]
    return pytest.mark.parametrize("case", table, ids=[f"{number}:{name}" for number, name in enumerate(names)])


def _is_refused(connection, before, request, status):
    for _ in range(before):
        assert connection.answer().status == 200
    answer = connection.answer("HEAD" if request.startswith("HEAD ") else "GET")
    assert (answer.status, answer["Connection"]) == (status, "close"), request[:200]
    assert answer["Cache-Control"] == "no-store" and len(answer.body or b"") < 1024
    assert connection.ended() == "closed", "the answer must not be lost to a reset"


def refused(daemon, request, status):
    """The request gets `status` and a close, whatever way it comes; what stands behind it is never answered."""
    for index in ADDRESSES:
        for before in ("", GET, POST):
            with daemon.connect(index) as connection:
                connection.send(before + request + GET)
                _is_refused(connection, bool(before), request, status)
    for index in (IPV4, IPV6):
        with daemon.connect(index) as connection:
            connection.send_in_pieces(request + GET, sorted({1, len(request) // 2, len(request) - 1} - {0}))
            _is_refused(connection, 0, request, status)
    with daemon.connect(UNIX) as connection:
        connection.send_in_pieces(request + GET, singly(request))
        _is_refused(connection, 0, request, status)
    _at_every_cut(daemon, request, lambda connection, before: _is_refused(connection, before, request, status))


def _at_every_cut(daemon, request, check):
    """All at once: each half has been read everywhere before the second halves go out. Every other one stands behind a request."""
    running = [(cut, cut % 2, daemon.connect(UNIX)) for cut in cuts(request)]
    for cut, before, connection in running:
        connection.send(GET * before + request[:cut])
    for _, _, connection in running:
        connection.taken()
    for cut, before, connection in running:
        with connection:
            connection.send(request[cut:] + GET)
            check(connection, before)


def accepted(daemon, request, status=200, body=b"Hello, World!", method="GET"):
    """The request gets its answer, whatever way it comes, and the connection goes on behind it.

    Content that has not all arrived may make the server end the connection, provided that its answer says so (H-16)."""

    def check(connection, in_pieces):
        answer = connection.answer(method)
        assert answer.status == status, request[:200]
        assert answer.body == (None if method == "HEAD" or status == 204 else body)
        if in_pieces and answer["Connection"] == "close":
            assert connection.ended() == "closed"
            return False
        assert answer["Connection"] in (None, "keep-alive") and connection.answer().status == 200, "and the connection goes on"
        return True

    for index in ADDRESSES:
        with daemon.connect(index) as connection:
            for before in ("", GET, POST):
                connection.send(before + request + GET)
                assert not before or connection.answer().status == 200
                assert check(connection, False)
    for index in (IPV4, IPV6):
        with daemon.connect(index) as connection:
            check(connection.send_in_pieces(request + GET, sorted({1, len(request) // 2, len(request) - 1} - {0})), True)
    pieces = [[cut] for cut in cuts(request)] + [singly(request)]
    connection = daemon.connect(UNIX)
    for cut in pieces:
        if not check(connection.send_in_pieces(request + GET, cut), True):
            connection.socket.close()
            connection = daemon.connect(UNIX)
    connection.socket.close()


def final(daemon, request, method="GET"):
    """The request is answered with a close, whatever way it comes; nothing behind it is answered. Gives the answer."""
    answers = []

    def check(connection, before):
        assert not before or connection.answer().status == 200
        answers.append(connection.answer(method))
        assert answers[-1]["Connection"] == "close" and connection.ended() == "closed", request[:200]

    for index in ADDRESSES:
        for before in ("", GET):
            with daemon.connect(index) as connection:
                check(connection.send(before + request + GET), before)
    with daemon.connect(UNIX) as connection:
        check(connection.send_in_pieces(request + GET, singly(request)), "")
    _at_every_cut(daemon, request, check)
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    return answers[0]


def logged_reasons(daemon, table):
    """`daemon` has one worker. Every (request, status, reason) of the table has its line with that reason, whole and one byte at a time; what stands behind it has none."""
    expected = []
    for request, status, why in table:
        for pieces in ([], singly(request)):
            with daemon.connect(UNIX) as connection:
                connection.send(GET).answer()
                connection.send_in_pieces(request + GET, pieces)
                _is_refused(connection, 0, request, status)
            expected += [(200, None, ""), (status, why, request[:200])]
    assert daemon.stop() == 0
    lines = daemon.access_log()
    for line, (status, why, request) in zip(lines, expected):
        assert (line["status"], line.get("why")) == (status, why), request
    assert len(lines) == len(expected)


def statuses(daemon, requests):
    """Each over a connection of its own, all at once."""
    connections = [daemon.connect(UNIX).send(request) for request in requests]
    found = [connection.answer().status for connection in connections]
    for connection in connections:
        connection.socket.close()
    return found
