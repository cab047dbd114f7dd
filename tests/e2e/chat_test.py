"""The chat of conf/examples/chat.toml in a real browser: two windows of a headless Chromium talk to each other."""

import asyncio
import itertools
import json
import re
import subprocess

import pytest
import websockets

from wire import SOURCE, Daemon

PATIENCE = 120  # seconds; a browser under a sanitizer build's load is slow, never this slow

CONFIG = (SOURCE / "conf/examples/chat.toml").read_text()


@pytest.fixture
def daemon(tmp_path):
    text = CONFIG.replace('address = ":8080"', 'address = "127.0.0.1:0"').replace("../chat", str(SOURCE / "conf/chat"))
    daemon = Daemon(tmp_path, text + '[log.access]\nto = ["stdout"]\n')
    yield daemon
    assert daemon.stop() == 0, daemon.errors()


@pytest.fixture
def browser(tmp_path):
    """The address that its developer tools listen on. It reaches no host but the daemon's."""
    process = subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={tmp_path}/profile",
         "--remote-debugging-port=0", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
    )
    address = None
    for line in process.stderr:
        if found := re.search(r"DevTools listening on (ws://\S+)", line):
            address = found[1]
            break
    assert address, "Chromium has ended"
    yield address
    process.terminate()
    process.communicate(timeout=PATIENCE)


class Refused(Exception):
    """What the developer tools would not do."""


class Tools:
    """Chromium's developer tools: one command after the other."""

    def __init__(self, socket):
        self.socket = socket
        self.ids = itertools.count(1)

    async def call(self, method, session=None, **parameters):
        number = next(self.ids)
        command = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        await self.socket.send(json.dumps(command))
        while True:
            answer = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            if answer.get("id") == number:
                if "error" in answer:
                    raise Refused(answer["error"]["message"])
                return answer["result"]

    async def open(self, url):
        target = await self.call("Target.createTarget", url=url)
        return (await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]

    async def run(self, window, script):
        result = await self.call("Runtime.evaluate", window, expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, window, condition):
        """Until that holds in the page."""
        look = (f"let holds = false; try {{ holds = {condition}; }} catch {{}} holds ? done() : setTimeout(look, 20);")
        while True:
            try:
                return await self.run(window, f"new Promise((done) => {{ const look = () => {{ {look} }}; look(); }})")
            except Refused as refused:
                assert "context was destroyed" in str(refused)  # the page before this one

    async def say(self, window, name, text):
        await self.run(window, f"(byId('name').value = {json.dumps(name)}, byId('text').value = {json.dumps(text)}, "
                               "byId('form').requestSubmit())")

    async def lines(self, window):
        return await self.run(window, "[...document.querySelectorAll('#messages li')].map((line) => line.textContent)")


HERE = "document.readyState === 'complete' && /here/.test(byId('state').textContent)"


def shown(count):
    return f"document.querySelectorAll('#messages li').length >= {count}"


async def talk(address, url):
    async with websockets.connect(address, max_size=None, compression=None) as socket:
        tools = Tools(socket)
        ann = await tools.open(url)
        await tools.until(ann, HERE)
        await tools.say(ann, "Ann", "anybody here?")
        await tools.until(ann, shown(1))

        ben = await tools.open(url)
        await tools.until(ben, shown(1))
        assert await tools.lines(ben) == ["Annanybody here?"], "who comes later hears what was said"
        await tools.until(ben, "byId('state').textContent === '2 here'")
        await tools.say(ben, "Ben", "<b>me</b> – ☃")
        for window in (ann, ben):
            await tools.until(window, shown(2))
            assert await tools.lines(window) == ["Annanybody here?", "Ben<b>me</b> – ☃"], "words are words, not markup"

        elsewhere = await tools.open(url + "?room=kitchen")
        await tools.until(elsewhere, HERE)
        await tools.say(ann, "Ann", "bye")
        await tools.until(ben, shown(3))
        assert await tools.lines(elsewhere) == [], "another room is another topic"


def test_two_windows_talk_to_each_other(daemon, browser):
    host, port = daemon.address()
    asyncio.run(talk(browser, f"http://{host}:{port}/"))
