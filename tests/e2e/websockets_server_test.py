"""python3-websockets, from Debian, as a client of flared: echo and hub, with and without compression, over TLS."""

import asyncio
import json
import os
import ssl
import urllib.request

import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from tls import Issuer
from wire import PATIENCE, Daemon

CONFIG = """
[listen.web]
address = "127.0.0.1:0"
[listen.secure]
address = "127.0.0.1:0"
tls = true
{certificate}
[log.access]
to = []
[[route]]
path = "/echo"
websocket = {{ echo = true, deflate = true, subprotocols = ["chat.v2"] }}
ws = {{ message = "4MiB", ping = "500ms", deflate_memory = "1MiB" }}
[[route]]
path = "/plain"
websocket = {{ echo = true }}
ws = {{ message = "4MiB" }}
[[route]]
path = "/strict"
websocket = {{ echo = true, origins = ["https://www.example.com"], origin_required = true }}
ws = {{ message = "1000B" }}
[[route]]
path = "/live/**"
hub = {{ publish = "anyone", history = 100, deflate = true }}
[[route]]
path = "/readonly/**"
hub = {{ publish_token = "0123456789abcdef" }}
"""
MESSAGES = ["", "x", "κόσμε 😀", "a" * 125, "b" * 126, "c" * 65535, "d" * 65536, "again and again " * 20000,
            b"", b"\0\xff", os.urandom(70000), bytes(1 << 20)]
OFFERS = {
    "none": None,
    "plain": ClientPerMessageDeflateFactory(),
    "client bits": ClientPerMessageDeflateFactory(client_max_window_bits=True),
    "client 10": ClientPerMessageDeflateFactory(client_max_window_bits=10),
    "server 9": ClientPerMessageDeflateFactory(server_max_window_bits=9),
    "server 12, client 11": ClientPerMessageDeflateFactory(server_max_window_bits=12, client_max_window_bits=11),
    "server anew": ClientPerMessageDeflateFactory(server_no_context_takeover=True),
    "client anew": ClientPerMessageDeflateFactory(client_no_context_takeover=True),
    "both anew": ClientPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True,
                                                client_max_window_bits=True),
}


@pytest.fixture(name="daemon", scope="module")
def one_for_all(tmp_path_factory):
    folder = tmp_path_factory.mktemp("websockets")
    issued = Issuer(folder / "certs").make("localhost", "DNS:localhost")
    daemon = Daemon(folder, CONFIG.format(certificate=issued.toml("localhost", "default = true")))
    daemon.certificate = issued["localhost.crt"]
    yield daemon
    assert daemon.stop() == 0


def url(daemon, path, scheme="ws"):
    host, port = daemon.address(1 if scheme == "wss" else 0)
    return f"{scheme}://{'localhost' if scheme == 'wss' else host}:{port}{path}"


def opened(where, offer=None, **options):
    options.setdefault("max_size", None)
    return websockets.connect(where, compression=None, extensions=[offer] if offer else None, open_timeout=PATIENCE,
                              close_timeout=PATIENCE, **options)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 2 * PATIENCE))


async def echoes(client):
    for message in MESSAGES * 2:
        await client.send(message)
        assert await client.recv() == message


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("path", ["/echo", "/plain"])
def test_echoes_with_and_without_compression(daemon, path, offer):
    async def talk():
        async with opened(url(daemon, path), offer) as client:
            assert bool(client.extensions) == (offer is not None and path == "/echo")
            await echoes(client)
        assert client.close_code == 1000

    run(talk())


@pytest.mark.parametrize("offer", [None, OFFERS["client bits"]], ids=["plain", "compressed"])
def test_wss(daemon, offer):
    async def talk():
        trusted = ssl.create_default_context(cafile=daemon.certificate)
        async with opened(url(daemon, "/echo", "wss"), offer, ssl=trusted) as client:
            await echoes(client)

    run(talk())


