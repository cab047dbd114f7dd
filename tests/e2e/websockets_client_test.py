"""The library's WebSocket client (examples/websocket_client.cc) against a server of python3-websockets."""

import asyncio
import os
import subprocess
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

CLIENT = os.environ["WEBSOCKET_CLIENT"]
PATIENCE = 60  # seconds; under a sanitizer build's load


class Server:
    """What the handler saw of its last session."""

    def __init__(self, port):
        self.url = f"ws://127.0.0.1:{port}/"
        self.done = asyncio.Event()
        self.connection = None


@asynccontextmanager
async def serving(handler, **options):
    server = None

    async def serve(connection):
        server.connection = connection
        try:
            await handler(connection)
            await connection.wait_closed()
        finally:
            server.done.set()

    options.setdefault("compression", None)
    async with websockets.serve(serve, "127.0.0.1", 0, **options) as listening:
        server = Server(listening.sockets[0].getsockname()[1])
        yield server


async def run_client(server, lines, *arguments):
    """Its exit status, what it printed line by line, and its errors."""
    process = await asyncio.create_subprocess_exec(
        CLIENT, server.url, *arguments,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = "".join(line + "\n" for line in lines).encode()
    out, err = await asyncio.wait_for(process.communicate(text), PATIENCE)
    return process.returncode, out.decode().splitlines(), err.decode()


async def talk(handler, lines, *arguments, **options):
    async with serving(handler, **options) as server:
        status, out, err = await run_client(server, lines, *arguments)
        assert status == 0, err
        await asyncio.wait_for(server.done.wait(), PATIENCE)
        return out, server.connection


async def echo(connection):
    async for message in connection:
        await connection.send(message)


LINES = ["hello", "hello", "caf\u00e9 \u2603 \U0001f600", "", "x" * 1000, "y" * 200_000, "hello " * 30_000, "hello"]


def test_messages_come_back_and_the_close_handshake_is_complete():
    out, connection = asyncio.run(talk(echo, LINES, max_size=None))
    assert out == [*LINES, "closed: 1000 "]
    assert (connection.close_code, connection.close_reason) == (1000, "")
    assert connection.extensions == []


@pytest.mark.parametrize("ours", [False, True])
@pytest.mark.parametrize("theirs", [False, True])
def test_messages_are_compressed_with_and_without_context_takeover(ours, theirs):
    factory = ServerPerMessageDeflateFactory(server_no_context_takeover=theirs, client_no_context_takeover=ours)
    out, connection = asyncio.run(talk(echo, LINES, "--deflate", extensions=[factory], max_size=None))
    assert out == [*LINES, "closed: 1000 "]
    (deflate,) = connection.extensions
    assert deflate.local_no_context_takeover or not theirs
    assert deflate.remote_no_context_takeover or not ours


def test_who_offers_no_compression_gets_none():
    out, connection = asyncio.run(talk(echo, ["hello"], extensions=[ServerPerMessageDeflateFactory()]))
    assert out == ["hello", "closed: 1000 "]
    assert connection.extensions == []


async def echo_in_fragments(connection):
    async for message in connection:
        await connection.send([message[at:at + 3] for at in range(0, len(message), 3)])


@pytest.mark.parametrize("arguments", [[], ["--deflate"]])
def test_fragments_are_one_message(arguments):
    lines = ["abcdefgh", "caf\u00e9 \u2603 \U0001f600", "z" * 3000, "a"]
    out, _ = asyncio.run(talk(echo_in_fragments, lines, *arguments, extensions=[ServerPerMessageDeflateFactory()]))
    assert out == [*lines, "closed: 1000 "]


async def ping_and_echo(connection):
    async for message in connection:
        for payload in (b"", b"p" * 125):
            await asyncio.wait_for(await connection.ping(payload), PATIENCE)
        await connection.send(message.encode())


def test_pings_are_answered_while_it_waits():
    out, _ = asyncio.run(talk(ping_and_echo, ["one", "three"]))
    assert out == ["3 bytes", "5 bytes", "closed: 1000 "]


@pytest.mark.parametrize("code, reason", [(1000, ""), (1001, "going away"), (1011, "caf\u00e9"), (4000, "r" * 123)])
def test_it_hears_why_the_server_closes(code, reason):
    async def close(connection):
        await connection.recv()
        await connection.close(code, reason)

    out, connection = asyncio.run(talk(close, ["one", "two"]))
    assert out == [f"closed: {code} {reason}"]
    assert connection.close_code == code


def test_a_refusal_says_its_status():
    async def refuse(_path, _headers):
        return HTTPStatus.FORBIDDEN, [("X-Why", "members only")], b"no"

    async def check():
        async with serving(echo, process_request=refuse) as server:
            return await run_client(server, ["one"])

    status, out, err = asyncio.run(check())
    assert (status, out) == (1, [])
    assert "403 Forbidden" in err
