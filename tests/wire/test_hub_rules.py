"""Who may publish to a hub, methods and contents, limits, origins."""

import pytest
import ws
from hub import TOKEN, await_presence, presence, publisher_of, sse, statuses
from ws import PING, TEXT, begin


# ---- who may publish


def test_the_token_lets_publish(hub):
    daemon = hub('publish_token = "@env:HUB_TOKEN", presence = true', HUB_TOKEN=TOKEN)
    with begin(daemon.connect(), "/live/a") as session, publisher_of(daemon, TOKEN) as publisher:
        await_presence(daemon, "/live/a", 1)
        number, subscribers = publisher.post("/live/a", "with the token")
        assert number > 0 and subscribers == 1
        session.expect(TEXT, "with the token")
        for scheme in ("bearer", "BEARER"):
            assert publisher_of(daemon).ask("/live/a", "x", f"Authorization: {scheme} {TOKEN}").status == 200
            session.expect(TEXT, "x")
        with begin(daemon.connect(), "/live/a", f"Authorization: Bearer {TOKEN}") as talker:
            talker.send(ws.text("me too")).expect(TEXT, "me too")
            session.expect(TEXT, "me too")
            talker.leave()


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer x{TOKEN[1:]}",
                                           TOKEN, f"Basic {TOKEN}", f"Bearer{TOKEN}", f"Bearer {TOKEN.upper()}", "Bearer \"\""])
def test_without_the_token_401_and_1008(hub, authorization):
    daemon = hub(f'publish_token = "{TOKEN}", history = 5')
    fields = [f"Authorization: {authorization}"] if authorization is not None else []
    answer = publisher_of(daemon).ask("/live/a", "x", *fields)
    assert answer.status == 401 and answer["WWW-Authenticate"] == "Bearer"
    with begin(daemon.connect(), "/live/a", *fields) as reader, publisher_of(daemon, TOKEN) as publisher:
        publisher.post("/live/a", "first")
        reader.expect(TEXT, "first")  # reading it may
        reader.send(ws.frame(PING)).expect(ws.PONG)
        reader.send(ws.text("y"))
        code, _ = reader.close_frame()
        assert code == 1008
        reader.send(ws.close(1008))
        assert reader.connection.ended() == "closed"
        with sse(daemon, "/live/a") as events:
            publisher.post("/live/a", "last")
            assert [events.event().data for _ in range(2)] == [b"first", b"last"], "neither x nor y was published"
    assert (401, "hub_token") in statuses(daemon)


def test_anyone_may_publish(hub):
    daemon = hub()
    assert publisher_of(daemon).post("/live/a", "x")[1] == 0
    assert publisher_of(daemon).ask("/live/a", "x", "Authorization: Bearer whatever").status == 200
    with begin(daemon.connect(), "/live/a") as session:
        session.send(ws.text("y")).expect(TEXT, "y").leave()


# ---- other methods and contents


def test_methods(hub):
    daemon = hub('publish = "anyone", presence = true')
    for method in ("DELETE", "PUT", "PATCH"):
        answer = daemon.get("/live/a", "Content-Length: 0\r\n", method=method)
        assert answer.status == 405 and {"GET", "HEAD", "POST", "OPTIONS"} == set(answer["Allow"].split(", "))
    answer = daemon.get("/live/a", method="OPTIONS")
    assert answer.status == 204 and {"GET", "HEAD", "POST", "OPTIONS"} == set(answer["Allow"].split(", "))
    assert daemon.get("/live/a").body == b'{"subscribers":0}\n'
    assert daemon.get("/live/a", method="HEAD").status == 200


def test_presence_counts_subscribers_of_both_kinds(hub):
    daemon = hub('publish = "anyone", presence = true', workers=2)
    assert presence(daemon, "/live/a") == 0
    clients = [begin(daemon.connect(), "/live/a") for _ in range(4)] + [sse(daemon, "/live/a") for _ in range(4)]
    await_presence(daemon, "/live/a", 8)
    assert presence(daemon, "/live/b") == 0
    for left, client in zip(range(7, -1, -1), clients):
        client.connection.socket.close()
        await_presence(daemon, "/live/a", left)


def test_what_is_posted_is_text_in_utf_8_unless_it_says_otherwise(hub):
    daemon = hub('publish = "anyone", history = 10')
    publisher = publisher_of(daemon)
    for bad in (b"\xff", b"cut \xe2\x82", b"\xed\xa0\x80"):
        for kind in ([], ["Content-Type: text/plain"], ["Content-Type: application/json"]):
            assert publisher.ask("/live/a", bad, *kind).status == 400
        for kind in ("application/octet-stream", "Application/Octet-Stream", "application/octet-stream; x=y"):
            assert publisher.ask("/live/a", bad, f"Content-Type: {kind}").status == 200, kind
    publisher.post("/live/a", "text")
    with sse(daemon, "/live/a") as events:
        assert [events.event().kind for _ in range(10)] == ["binary"] * 9 + ["message"]


