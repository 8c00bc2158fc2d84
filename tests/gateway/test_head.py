from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.envelope import Answer
from remuda.gateway.head import HOP_BY_HOP, Hop, Outbound, RequestHead, read_head, request_bytes

HOST = (b"Host", b"gateway")
HOP = Hop("192.0.2.1", b"127.0.0.1:9000", b"/base")


def read(*fields: tuple[bytes, bytes], version: str = "1.1", target: bytes = b"/v1/x") -> RequestHead | Answer:
    return read_head(b"POST", target, version, fields)


def good(*fields: tuple[bytes, bytes], version: str = "1.1", target: bytes = b"/v1/x") -> RequestHead:
    head = read(*fields, version=version, target=target)
    assert isinstance(head, RequestHead), head
    return head


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ((), 0),
        (((b"Content-Length", b"0"),), 0),
        (((b"content-length", b"17 "),), 17),
        (((b"CONTENT-LENGTH", b"017"),), 17),
        (((b"Transfer-Encoding", b"chunked"),), None),
        (((b"transfer-encoding", b" Chunked\t"),), None),
    ],
)
def test_a_body_has_a_length_or_is_chunked(fields: tuple[tuple[bytes, bytes], ...], length: int | None) -> None:
    assert good(HOST, *fields).length == length


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Content-Length", b"1"), (b"Content-Length", b"2")],
        [(b"Content-Length", b"1"), (b"content-length", b"1")],
        [(b"Content-Length", b"1, 1")],
        [(b"Content-Length", b"+1")],
        [(b"Content-Length", b"-1")],
        [(b"Content-Length", b"1_0")],
        [(b"Content-Length", b"0x1")],
        [(b"Content-Length", b"1.0")],
        [(b"Content-Length", b"")],
        [(b"Content-Length", "\u0661".encode())],
        [(b"Content-Length", b"9" * 30)],
        [(b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"chunked, chunked")],
        [(b"Transfer-Encoding", b"chunked;q=1")],
        [(b"Transfer-Encoding", b"identity")],
        [(b"Transfer-Encoding", b"\x0bchunked")],
        [(b"Transfer-Encoding", b"")],
        [(b"Host", b"other")],
        [(b"Authorization", b"Bearer a"), (b"Authorization", b"Bearer b")],
        [(b"X-Api-Key", b"a"), (b"X-Api-Key", b"b")],
        [(b"Content-Type", b"multipart/form-data; boundary=a"), (b"Content-Type", b"text/plain")],
    ],
)
def test_an_ambiguous_head_is_refused(fields: list[tuple[bytes, bytes]]) -> None:
    answer = read(HOST, *fields)
    assert isinstance(answer, Answer)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("fields", "version", "target", "status"),
    [
        ([], "1.1", b"/", 400),
        ([HOST, (b"Transfer-Encoding", b"chunked")], "1.0", b"/", 400),
        ([HOST], "0.9", b"/", 505),
        ([HOST], "2.0", b"/", 505),
        ([HOST], "1.1", b"*", 400),
        ([HOST], "1.1", b"host:80", 400),
        ([HOST, (b"Expect", b"200-ok")], "1.1", b"/", 417),
    ],
)
def test_a_head_outside_of_http_1_is_refused(
    fields: list[tuple[bytes, bytes]], version: str, target: bytes, status: int
) -> None:
    answer = read(*fields, version=version, target=target)
    assert isinstance(answer, Answer)
    assert answer.status == status
    assert json.loads(answer.body)["source"] == "remuda"


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ("1.1", None, True),
        ("1.1", b"keep-alive", True),
        ("1.1", b"Close", False),
        ("1.1", b"x, close", False),
        ("1.0", None, False),
        ("1.0", b"Keep-Alive", True),
        ("1.0", b"keep-alive, close", False),
    ],
)
def test_what_keeps_a_connection_alive(version: str, connection: bytes | None, *, keeps: bool) -> None:
    fields = [HOST] if connection is None else [HOST, (b"Connection", connection)]
    assert good(*fields, version=version).keep_alive is keeps


@pytest.mark.parametrize(
    ("fields", "secret"),
    [
        ([], None),
        ([(b"Authorization", b"Bearer abc")], b"abc"),
        ([(b"authorization", b"bEARER  abc ")], b"abc"),
        ([(b"Authorization", b"Basic dXNlcjpwYTpzcw==")], b"pa:ss"),
        ([(b"Authorization", b"Basic !")], None),
        ([(b"X-Api-Key", b"xyz")], b"xyz"),
        ([(b"X-Api-Key", b"xyz"), (b"Authorization", b"Bearer abc")], b"abc"),
        ([(b"X-Api-Key", b"xyz"), (b"Authorization", b"Negotiate abc")], b"xyz"),
    ],
)
def test_where_the_key_is_found(fields: list[tuple[bytes, bytes]], secret: bytes | None) -> None:
    assert good(HOST, *fields).secret == secret


