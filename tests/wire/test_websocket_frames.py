"""What goes to and fro on an open WebSocket: masks, frames, control frames, UTF-8, limits, close codes (W-5 to W-9, W-11)."""

import os
import struct
import threading

import pytest
import ws
from cases import IPV4, UNIX
from conftest import running
from tls import Issuer, SecureConnection
from ws import BINARY, CLOSE, CONTINUATION, PING, PONG, RSV1, RSV2, RSV3, TEXT, begin

CONFIG = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[listen.secure]
address = "127.0.0.1:0"
tls = true
{certificate}
[log.access]
to = []
[[route]]
path = "/echo"
websocket = {{ echo = true }}
[[route]]
path = "/large"
websocket = {{ echo = true }}
ws = {{ message = "32MiB" }}
[[route]]
path = "/small"
websocket = {{ echo = true }}
ws = {{ message = "1000B", fragments = 4 }}
"""
SECURE = 2
HELLO = ws.text("hello")


@pytest.fixture(name="daemon", scope="module")
def one_for_all(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    certificate = Issuer(folder / "certs").make("main", "DNS:main.test").toml("main", "default = true")
    with running(folder, CONFIG.format(dir=folder, certificate=certificate)) as daemon:
        yield daemon


def everywhere(daemon, target="/echo"):
    yield begin(daemon.connect(IPV4), target)
    yield begin(daemon.connect(UNIX), target)
    yield begin(SecureConnection(daemon.address(SECURE)), target)


def fails(daemon, frames, code, target="/echo", reason=None):
    """After a good message these bytes end the session with `code`, in one piece, at every cut, and byte by byte."""
    for client in everywhere(daemon, target):
        with client:
            client.send(HELLO + frames).expect(TEXT, "hello").closes(code, reason)
    cuts = [(cut, begin(daemon.connect(UNIX), target)) for cut in range(1, min(len(frames), 40))]
    for cut, client in cuts:
        client.send(frames[:cut]).connection.taken()
    for cut, client in cuts:
        with client:
            try:
                client.send(frames[cut:])
            except (BrokenPipeError, ConnectionResetError):
                pass  # the first piece was enough
            client.closes(code, reason)


# ---- masks


def test_W_5_a_frame_without_a_mask(daemon):
    for opcode, payload in ((TEXT, b"unmasked"), (BINARY, b""), (PING, b""), (CLOSE, b"\x03\xe8"), (CONTINUATION, b"")):
        fails(daemon, ws.frame(opcode, payload, key=None), 1002)


def test_W_5_every_mask_is_taken_off_and_none_put_on(daemon):
    payload = bytes(range(256)) * 5
    for client in everywhere(daemon):
        with client:
            for key in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04", b"\0\0\0\x80", *(os.urandom(4) for _ in range(20))):
                for size in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 129, len(payload)):
                    client.send(ws.binary(payload[:size], key=key)).expect(BINARY, payload[:size])


# ---- frames


@pytest.mark.parametrize("rsv", [RSV1, RSV2, RSV3, RSV1 | RSV2, RSV1 | RSV3, RSV2 | RSV3, RSV1 | RSV2 | RSV3])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_W_6_reserved_bits(daemon, opcode, rsv):
    fails(daemon, ws.frame(opcode, b"", rsv=rsv), 1002)


@pytest.mark.parametrize("rsv", [RSV1, RSV2, RSV3])
def test_W_6_reserved_bits_within_fragments(daemon, rsv):
    fails(daemon, ws.text("a", fin=False) + ws.frame(CONTINUATION, b"b", rsv=rsv), 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_W_6_reserved_opcodes(daemon, opcode):
    for payload in (b"", b"some"):
        fails(daemon, ws.frame(opcode, payload), 1002)
    fails(daemon, ws.text("a", fin=False) + ws.frame(opcode, b""), 1002)


@pytest.mark.parametrize("frames", [
    ws.frame_head(TEXT, 0, length=2),
    ws.frame_head(TEXT, 125, length=2),
    ws.frame_head(BINARY, 0, length=8),
    ws.frame_head(BINARY, 125, length=8),
    ws.frame_head(BINARY, 126, length=8),
    ws.frame_head(BINARY, 65535, length=8),
    ws.text("a", fin=False) + ws.frame_head(CONTINUATION, 1, length=2),
])
def test_W_6_lengths_that_are_longer_than_need_be(daemon, frames):
    fails(daemon, frames, 1002)


@pytest.mark.parametrize("size", [1 << 63, (1 << 63) + 5, (1 << 64) - 1])
def test_W_6_the_top_bit_of_a_length(daemon, size):
    fails(daemon, ws.frame_head(BINARY, size, length=8), 1002)


@pytest.mark.parametrize("frames", [
    ws.frame(CONTINUATION, b"out of nothing"),
    ws.frame(CONTINUATION, b"", fin=False),
    ws.text("begun", fin=False) + ws.text("and begun"),
    ws.text("begun", fin=False) + ws.binary(b"and begun", fin=False),
    ws.binary(b"", fin=False) + ws.binary(b""),
    ws.text("a", fin=False) + ws.frame(CONTINUATION, b"b") + ws.frame(CONTINUATION, b"c"),
], ids=["final", "not final", "text in text", "binary in text", "empty", "behind the end"])
def test_W_6_continuations_out_of_place(daemon, frames):
    with begin(daemon.connect(UNIX)) as client:
        client.send(frames)
        got = client.frame()
        if got.opcode == TEXT:  # the whole message before
            assert got.payload == b"ab"
            got = client.frame()
        assert got.opcode == CLOSE and got.payload == b"\x03\xea", got
        assert client.connection.ended() == "closed"


def test_W_6_nothing_behind_the_error_is_answered(daemon):
    for client in everywhere(daemon):
        with client:
            client.send(ws.frame(3) + HELLO * 100 + ws.frame(PING) + ws.close(1000)).closes(1002)


# ---- control frames


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_W_7_long_control_frames(daemon, opcode):
    payload = struct.pack(">H", 1000) + b"x" * 124
    fails(daemon, ws.frame(opcode, payload), 1002)
    fails(daemon, ws.frame_head(opcode, 1 << 40), 1002)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_W_7_control_frames_in_fragments(daemon, opcode):
    fails(daemon, ws.frame(opcode, b"", fin=False), 1002)


def test_W_7_a_ping_is_answered_with_what_it_says(daemon):
    for client in everywhere(daemon):
        with client:
            for payload in (b"", b"x", b"\0\xff\xfe", os.urandom(125)):
                client.send(ws.frame(PING, payload)).expect(PONG, payload)
            client.send(ws.frame(PONG, b"nobody asked") + HELLO).expect(TEXT, "hello")


def test_W_7_pings_between_and_within_fragments(daemon):
    pieces = [b"one", b"", b" two", b" three"]
    frames = ws.text(pieces[0], fin=False)
    for number, piece in enumerate(pieces[1:]):
        frames += ws.frame(PING, b"%d" % number) + ws.frame(PONG) + ws.frame(CONTINUATION, piece, fin=number == 2)
    for client in everywhere(daemon):
        with client:
            for number in range(3):
                client.send(frames[:-1] if number == 2 else frames)
                for ping in range(3):
                    client.expect(PONG, b"%d" % ping)
                if number == 2:
                    client.send(frames[-1:])
                client.expect(TEXT, "one two three")


def test_W_7_who_does_not_read_gets_the_latest_pong(daemon):
    """Messages fill the way back, pings go on: of the pongs some may be left out, but not the last one."""
    large, rounds = os.urandom(400_000), 60
    with begin(daemon.connect(), "/large") as client:
        frames = b"".join(ws.binary(large) + b"".join(ws.frame(PING, b"%d.%d" % (each, i)) for i in range(20)) for each in range(rounds))
        sender = threading.Thread(target=client.send, args=(frames + ws.frame(PING, b"last") + HELLO,))
        sender.start()  # it ends when the server has read all, which it does when we read
        pongs, messages = [], 0
        while (got := client.frame()).opcode != TEXT:
            if got.opcode == PONG:
                pongs.append(got.payload)
            else:
                assert got.payload == large
                messages += 1
        sender.join()
        order = [b"%d.%d" % (each, i) for each in range(rounds) for i in range(20)] + [b"last"]
        places = [order.index(pong) for pong in pongs]
        assert messages == rounds and places == sorted(set(places))
        while not pongs or pongs[-1] != b"last":  # it may stand behind the last message, never be missing
            pongs.append(client.frame().payload)
        client.leave()


# ---- UTF-8

BAD_TEXT = [
    (b"\x80", 0), (b"\xbf", 0), (b"\xc0\x80", 0), (b"\xc1\xbf", 0), (b"\xf5\x80\x80\x80", 0), (b"\xff", 0), (b"\xfe", 0),
    (b"\xc3\x28", 1), (b"\xe2\x28\xa1", 1), (b"\xe2\x82\x28", 2), (b"\xe0\x80\x80", 1), (b"\xe0\x9f\xbf", 1), (b"\xed\xa0\x80", 1),
    (b"\xed\xbf\xbf", 1), (b"\xf0\x80\x80\x80", 1), (b"\xf0\x8f\xbf\xbf", 1), (b"\xf4\x90\x80\x80", 1), (b"\xf0\x9f\x98\x28", 3),
    (b"good\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", 16),
]


@pytest.mark.parametrize("bad,first", BAD_TEXT, ids=lambda each: each.hex() if isinstance(each, bytes) else "")
def test_W_8_text_that_is_none_fails_at_its_first_bad_byte(daemon, bad, first):
    """Neither the rest of the frame nor of the message has to come first."""
    fails(daemon, ws.text(bad), 1007)
    key = b"\x21\x43\x65\x87"
    for before, opcode in ((b"", TEXT), (ws.text("fine so far", fin=False), CONTINUATION)):
        for client in everywhere(daemon):
            with client:
                client.send(before + ws.frame_head(opcode, 1000, key=key, fin=False))
                client.send(ws.masked(bad, key)[:first + 1])
                client.closes(1007)
        with begin(daemon.connect(UNIX)) as client:
            data = before + ws.frame_head(opcode, 1000, key=key) + ws.masked(bad, key)[:first + 1]
            client.send_in_pieces(data, range(1, len(data)))
            client.closes(1007)


def test_W_8_characters_may_be_cut_anywhere(daemon):
    whole = "κόσμε €😀 \U0010ffff\x00".encode()
    for client in everywhere(daemon):
        with client:
            for cut in range(len(whole) + 1):
                client.send(ws.text(whole[:cut], fin=False) + ws.frame(CONTINUATION, whole[cut:])).expect(TEXT, whole)
            client.send(b"".join(ws.frame(TEXT if i == 0 else CONTINUATION, whole[i:i + 1], fin=False) for i in range(len(whole))))
            client.send(ws.frame(CONTINUATION)).expect(TEXT, whole)


@pytest.mark.parametrize("cut", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"fine \xf0"])
def test_W_8_text_that_ends_within_a_character(daemon, cut):
    fails(daemon, ws.text(cut), 1007)
    fails(daemon, ws.text(cut, fin=False) + ws.frame(CONTINUATION), 1007)
    fails(daemon, ws.close(1000, cut), 1007)


def test_W_8_binary_may_be_anything(daemon):
    with begin(daemon.connect()) as client:
        for bad, _ in BAD_TEXT:
            client.send(ws.binary(bad)).expect(BINARY, bad)


# ---- limits


def test_W_9_a_long_message_ends_before_a_byte_of_it(daemon):
    for size in (1001, 65536, (1 << 63) - 1):
        fails(daemon, ws.frame_head(BINARY, size), 1009, "/small")
    fails(daemon, ws.frame_head(TEXT, 65537), 1009)
    with begin(daemon.connect(), "/small") as client:
        client.send(ws.binary(b"x" * 1000)).expect(BINARY, b"x" * 1000).leave()


def test_W_9_the_limit_holds_across_fragments(daemon):
    first = ws.binary(b"x" * 600, fin=False)
    for client in everywhere(daemon, "/small"):
        with client:
            client.send(first + ws.frame(CONTINUATION, b"y" * 400)).expect(BINARY, b"x" * 600 + b"y" * 400)
            client.send(first + ws.frame_head(CONTINUATION, 401)).closes(1009)


def test_W_9_fragments_are_counted(daemon):
    part = ws.frame(CONTINUATION, b"", fin=False)
    for client in everywhere(daemon, "/small"):
        with client:
            for _ in range(3):  # four are allowed, in each message, control frames do not count
                client.send(ws.text("a", fin=False) + part + ws.frame(PONG) + part + ws.frame(CONTINUATION, b"b")).expect(TEXT, "ab")
            client.send(ws.text("a", fin=False) + part * 3).send(ws.frame_head(CONTINUATION, 1)).closes(1009)


# ---- closing


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
def test_W_11_codes_are_echoed(daemon, code):
    for client in everywhere(daemon):
        with client:
            client.send(HELLO + ws.close(code, "за всё".encode()) + HELLO).expect(TEXT, "hello").closes(code)


def test_W_11_a_close_without_a_code(daemon):
    for client in everywhere(daemon):
        with client:
            client.send(ws.close()).closes(None)
    with begin(daemon.connect()) as client:
        client.send(ws.close(1000, b"x" * 123)).closes(1000)


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 10000, 65535])
def test_W_11_codes_that_may_not_be_sent(daemon, code):
    fails(daemon, ws.close(code), 1002)
    fails(daemon, ws.close(code, b"why"), 1002)


def test_W_11_half_a_code(daemon):
    fails(daemon, ws.frame(CLOSE, b"\x03"), 1002)


def test_W_8_the_reason_of_a_close(daemon):
    fails(daemon, ws.close(1000, b"\xce\xba\xed\xa0\x80"), 1007)


def test_W_11_a_close_within_a_message(daemon):
    with begin(daemon.connect()) as client:
        client.send(ws.text("never", fin=False) + ws.close(1001)).closes(1001)