@pytest.mark.parametrize("offer", [None, OFFERS["client bits"]], ids=["plain", "compressed"])
def test_fragments(daemon, offer):
    async def talk():
        async with opened(url(daemon, "/echo"), offer) as client:
            for pieces in (["a", "b", "c"], ["κόσ", "με"], [b"\0" * 1000] * 100, ["", "x", ""], ["again " * 1000] * 10):
                await client.send(iter(pieces))
                assert await client.recv() == pieces[0][:0].join(pieces)

    run(talk())


def test_many_at_once(daemon):
    async def talk():
        async with opened(url(daemon, "/echo"), OFFERS["client bits"]) as client:
            count = 2000

            async def send():
                for number in range(count):
                    await client.send(f"{number} " * (number % 50))

            sending = asyncio.create_task(send())
            for number in range(count):
                assert await client.recv() == f"{number} " * (number % 50)
            await sending

    run(talk())


def test_pings_both_ways(daemon):
    async def talk():
        async with opened(url(daemon, "/echo"), ping_interval=None) as client:
            for payload in (b"", b"x", b"y" * 125):
                await (await client.ping(payload))
            await client.ping(b"a")
            await (await client.ping(b"b"))
            pinged = asyncio.get_running_loop().create_future()
            answer = client.pong

            async def pong(data=b""):
                await answer(data)
                if not pinged.done():
                    pinged.set_result(data)

            client.pong = pong  # what it calls for a ping of ours, of which there is one after half a second
            await pinged
            await client.send("x")
            assert await client.recv() == "x"

    run(talk())


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1008, 1011, 3000, 4999])
def test_our_close_is_echoed(daemon, code):
    async def talk():
        client = await opened(url(daemon, "/echo"))
        await client.close(code, "почему")
        assert client.close_code == code and client.close_rcvd.code == code and client.close_rcvd_then_sent is False

    run(talk())


def test_closes_of_the_servers(daemon):
    async def talk():
        async with opened(url(daemon, "/strict"), origin="https://www.example.com") as client:
            await client.send("x" * 1001)
            with pytest.raises(websockets.ConnectionClosedError) as ended:
                await client.recv()
            assert ended.value.rcvd.code == 1009
        async with opened(url(daemon, "/readonly/a")) as client:
            await client.send("may I?")
            with pytest.raises(websockets.ConnectionClosedError) as ended:
                await client.recv()
            assert ended.value.rcvd.code == 1008

    run(talk())


def test_refusals(daemon):
    async def talk():
        for origin in (None, "https://evil.example.net"):
            with pytest.raises(websockets.InvalidStatusCode) as refused:
                await opened(url(daemon, "/strict"), origin=origin)
            assert refused.value.status_code == 403
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            await opened(url(daemon, "/nothing-here"))
        assert refused.value.status_code == 404

    run(talk())


def test_subprotocols(daemon):
    async def talk():
        async with opened(url(daemon, "/echo"), subprotocols=["chat.v3", "chat.v2"]) as client:
            assert client.subprotocol == "chat.v2"
        async with opened(url(daemon, "/echo"), subprotocols=["chat.v3"]) as client:
            assert client.subprotocol is None

    run(talk())


@pytest.mark.parametrize("name", OFFERS)
def test_a_hub(daemon, name):
    """Two clients talk; a third comes later, and hears it all from the history."""
    topic, offer = "/live/" + name.replace(" ", "-").replace(",", ""), OFFERS[name]

    def post(text):
        host, port = daemon.address()
        with urllib.request.urlopen(f"http://{host}:{port}{topic}", data=text.encode(), timeout=PATIENCE) as answer:
            return json.load(answer)

    async def talk():
        said = ["hello", "again and again " * 100, "κόσμε" * 1000, "x" * 60000, ""]
        async with opened(url(daemon, topic), offer) as one, opened(url(daemon, topic)) as two:
            for number, text in enumerate(said):
                await (one if number % 2 else two).send(text)
                assert await one.recv() == text and await two.recv() == text
            receipt = await asyncio.to_thread(post, "posted")
            assert receipt["subscribers"] == 2
            assert await one.recv() == "posted" and await two.recv() == "posted"
            async with opened(url(daemon, topic), offer) as late:
                for text in [*said, "posted"]:
                    assert await late.recv() == text

    run(talk())
