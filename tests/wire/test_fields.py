"""Header fields and their limits: H-6, H-7, H-8 of behaviour.md."""

import pytest
from cases import GET, accepted, each, final, get, head, is_token, logged_reasons, refused, statuses
from wire import SOURCE

FIELDS = [(get(field), 400, why) for field, why in [
    ("X : a", "bad_header_name"), ("X\t: a", "bad_header_name"), (" X: a", "obs_fold"), ("\tfolded", "obs_fold"), ("X: a\r\n b", "obs_fold"),
    ("X: a\r\n\tb", "obs_fold"), ("X:\r\n a", "obs_fold"), (" ", "obs_fold"), (": empty", "bad_header_name"), (":", "bad_header_name"), ("X(: a", "bad_header_name"),
    ("X", "bad_header_name"), ("X y: a", "bad_header_name"), ("X: a\0b", "bad_header_value"), ("X: a\x01b", "bad_header_value"), ("X: a\x7fb", "bad_header_value"),
    ("X: \x1b[31m", "bad_header_value"), ("X: a\x0bb", "bad_header_value"), ("X\0: a", "bad_header_name"), ("X\x80: a", "bad_header_name"),
    ("Host : example.com", "bad_header_name"), ("Content-Length : 5", "bad_header_name"), ('"X": a', "bad_header_name"), ("X: a\rY: b", "bad_line_ending"),
]]
FIRST_LINES = [(head("GET /plaintext HTTP/1.1", " X: a", "Host: example.com"), 400, "obs_fold"), (head("GET /plaintext HTTP/1.1", " Host: example.com"), 400, "obs_fold"),
               (head("GET /plaintext HTTP/1.1", "Host: example.com\r\n .net"), 400, "obs_fold"), (head("GET /plaintext HTTP/1.1", "Host:\r\n example.com"), 400, "bad_host")]
HOSTS = [(head("GET /plaintext HTTP/1.1", *fields), 400, why) for fields, why in [
    ([], "missing_host"), (["X-Host: example.com"], "missing_host"), (["Hos: example.com"], "missing_host"), (["Hosts: example.com"], "missing_host"),
    (["Host: a", "Host: a"], "duplicate_host"), (["Host: a", "Host: b"], "duplicate_host"), (["Host: a", "hOST: a"], "duplicate_host"),
    (["Host: a", "X: y", "Host: b"], "duplicate_host"), *[([f"Host:{value}"], "bad_host") for value in (
        "", "  ", " a b", " a\tb", " a/b", " a@b", " user:secret@a", " [::1", " ::1", " [::1]x", " [1::2::3]", " [127.0.0.1]", " []", " a:b", " a:99999", " a:65536",
        " a:-1", " a:+1", " a:1:2", " a:80 80", " a?b", " a#b", " a\\b", " a%", " a%zz", " :80", " \xe9xample.com", ' "a"', " a<b", " a|b", " a^b", " a`b", " {a}")],
]]
LIMITS = [
    (head("GET /" + "a" * 2048 + " HTTP/1.1", "Host: example.com"), 414, "uri_bytes"), (head("GET /?" + "a" * 2047 + " HTTP/1.1", "Host: example.com"), 414, "uri_bytes"),
    (head("GET http://example.com/" + "a" * 2048 + " HTTP/1.1", "Host: example.com"), 414, "uri_bytes"), (get("X: " + "a" * 9000), 431, "header_bytes"),
    (get("X" * 9000 + ": a"), 431, "header_bytes"), (get("X:" + " " * 9000 + "a"), 431, "header_bytes"), (get("X: a" + " " * 9000), 431, "header_bytes"),
    (get(*[f"X: {'a' * 1000}"] * 9), 431, "header_bytes"), (get(*["X: a"] * 20), 431, "header_count"), (get(*["a:"] * 200), 431, "header_count"),
]


@each(FIELDS + FIRST_LINES)
def test_H_6_field_syntax(plain, case):
    refused(plain, *case[:2])


def test_H_6_obs_text_and_tabs_in_values_are_opaque(plain):
    accepted(plain, get("X: caf\xe9\tb", "Y:", "Z:   z  ", "W:\t\tw\t", "V: \"a, b\" ; c=(d) \\ :"))


def test_H_6_only_token_characters_make_a_name(plain):
    for byte, status in enumerate(statuses(plain, [get(f"X{chr(byte)}Y: a") for byte in range(256)])):
        assert status == (200 if is_token(chr(byte)) or byte == ord(":") else 400), byte


