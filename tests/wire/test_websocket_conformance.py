"""W-17: the ground that the Autobahn test suite covers, in cases of our own: each sent whole, cut in two, and, where it is
short, byte by byte. A case is what is sent and what comes back; the last thing of all is how the session ends."""

import threading

import pytest
import ws
from cases import IPV4, UNIX
from conftest import running
from ws import BINARY, CONTINUATION, PING, PONG, TEXT, begin, binary, close, frame, frame_head, text

CONFIG = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = []
[[route]]
path = "/echo"
websocket = {{ echo = true }}
ws = {{ message = "16MiB" }}
"""
SHORT = 160  # bytes; what is longer is not sent one by one
SIZES = (0, 125, 126, 127, 128, 65535, 65536)


@pytest.fixture(name="daemon", scope="module")
def one_for_all(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conformance")
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        yield daemon


def split(opcode, *pieces, between=b""):
    """One message in as many frames."""
    last = len(pieces) - 1
    return between.join(frame(CONTINUATION if i else opcode, piece, fin=i == last) for i, piece in enumerate(pieces))


def good(sent, *expected):
    """All of `expected`, then a close that is answered."""
    return sent + close(1000), [*expected, 1000]


def bad(code, sent, *expected):
    """`expected` before `sent` breaks a rule; what follows is never answered."""
    return sent + text("too late"), [*expected, code]


def cases():
    # 1, 9: sizes; text of characters that take two bytes
    for size in SIZES:
        yield f"text of {size}", good(text("*" * size), (TEXT, b"*" * size))
        yield f"binary of {size}", good(binary(b"\xfe" * size), (BINARY, b"\xfe" * size))
        yield f"text of {size} letters", good(text("ж" * size), (TEXT, "ж".encode() * size))
        yield f"in frames of 997, {size}", good(
            split(BINARY, *(b"x" * min(997, size - at) for at in range(0, max(size, 1), 997))), (BINARY, b"x" * size))
    for size in (1 << 20, 4 << 20, 16 << 20):
        yield f"binary of {size}", good(binary(bytes(size)), (BINARY, bytes(size)))
        yield f"in two halves, {size}", good(split(TEXT, b"a" * (size // 2), b"b" * (size // 2)),
                                              (TEXT, b"a" * (size // 2) + b"b" * (size // 2)))
    # 2: pings and pongs
    for payload in (b"", b"Hello", bytes([0, 255, 254, 253]), b"\xfe" * 125):
        yield f"ping {payload[:8]!r}", good(frame(PING, payload), (PONG, payload))
        yield f"pong {payload[:8]!r}", good(frame(PONG, payload) + text("x"), (TEXT, b"x"))
    yield "ping of 126", bad(1002, frame(PING, b"x" * 126))
    yield "ten pings", good(b"".join(frame(PING, b"%d" % i) for i in range(10)), *((PONG, b"%d" % i) for i in range(10)))
    yield "pong then ping", good(frame(PONG, b"a") + frame(PING, b"b"), (PONG, b"b"))
    # 3: reserved bits
    for rsv in range(0x10, 0x80, 0x10):
        for name, opcode in (("text", TEXT), ("binary", BINARY), ("ping", PING), ("pong", PONG), ("close", ws.CLOSE)):
            yield f"{name} with {rsv:02x}", bad(1002, text("before") + frame(opcode, b"", rsv=rsv), (TEXT, b"before"))
    # 4: reserved opcodes
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield f"opcode {opcode}", bad(1002, text("before") + frame(opcode, b"x" * (opcode % 3)), (TEXT, b"before"))
        yield f"opcode {opcode} within a message", bad(1002, text("a", fin=False) + frame(opcode))
    # 5: fragments
    for name, opcode, parts in (("text", TEXT, ("one ", "two")), ("binary", BINARY, (b"\0", b"\xff")), ("empty", TEXT, ("", "")),
                                ("three", TEXT, ("a", "b", "c")), ("empty ones within", TEXT, ("", "a", "", "", "b", "")),
                                ("twenty", BINARY, tuple(b"%d" % i for i in range(20)))):
        whole = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
        yield f"fragments: {name}", good(split(opcode, *parts), (opcode, whole))
        pongs = [(PONG, b"p")] * (len(parts) - 1)
        yield f"fragments: {name}, pings", good(split(opcode, *parts, between=frame(PING, b"p")), *pongs, (opcode, whole))
        yield f"fragments: {name}, pongs", good(split(opcode, *parts, between=frame(PONG, b"p")), (opcode, whole))
        yield f"fragments: {name}, twice", good(split(opcode, *parts) * 2, (opcode, whole), (opcode, whole))
        yield f"fragments: {name}, closed within", (split(opcode, *parts, "never")[:-(2 + 4 + 5)] + close(1001), [1001])
    for opcode, name in ((PING, "ping"), (PONG, "pong"), (ws.CLOSE, "close")):
        yield f"a {name} in fragments", bad(1002, frame(opcode, b"", fin=False) + frame(CONTINUATION))
    for fin in (True, False):
        yield f"a continuation of nothing, {fin}", bad(1002, frame(CONTINUATION, b"x", fin=fin))
        yield f"a continuation behind a message, {fin}", bad(1002, split(TEXT, "a", "b") + frame(CONTINUATION, b"c", fin=fin), (TEXT, b"ab"))
        yield f"text within text, {fin}", bad(1002, text("a", fin=False) + text("b", fin=fin))
        yield f"binary within text, {fin}", bad(1002, text("a", fin=False) + frame(PING, b"p") + binary(b"b", fin=fin), (PONG, b"p"))
    # 6: UTF-8
    for sample in VALID:
        raw = sample.encode() if isinstance(sample, str) else sample
        yield f"good {raw.hex()[:24]}", good(text(raw), (TEXT, raw))
        yield f"good, letter by letter {raw.hex()[:24]}", good(split(TEXT, *(raw[i:i + 1] for i in range(len(raw))), b""), (TEXT, raw))
    for sample in INVALID:
        for before in (b"", "κόσμε".encode()):
            yield f"bad {(before + sample).hex()[:32]}", bad(1007, text(before + sample))
            yield f"bad, followed {(before + sample).hex()[:32]}", bad(1007, text(before + sample + b"abc"))
            yield f"bad, in fragments {(before + sample).hex()[:32]}", bad(
                1007, split(TEXT, *((before + sample)[i:i + 1] for i in range(len(before + sample)))))
        yield f"bad, but binary {sample.hex()}", good(binary(sample), (BINARY, sample))
    # 7: closing
    yield "close with nothing", (close() + text("too late"), [None])
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        for reason in (b"", "почему".encode(), b"x" * 123):
            yield f"close {code}, {len(reason)}", (close(code, reason) + close(code) + frame(PING), [code])
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1099, 1100, 1999, 2000, 2999, 5000, 65535):
        yield f"close {code}", bad(1002, close(code))
        yield f"close {code}, reason", bad(1002, close(code, b"why"))
    yield "close of one byte", bad(1002, frame(ws.CLOSE, b"\x03"))
    yield "close of 126", bad(1002, close(1000, b"x" * 124))
    yield "close with bad UTF-8", bad(1007, close(1000, b"\xce\xba\xed\xa0\x80"))
    yield "close with half a letter", bad(1007, close(1000, b"\xe2\x82"))
    # lengths and masks
    for size, length in ((0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)):
        yield f"{size} in {length} bytes", bad(1002, frame_head(BINARY, size, length=length))
    yield "2^63 bytes", bad(1002, frame_head(BINARY, 1 << 63, length=8))
    for opcode in (TEXT, BINARY, PING, PONG, ws.CLOSE):
        yield f"no mask on {opcode}", bad(1002, text("x") + frame(opcode, b"", key=None), (TEXT, b"x"))
    for key in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\x40\x20\x10"):
        yield f"mask {key.hex()}", good(text("Hello", key=key) + binary(bytes(300), key=key), (TEXT, b"Hello"), (BINARY, bytes(300)))
    # 9.7, 10: many at once
    yield "a thousand messages", good(b"".join(text(f"{i}") for i in range(1000)), *((TEXT, b"%d" % i) for i in range(1000)))
    yield "a thousand empty frames", good(split(BINARY, *[b""] * 1000, b"end"), (BINARY, b"end"))


VALID = ("κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", b"\0", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xef\xbf\xbf", b"\xed\x9f\xbf",
         b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xef\xbf\xbe", b"\xf0\x9f\xbf\xbf", b"\xf3\xbf\xbf\xbe",
         b"\xef\xbb\xbf", "\U0001f600 " * 40)
INVALID = (b"\x80", b"\xbf", b"\x80\xbf\x80", b"\xc0 ", b"\xc3", b"\xe0 ", b"\xe2\x82", b"\xf0\x9f\x98", b"\xf0 ", b"\xf8 ", b"\xfc ", b"\xfe", b"\xff",
           b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf",
           b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80",
           b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xe2\x82\xe2\x82\xac")
ALL = list(cases())


def check(client, expected, ends=("closed",)):
    *before, end = expected
    with client:
        for opcode, payload in before:
            client.expect(opcode, payload)
        client.closes(end, ends=ends)


def pour(client, data):
    """What is left unsent when the session has ended has not been read by anybody."""
    try:
        client.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return client


def test_W_17_there_is_no_case_twice():
    assert len({name for name, _ in ALL}) == len(ALL) > 300


@pytest.mark.parametrize("name,case", ALL, ids=[name for name, _ in ALL])
def test_W_17(daemon, name, case):
    sent, expected = case
    large = len(sent) > 300_000
    for index in (IPV4, UNIX):
        client = begin(daemon.connect(index))
        if large:
            both_ways(client, sent, expected)
        else:
            check(pour(client, sent), expected)
    if large:
        return
    check(pour(begin(daemon.connect(IPV4), early=sent[:len(sent) // 2]), sent[len(sent) // 2:]), expected)
    cuts = range(1, len(sent)) if len(sent) <= SHORT else sorted({1, 2, 6, 14, len(sent) // 3, len(sent) // 2, len(sent) - 1})
    begun = [(cut, begin(daemon.connect(UNIX))) for cut in cuts]
    for cut, client in begun:
        client.send(sent[:cut])
    for _, client in begun:
        client.connection.taken()
    for cut, client in begun:
        check(pour(client, sent[cut:]), expected)
    if len(sent) <= SHORT:
        client = begin(daemon.connect(UNIX))
        try:
            client.send_in_pieces(sent, range(1, len(sent)))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had heard enough
        # What comes behind a close frame, one by one, may meet a connection that has just ended.
        check(client, expected, ends=("closed", "reset"))


def both_ways(client, sent, expected):
    """A peer that reads while it sends: who does not is not read from."""
    step = 1 << 17
    sender = threading.Thread(target=lambda: [client.send(sent[at:at + step]) for at in range(0, len(sent), step)])
    sender.start()
    check(client, expected)
    sender.join()
