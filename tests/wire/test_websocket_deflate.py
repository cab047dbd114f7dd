"""permessage-deflate: what is agreed on, what goes over the wire, what a bomb gets (RFC 7692; behaviour.md W-9, W-14)."""

import os
import random
import zlib

import pytest
import ws
from cases import IPV4, UNIX
from conftest import running
from ws import BINARY, CLOSE, CONTINUATION, PING, PONG, RSV1, TEXT, begin

CONFIG = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = []
[[route]]
path = "/echo"
websocket = {{ echo = true, deflate = true }}
[[route]]
path = "/roomy"
websocket = {{ echo = true, deflate = true }}
ws = {{ deflate_memory = "1MiB", message = "4MiB" }}
[[route]]
path = "/none"
websocket = {{ echo = true, deflate = true }}
ws = {{ deflate_memory = "0B" }}
[[route]]
path = "/off"
websocket = {{ echo = true }}
[[route]]
path = "/small"
websocket = {{ echo = true, deflate = true }}
ws = {{ message = "64KiB" }}
"""
NAME = "permessage-deflate"
PHRASE = b"the quick brown fox jumps over the lazy dog, again and again and again. " * 8


@pytest.fixture(name="daemon", scope="module")
def one_for_all(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deflate")
    with running(folder, CONFIG.format(dir=folder)) as daemon:
        yield daemon


def parameters(answer):
    """Of a server's answer, or None."""
    if answer is None:
        return None
    name, *parts = [part.strip() for part in answer.split(";")]
    assert name == NAME and len({part.split("=")[0] for part in parts}) == len(parts), answer
    return {part.partition("=")[0]: int(part.partition("=")[2]) if "=" in part else True for part in parts}


def open_with(daemon, offer=NAME, target="/echo", index=IPV4):
    client = begin(daemon.connect(index), target, *([f"Sec-WebSocket-Extensions: {offer}"] if offer else []))
    client.agreed = parameters(client.handshake["Sec-WebSocket-Extensions"])
    return client