def test_H_6_no_control_character_but_tab_is_in_a_value(plain):
    for byte, status in enumerate(statuses(plain, [get(f"X: a{chr(byte)}b") for byte in range(256)])):
        assert status == (400 if byte < 0x20 and byte != 9 or byte == 0x7f else 200), byte
    for byte, status in enumerate(statuses(plain, [get(f"X: a{chr(byte)}") for byte in range(256)])):
        assert status == (400 if byte < 0x20 and byte != 9 or byte == 0x7f else 200), f"{byte} at the end"


def test_H_6_values_are_compared_as_bytes_without_the_blanks_around_them(start):
    daemon = start('[listen.web]\naddress = "127.0.0.1:0"\n[[route]]\npath = "/"\nrespond = { text = "plain" }\n'
                   '[[route]]\npath = "/"\nheader = { X = "caf\u00e9" }\nrespond = { text = "matched" }\n')
    for field in ("X: caf\xc3\xa9", "x:caf\xc3\xa9", "X: \t caf\xc3\xa9 \t", "X: a\r\nX: caf\xc3\xa9"):
        assert daemon.get("/", field + "\r\n").body == b"matched", field
    for field in ("X: caf\xe9", "X: CAF\xc3\xa9", "X: caf\xc3\xa9 x", "X: caf\xc3\xa9\xa0", "X-X: caf\xc3\xa9"):
        assert daemon.get("/", field + "\r\n").body == b"plain", field


@each(LIMITS)
def test_H_7_limits_on_the_head(plain, case):
    refused(plain, *case[:2])


def test_H_7_what_is_just_within_the_limits_is_served(plain):
    accepted(plain, head("GET /plaintext?" + "a" * (2048 - 11) + " HTTP/1.1", "Host: example.com"))
    accepted(plain, get(*["X: a"] * 19))
    accepted(plain, get("X: " + "a" * (8192 - len(get("X: ")))))
    accepted(plain, "\r\n" + get("X: " + "a" * (8190 - len(get("X: ")))))


def test_H_7_one_byte_more_is_not(plain):
    refused(plain, head("GET /plaintext?" + "a" * (2049 - 11) + " HTTP/1.1", "Host: example.com"), 414)
    refused(plain, get("X: " + "a" * (8193 - len(get("X: ")))), 431)


@pytest.mark.parametrize("part,status", [
    ("GET /" + "a" * 3000, 414), ("GET /?" + "a" * 3000, 414), ("GET / HTTP/1.1\r\nHost: example.com\r\nX: " + "a" * 9000, 431),
    ("GET / HTTP/1.1\r\nHost: example.com\r\n" + "X" * 9000, 431), ("GET / HTTP/1.1\r\nHost: example.com\r\n" + "X: a\r\n" * 20, 431),
])
def test_H_7_limits_hold_before_the_head_is_complete(plain, part, status):
    for index in range(3):
        for before in ("", GET):
            with plain.connect(index) as connection:
                connection.send(before + part)
                assert not before or connection.answer().status == 200
                answer = connection.answer()
                assert (answer.status, answer["Connection"]) == (status, "close") and connection.ended() == "closed"


def test_H_7_the_reason_names_the_key(one_worker):
    keys = (SOURCE / "docs/config.md").read_text()
    assert all(f"`limits.{why}`" in keys for _, _, why in LIMITS)
    logged_reasons(one_worker, LIMITS)


@each(HOSTS)
def test_H_8_host_must_be_one_and_valid(plain, case):
    refused(plain, *case[:2])


@pytest.mark.parametrize("host", [
    "a", "a:80", "a:", "a:0", "a:65535", "[::1]", "[::1]:8080", "[::ffff:192.0.2.1]", "127.0.0.1", "EXAMPLE.com.", "a-b_c.d~e", "a%20b", "a!$&'()*+,;=b", "-", "1",
])
def test_H_8_valid_hosts(plain, host):
    accepted(plain, head("GET /plaintext HTTP/1.1", f"Host: {host}"))


def test_H_8_host_may_be_missing_in_1_0(plain):
    assert final(plain, head("GET /plaintext HTTP/1.0")).status == 200
    accepted(plain, head("GET /plaintext HTTP/1.0", "Connection: keep-alive"))
    refused(plain, head("GET /plaintext HTTP/1.0", "Host: a", "Host: a"), 400)
    refused(plain, head("GET /plaintext HTTP/1.0", "Host: a b"), 400)


def test_H_6_H_8_reasons(one_worker):
    logged_reasons(one_worker, FIELDS + FIRST_LINES + HOSTS)