def test_ws_message_bounds_what_is_posted_and_sent(hub):
    daemon = hub(session='message = "1000B"')
    with begin(daemon.connect(), "/live/a") as session, publisher_of(daemon) as publisher:
        session.send(ws.text("x" * 1000)).expect(TEXT, "x" * 1000)
        publisher.post("/live/a", "y" * 1000)
        session.expect(TEXT, "y" * 1000)
        assert publisher_of(daemon).ask("/live/a", "y" * 1001).status == 413
        session.send(ws.frame_head(TEXT, 1001)).closes(1009)


def test_a_chunked_post(hub):
    daemon = hub('publish = "anyone", history = 1')
    answer = daemon.ask("POST /live/a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert answer.status == 200
    with sse(daemon, "/live/a") as events:
        assert events.event().data == b"abcde"


# ---- limits


def test_hub_topics_bounds_how_many_are_in_use(hub):
    daemon = hub('publish = "anyone", topics = 2, presence = true')
    first, second = begin(daemon.connect(), "/live/a"), sse(daemon, "/live/b")
    await_presence(daemon, "/live/b", 1)
    for request in (ws.head("/live/c"), "GET /live/c HTTP/1.1\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n"):
        answer = daemon.ask(request)
        assert answer.status == 503 and answer["Retry-After"] is not None
    assert publisher_of(daemon).ask("/live/c", "x").status == 503
    assert publisher_of(daemon).post("/live/b", "those that exist go on")[1] == 1
    assert second.event().data == b"those that exist go on"
    first.leave()
    await_presence(daemon, "/live/a", 0)
    begin(daemon.connect(), "/live/c").leave()
    second.connection.socket.close()
    assert statuses(daemon).count((503, "hub_topics")) == 3


def test_hub_topics_of_those_with_a_history_the_oldest_make_room(hub):
    daemon = hub('publish = "anyone", topics = 2, history = 5')
    with publisher_of(daemon) as publisher:
        for topic in ("a", "b", "c"):
            publisher.post(f"/live/{topic}", topic)
        with sse(daemon, "/live/c") as events:
            assert events.event().data == b"c"
        with sse(daemon, "/live/b") as events:
            assert events.event().data == b"b"


def test_hub_subscribers_bounds_those_of_a_topic(hub):
    daemon = hub('publish = "anyone", subscribers = 2, presence = true', workers=2)
    clients = [begin(daemon.connect(), "/live/a"), sse(daemon, "/live/a")]
    await_presence(daemon, "/live/a", 2)
    for request in (ws.head("/live/a"), "GET /live/a HTTP/1.1\r\nHost: example.com\r\nAccept: text/event-stream\r\n\r\n"):
        answer = daemon.ask(request)
        assert answer.status == 503 and answer["Retry-After"] is not None
    begin(daemon.connect(), "/live/b").leave()
    assert publisher_of(daemon).post("/live/a", "x")[1] == 2
    clients[0].expect(TEXT, "x").leave()
    await_presence(daemon, "/live/a", 1)
    begin(daemon.connect(), "/live/a").leave()
    clients[1].connection.socket.close()
    assert statuses(daemon).count((503, "hub_subscribers")) == 2


def test_a_bad_handshake_is_told_so_although_the_topic_is_full(hub):
    """It would not have been let in anyway, and is not to come again in a second."""
    daemon = hub('publish = "anyone", subscribers = 1, presence = true')
    with begin(daemon.connect(), "/live/a"):
        await_presence(daemon, "/live/a", 1)
        for fields, status in (("Upgrade: websocket\r\nConnection: Upgrade\r\n", 400),
                               ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n", 426)):
            assert daemon.get("/live/a", fields).status == status
        assert daemon.ask(ws.head("/live/a", "Origin: https://evil.example.net")).status == 403


# ---- origins, subprotocols


def test_W_3_origins_of_a_hub(hub):
    daemon = hub('publish = "anyone", origins = ["https://www.example.com"], origin_required = true, subprotocols = ["x.v1"]')
    for origin, status in (("https://www.example.com", 101), ("http://example.com", 403), (None, 403)):
        fields = [f"Origin: {origin}"] if origin else []
        answer = daemon.ask(ws.head("/live/a", "Sec-WebSocket-Protocol: y, x.v1", *fields))
        assert answer.status == status and answer["Sec-WebSocket-Protocol"] == ("x.v1" if status == 101 else None)
    assert statuses(daemon) == [(101, None), (403, "ws_origin"), (403, "ws_origin")]