def test_a_client_that_waits_for_its_invitation() -> None:
    assert good(HOST, (b"Expect", b"100-Continue")).expects_continue
    assert not good(HOST, (b"Expect", b"100-continue"), version="1.0").expects_continue
    assert not good(HOST).expects_continue


def test_the_head_for_the_engine_is_built_anew() -> None:
    head = good(
        HOST,
        (b"X-Custom", b"  kept "),
        (b"Accept", b"a"),
        (b"Accept", b"b"),
        (b"Authorization", b"Bearer s"),
        (b"X-API-Key", b"s"),
        (b"X-Forwarded-For", b"10.0.0.1"),
        (b"X-Forwarded-Proto", b"https"),
        (b"Connection", b"close, X-Drop"),
        (b"X-Drop", b"gone"),
        (b"Content-Length", b"0005"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        target=b"http://elsewhere/v1/x/?q=1",
    )
    assert request_bytes(head, HOP, Outbound(b"/v1/x?q=1", b"application/json"), 7) == (
        b"POST /base/v1/x?q=1 HTTP/1.1\r\n"
        b"host: 127.0.0.1:9000\r\n"
        b"x-custom:   kept \r\n"
        b"accept: a\r\n"
        b"accept: b\r\n"
        b"x-forwarded-for: 10.0.0.1, 192.0.2.1\r\n"
        b"x-forwarded-proto: https\r\n"
        b"content-type: application/json\r\n"
        b"content-length: 7\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize("name", [b"Authorization", b"X-Api-Key", b"API-Key"])
def test_the_clients_credential_stays_here(name: bytes) -> None:
    sent = request_bytes(good(HOST, (name, b"Bearer s3cret")), HOP, Outbound(b"/"), 0)
    assert b"s3cret" not in sent


def test_fields_of_the_fleet_file_win() -> None:
    head = good(HOST, (b"X-Team", b"theirs"), (b"X-Other", b"kept"))
    sent = request_bytes(head, HOP, Outbound(b"/", extra={b"x-team": b"ours", b"authorization": b"Bearer engine"}), 0)
    assert sent.count(b"x-team") == 1
    assert b"\r\nx-other: kept\r\n" in sent
    assert sent.endswith(b"\r\nx-team: ours\r\nauthorization: Bearer engine\r\ncontent-length: 0\r\n\r\n")


def test_a_body_keeps_the_clients_name_for_it_where_we_have_none() -> None:
    head = good(HOST, (b"Content-Type", b"audio/wav"))
    assert b"\r\ncontent-type: audio/wav\r\n" in request_bytes(head, HOP, Outbound(b"/"), 4)


def test_a_get_without_a_body_says_nothing_of_its_length() -> None:
    head = read_head(b"GET", b"/x", "1.1", [HOST])
    assert isinstance(head, RequestHead)
    assert b"content-length" not in request_bytes(head, HOP, Outbound(b"/x"), 0)


@pytest.mark.parametrize(
    ("fields", "version", "upgrade"),
    [
        ([(b"Connection", b"keep-alive, Upgrade"), (b"Upgrade", b"websocket")], "1.1", b"websocket"),
        ([(b"Upgrade", b"websocket")], "1.1", None),
        ([(b"Connection", b"Upgrade")], "1.1", None),
        ([(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")], "1.0", None),
    ],
)
def test_an_upgrade_is_asked_for_in_two_fields(
    fields: list[tuple[bytes, bytes]], version: str, upgrade: bytes | None
) -> None:
    assert good(HOST, *fields, version=version).upgrade == upgrade


def test_an_upgrade_is_asked_for_anew() -> None:
    head = good(HOST, (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13"))
    sent = request_bytes(head, HOP, Outbound(b"/", upgrade=head.upgrade), 0)
    assert b"\r\nsec-websocket-version: 13\r\n" in sent
    assert b"\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" in sent


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP - {b"transfer-encoding", b"connection"}))
def test_fields_about_the_connection_stay_here(name: bytes) -> None:
    sent = request_bytes(good(HOST, (name.title(), b"x")), HOP, Outbound(b"/"), 0)
    assert b"\r\n" + name + b":" not in sent


TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEF-", min_size=1, max_size=12).map(str.encode)
VALUE = st.binary(max_size=20).map(lambda raw: bytes(octet for octet in raw if octet >= 32 and octet != 127))


@given(st.lists(st.tuples(TOKEN, VALUE), max_size=12))
def test_whatever_passes_there_is_one_framing_and_one_host(fields: list[tuple[bytes, bytes]]) -> None:
    head = read(HOST, *fields)
    if isinstance(head, RequestHead):
        lines = request_bytes(head, HOP, Outbound(b"/"), 3).split(b"\r\n")
        names = [line.partition(b":")[0] for line in lines[1:-2]]
        assert lines[-2:] == [b"", b""]
        for name in (b"host", b"content-length", b"x-forwarded-for"):
            assert names.count(name) == 1
        assert not HOP_BY_HOP.intersection(names)
