"""WebSocket for the tests, by hand: frames of any kind out, and of the right kind alone in (RFC 6455, RFC 7692)."""

import base64
import hashlib
import os
import struct
import zlib

from wire import PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455's own example
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
TAIL = b"\0\0\xff\xff"  # what permessage-deflate leaves out at a message's end (RFC 7692 §7.2.1)


def head(target="/echo", *fields, host="example.com", key=KEY):
    """A good handshake, with `fields` added."""
    return "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *fields, "", ""])


def masked(payload, key):
    size = len(payload)
    bits = int.from_bytes(payload, "little") ^ int.from_bytes((key * (size // 4 + 1))[:size], "little")
    return bits.to_bytes(size, "little")


def frame_head(opcode, size, fin=True, rsv=0, key=b"\x12\x34\x56\x78", length=None):
    """`length`: bytes that it is written with: 0, 2 or 8; by default the shortest form. `key` None: unmasked."""
    if length is None:
        length = 0 if size < 126 else 2 if size < 65536 else 8
    first, masks = opcode | rsv | (0x80 if fin else 0), 0x80 if key is not None else 0
    if length == 0:
        data = bytes([first, masks | size])
    else:
        data = bytes([first, masks | (126 if length == 2 else 127)]) + size.to_bytes(length, "big")
    return data + (key or b"")


def frame(opcode, payload=b"", **options):
    payload = payload.encode() if isinstance(payload, str) else payload
    key = options.setdefault("key", os.urandom(4))
    return frame_head(opcode, len(payload), **options) + (payload if key is None else masked(payload, key))


def text(payload, **options):
    return frame(TEXT, payload, **options)


def binary(payload, **options):
    return frame(BINARY, payload, **options)


def close(code=None, reason=b"", **options):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason, **options)


def deflated(payload, bits=15, compressor=None):
    """One message's payload; with a compressor that is kept, in the light of its earlier ones."""
    compressor = compressor or zlib.compressobj(wbits=-bits)
    data = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert data.endswith(TAIL)
    return data[:-4]


class Frame:
    def __init__(self, opcode, payload, fin, rsv):
        self.opcode, self.payload, self.fin, self.rsv = opcode, payload, fin, rsv

    def __repr__(self):
        return f"<frame {self.opcode} {len(self.payload)} {self.payload!r:.60} fin={self.fin} rsv={self.rsv}>"


def begin(connection, target="/echo", *fields, host="example.com", early=b""):
    """Shakes hands, with `early` in the same send."""
    key = base64.b64encode(os.urandom(16)).decode()
    connection.send(head(target, *fields, host=host, key=key).encode("latin-1") + early)
    return WebSocket(connection).begun(key)


class WebSocket:
    """A client. What it reads is held against the RFC; `connection` is a Connection of any kind, past the handshake."""

    def __init__(self, connection):
        self.connection = connection
        self.handshake = None

    def begun(self, key=KEY):
        """Reads the answer to a handshake with that key."""
        self.handshake = self.connection.answer()
        assert self.handshake.status == 101, self.handshake
        assert self.handshake["Upgrade"] == "websocket" and self.handshake["Connection"] == "Upgrade"
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert self.handshake["Sec-WebSocket-Accept"] == base64.b64encode(digest).decode()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.connection.socket.close()

    def send(self, data):
        self.connection.send(data)
        return self

    def send_in_pieces(self, data, cuts):
        self.connection.send_in_pieces(data, cuts)
        return self

    def patience(self, seconds=PATIENCE):
        self.connection.socket.settimeout(seconds)
        return self

    def frame(self):
        """The server's next frame: unmasked, its length in the shortest form, control frames whole and short."""
        first, second = self.connection.exactly(2)
        opcode, fin, rsv = first & 0x0F, bool(first & 0x80), first & 0x70
        assert opcode in (0, 1, 2, 8, 9, 10) and not second & 0x80, f"{first:02x} {second:02x}"
        size = second & 0x7F
        if size >= 126:
            assert opcode < 8
            bytes_ = 2 if size == 126 else 8
            size = int.from_bytes(self.connection.exactly(bytes_), "big")
            assert size >= 126 if bytes_ == 2 else 65536 <= size < 1 << 63
        assert opcode < 8 or fin
        return Frame(opcode, self.connection.exactly(size), fin, rsv)

    def expect(self, opcode, payload=b""):
        got = self.frame()
        payload = payload.encode() if isinstance(payload, str) else payload
        assert (got.opcode, got.rsv, got.fin) == (opcode, 0, True) and got.payload == payload, f"{got}, not {payload!r:.80}"
        return self

    def message(self, inflater=None):
        """(opcode, payload) of the next message; pings are answered, pongs passed over. `inflater` keeps the context."""
        while (got := self.frame()).opcode in (PING, PONG):
            if got.opcode == PING:
                self.send(frame(PONG, got.payload))
        assert got.opcode in (TEXT, BINARY), got
        opcode, compressed, payload = got.opcode, got.rsv == RSV1, got.payload
        while not got.fin:
            got = self.frame()
            assert got.opcode == CONTINUATION and got.rsv == 0
            payload += got.payload
        if not compressed:
            return opcode, payload
        inflater = inflater or zlib.decompressobj(wbits=-15)
        return opcode, inflater.decompress(payload + TAIL)

    def close_frame(self):
        """(code, reason) of the close frame that comes next; code None: it says none."""
        got = self.frame()
        assert got.opcode == CLOSE and got.rsv == 0, got
        if not got.payload:
            return None, b""
        return struct.unpack(">H", got.payload[:2])[0], got.payload[2:]

    def closes(self, code, reason=None, ends=("closed",)):
        """The server says `code`, and ends the connection before we do."""
        got, why = self.close_frame()
        assert got == code and reason in (None, why), (got, why)
        assert self.connection.ended() in ends

    def leave(self, code=1000):
        """A close of ours, which is answered."""
        self.send(close(code)).closes(code)