@pytest.mark.parametrize("offer", [
    NAME, f"{NAME}; client_max_window_bits", f"{NAME}; client_max_window_bits=10", f"{NAME}; server_max_window_bits=9",
    f"{NAME}; server_max_window_bits=15; client_max_window_bits=15", f"{NAME}; server_no_context_takeover",
    f"{NAME}; client_no_context_takeover", f"{NAME}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
    f'{NAME}; server_max_window_bits="10"', f"x-other, {NAME}", f"{NAME}; unknown, {NAME}; server_max_window_bits=12",
])
@pytest.mark.parametrize("target", ["/echo", "/roomy", "/none"])
def test_W_14_an_offer_is_met(daemon, offer, target):
    with open_with(daemon, offer, target) as client:
        met = offer.split(", ")[-1].replace('"', "")
        asked = {part.partition("=")[0]: part.partition("=")[2] for part in met.split("; ")[1:]}
        agreed = client.agreed
        assert agreed is not None
        assert set(agreed) <= {"server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "client_max_window_bits"}
        if "server_no_context_takeover" in asked:
            assert agreed.get("server_no_context_takeover") is True, "RFC 7692 §7.1.1.1"
        assert 8 <= agreed.get("server_max_window_bits", 15) <= int(asked.get("server_max_window_bits") or 15), "§7.1.2.1"
        if "client_max_window_bits" not in asked:
            assert "client_max_window_bits" not in agreed, "§7.1.2.2"
        elif asked["client_max_window_bits"]:
            assert agreed.get("client_max_window_bits", 15) <= int(asked["client_max_window_bits"])
        if target == "/none":
            assert agreed["server_no_context_takeover"] and agreed["client_no_context_takeover"]
        if target == "/roomy":
            assert set(agreed) <= set(asked), "nothing less than was offered, where there is memory for it"
        exchange(client)


@pytest.mark.parametrize("offer", [
    f"{NAME}; unknown", f"{NAME}; server_max_window_bits", f"{NAME}; server_max_window_bits=16", f"{NAME}; server_max_window_bits=7",
    f"{NAME}; server_max_window_bits=010", f"{NAME}; client_max_window_bits=16", f"{NAME}; client_max_window_bits=7",
    f"{NAME}; server_no_context_takeover=1", f"{NAME}; client_no_context_takeover; client_no_context_takeover",
    f"{NAME}; client_max_window_bits=x", "x-webkit-deflate-frame", "",
])
def test_W_14_an_offer_that_cannot_be_met_is_declined(daemon, offer):
    with open_with(daemon, offer) as client:
        assert client.agreed is None
        client.send(ws.text(PHRASE)).expect(TEXT, PHRASE)
        client.send(ws.text(PHRASE, rsv=RSV1)).closes(1002)


def test_W_14_who_does_not_compress_agrees_on_nothing(daemon):
    with open_with(daemon, NAME, "/off") as client:
        assert client.agreed is None
        client.send(ws.text(PHRASE, rsv=RSV1)).closes(1002)


def exchange(client, rounds=6):
    """Compressed both ways as was agreed on, in the light of earlier messages or not; what is too short goes as it is."""
    agreed = client.agreed
    bits = agreed.get("client_max_window_bits", 15)
    makes = None if "client_no_context_takeover" in agreed else zlib.compressobj(wbits=-max(bits, 9))
    reads = None if "server_no_context_takeover" in agreed else zlib.decompressobj(wbits=-agreed.get("server_max_window_bits", 15))
    sizes = []
    for number in range(rounds):
        message = b"%d " % number + PHRASE
        client.send(ws.text(ws.deflated(message, max(bits, 9), makes), rsv=RSV1))
        got = client.frame()
        assert got.opcode == TEXT and got.rsv == RSV1, got
        inflater = reads or zlib.decompressobj(wbits=-agreed.get("server_max_window_bits", 15))
        assert inflater.decompress(got.payload + ws.TAIL) == message
        sizes.append(len(got.payload))
        client.send(ws.frame(PING, b"p")).expect(PONG, b"p")
    if reads:
        assert max(sizes[1:]) < sizes[0] / 2, f"the second time it is known: {sizes}"
    else:
        assert max(sizes) - min(sizes) < 8, sizes
    client.send(ws.text("hi")).expect(TEXT, "hi")


@pytest.mark.parametrize("index", [IPV4, UNIX])
@pytest.mark.parametrize("target", ["/roomy", "/none"])
def test_W_14_large_messages_and_random_ones(daemon, index, target):
    with open_with(daemon, NAME + "; client_max_window_bits", target, index) as client:
        makes = None if "client_no_context_takeover" in client.agreed else zlib.compressobj(wbits=-15)
        reads = None if "server_no_context_takeover" in client.agreed else zlib.decompressobj(wbits=-client.agreed.get("server_max_window_bits", 15))
        for size in (0, 1, 63, 64, 65, 1000, 60_000) + ((400_000, 3_000_000) if target == "/roomy" else ()):
            for message in (os.urandom(size), bytes(size), b"ab" * (size // 2)):
                client.send(ws.binary(ws.deflated(message, 15, makes), rsv=RSV1))
                assert client.message(reads) == (BINARY, message)
        client.leave()


def test_W_14_a_compressed_message_in_fragments(daemon):
    """Only the first frame says that it is compressed; cut anywhere, with pings between."""
    for target in ("/roomy", "/none"):
        with open_with(daemon, NAME, target, UNIX) as client:
            takes_over = "client_no_context_takeover" not in client.agreed
            makes = zlib.compressobj(wbits=-15) if takes_over else None
            reads = None if "server_no_context_takeover" in client.agreed else zlib.decompressobj(wbits=-15)
            chance = random.Random(7)
            for _ in range(30):
                data = ws.deflated(PHRASE, 15, makes)
                cuts = sorted(chance.choices(range(len(data) + 1), k=chance.randrange(1, 6)))
                pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]
                out = ws.text(pieces[0], fin=False, rsv=RSV1)
                for number, piece in enumerate(pieces[1:], 2):
                    out += ws.frame(PING, b"x") + ws.frame(CONTINUATION, piece, fin=number == len(pieces))
                client.send(out)
                assert client.message(reads) == (TEXT, PHRASE)


def test_W_14_other_ways_to_compress(daemon):
    """Stored, fixed and empty blocks, several blocks, a final block with what follows it (RFC 7692 §7.2.3)."""
    with open_with(daemon, NAME + "; client_no_context_takeover", "/none") as client:
        stored = b"\x00\x05\x00\xfa\xffHello\x00"
        fixed = bytes.fromhex("f248cdc9c90700")
        final = bytes.fromhex("f348cdc9c9070000")
        two = bytes.fromhex("f248050000 00ffff cac9c90700".replace(" ", ""))
        for payload in (stored, fixed, final, two):
            client.send(ws.text(payload, rsv=RSV1)).expect(TEXT, "Hello")
        client.send(ws.text(b"\x00", rsv=RSV1)).expect(TEXT, "")
        for level in range(10):
            maker = zlib.compressobj(level, wbits=-15)
            client.send(ws.text(ws.deflated(PHRASE, 15, maker), rsv=RSV1))
            assert client.message() == (TEXT, PHRASE)


def test_W_14_a_context_is_used_that_was_promised(daemon):
    """RFC 7692 §7.2.3.2: the second Hello is shorter, and nothing without the first."""
    with open_with(daemon, NAME, "/roomy") as client:
        assert "client_no_context_takeover" not in client.agreed
        client.send(ws.text(bytes.fromhex("f248cdc9c90700"), rsv=RSV1)).expect(TEXT, "Hello")
        client.send(ws.text(bytes.fromhex("f200110000"), rsv=RSV1)).expect(TEXT, "Hello")
    with open_with(daemon, NAME, "/roomy") as client:
        client.send(ws.text(bytes.fromhex("f200110000"), rsv=RSV1)).closes(1007)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_W_14_compressed_control_frames(daemon, opcode):
    with open_with(daemon) as client:
        client.send(ws.frame(opcode, b"", rsv=RSV1)).closes(1002)


def test_W_14_only_the_first_frame_says_compressed(daemon):
    with open_with(daemon) as client:
        client.send(ws.text(ws.deflated(PHRASE), rsv=RSV1, fin=False) + ws.frame(CONTINUATION, b"", rsv=RSV1)).closes(1002)
    with open_with(daemon) as client:
        client.send(ws.text("a", fin=False) + ws.frame(CONTINUATION, b"b", rsv=RSV1)).closes(1002)


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"\x06", b"\x00\x05\x00\x00\x00Hello", ws.deflated(PHRASE)[10:]], ids=bytes.hex)
def test_W_14_what_is_no_deflate(daemon, payload):
    with open_with(daemon, NAME, "/none") as client:
        client.send(ws.text(payload, rsv=RSV1)).closes(1007)


