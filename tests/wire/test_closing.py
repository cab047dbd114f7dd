"""A close never costs the client an answer (H-16, H-17; RFC 9112 section 9.6)."""

import pytest

CONFIG = """
[server]
workers = 1
[listen.web]
address = ["127.0.0.1:0", "unix:{dir}/web.sock"]
[log.access]
to = []
[limits]
keepalive_requests = 3
[[route]]
path = "/small"
respond = {{ text = "small" }}
[[route]]
path = "/large"
respond = {{ text = "{large}" }}
"""


def get(target, version="1.1", fields=""):
    return f"GET {target} HTTP/{version}\r\nHost: example.com\r\n{fields}\r\n"


@pytest.mark.parametrize("target,size", [("/small", 5), ("/large", 40_000)])
def test_H_16_H_17_a_pipeline_behind_the_last_answer_does_not_reset_it(start, tmp_path, target, size):
    """Far more than one read: the server closes while the kernel holds requests that nobody will read."""
    daemon = start(CONFIG.format(dir=tmp_path, large="x" * 40_000))
    behind = get(target) * 4000
    for index in (0, 1):
        for requests, count in ((get(target) * 3, 3), (get(target, fields="Connection: close\r\n"), 1), (get(target, "1.0"), 1)):
            with daemon.connect(index) as connection:
                connection.send(requests + behind)
                answers = [connection.answer() for _ in range(count)]
                assert [len(answer.body) for answer in answers] == [size] * count and answers[-1]["Connection"] == "close"
                assert connection.ended() == "closed", "a reset could have taken the answers along"