def test_W_8_compressed_text_is_held_to_utf_8(daemon):
    for bad in (b"\xff", b"fine \xed\xa0\x80", b"cut \xf0\x9f"):
        with open_with(daemon) as client:
            client.send(ws.text(ws.deflated(bad), rsv=RSV1)).closes(1007)
    with open_with(daemon, NAME, index=UNIX) as client:  # before the message ends
        client.send(ws.text(ws.deflated(b"fine \xed\xa0\x80 fine"), rsv=RSV1, fin=False)).closes(1007)


def resident(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_W_9_a_bomb_is_stopped_at_the_limit(daemon):
    """60 KB that would be 60 MB, and 12 KB that would be a byte too many: memory for neither."""
    limit = 64 * 1024
    with open_with(daemon, NAME, "/small") as client:
        client.send(ws.binary(ws.deflated(bytes(limit)), rsv=RSV1))
        assert client.message(zlib.decompressobj(wbits=-15)) == (BINARY, bytes(limit))
        client.send(ws.binary(ws.deflated(bytes(limit + 1)), rsv=RSV1)).closes(1009)
    bomb = ws.deflated(bytes(60 * 1024 * 1024))
    assert len(bomb) < limit
    before = resident(daemon)
    for cut in (0, 20, 1000):
        for _ in range(10):
            with open_with(daemon, NAME, "/small") as client:
                if cut:
                    client.send(ws.binary(bomb[:cut], rsv=RSV1, fin=False) + ws.frame(CONTINUATION, bomb[cut:]))
                else:
                    client.send(ws.binary(bomb, rsv=RSV1))
                client.closes(1009)
    assert resident(daemon) - before < 8 * 1024, "KiB"


def test_ws_deflate_memory_bounds_the_windows(daemon):
    """The default has room for smaller windows than 1 MiB, and with none each message stands by itself."""
    offer = NAME + "; client_max_window_bits"
    agreed = {target: open_with(daemon, offer, target).agreed for target in ("/echo", "/roomy", "/none")}
    assert agreed["/roomy"] == {}
    assert agreed["/none"] == {"server_no_context_takeover": True, "client_no_context_takeover": True}
    assert 9 <= agreed["/echo"]["server_max_window_bits"] < 15 and 9 <= agreed["/echo"]["client_max_window_bits"] < 15
