from __future__ import annotations

import pytest

from remuda.gateway.envelope import Answer
from remuda.gateway.head import RequestHead, read_head
from remuda.gateway.reply import Framing, answer_bytes, chunk, framing, read_response, response_bytes


def request(method: bytes = b"POST", version: str = "1.1") -> RequestHead:
    head = read_head(method, b"/v1/x", version, [(b"host", b"x")])
    assert isinstance(head, RequestHead)
    return head


@pytest.mark.parametrize(
    ("method", "version", "status", "fields", "how"),
    [
        (b"POST", "1.1", 200, [(b"Content-Length", b"3")], Framing.LENGTH),
        (b"POST", "1.0", 200, [(b"Content-Length", b"3")], Framing.LENGTH),
        (b"POST", "1.1", 200, [(b"Transfer-Encoding", b"chunked")], Framing.CHUNKED),
        (b"POST", "1.0", 200, [(b"Transfer-Encoding", b"chunked")], Framing.CLOSE),
        (b"POST", "1.1", 200, [], Framing.CHUNKED),
        (b"POST", "1.0", 200, [], Framing.CLOSE),
        (b"HEAD", "1.1", 200, [(b"Content-Length", b"3")], Framing.NONE),
        (b"HEAD", "1.1", 200, [(b"Transfer-Encoding", b"chunked")], Framing.NONE),
        (b"POST", "1.1", 204, [], Framing.NONE),
        (b"POST", "1.1", 304, [(b"Content-Length", b"3")], Framing.NONE),
    ],
)
def test_how_a_body_is_delimited_for_the_client(
    method: bytes, version: str, status: int, fields: list[tuple[bytes, bytes]], how: Framing
) -> None:
    response = read_response(status, fields)
    assert response is not None
    assert framing(request(method, version), response) is how


def test_the_head_for_the_client_is_built_anew() -> None:
    fields = [
        (b"Content-Type", b"text/event-stream; charset=utf-8"),
        (b"Server", b"uvicorn"),
        (b"Connection", b"keep-alive"),
        (b"Connection", b"X-Drop"),
        (b"X-Drop", b"gone"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
        (b"Trailer", b"x"),
        (b"Transfer-Encoding", b"Chunked"),
    ]
    response = read_response(200, fields)
    assert response is not None
    assert response.is_event_stream
    assert response_bytes(request(), response, Framing.CHUNKED, keep_alive=True) == (
        b"HTTP/1.1 200 OK\r\n"
        b"content-type: text/event-stream; charset=utf-8\r\n"
        b"server: uvicorn\r\n"
        b"set-cookie: a\r\n"
        b"set-cookie: b\r\n"
        b"transfer-encoding: chunked\r\n"
        b"x-accel-buffering: no\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    ("version", "keep_alive", "said"),
    [
        ("1.1", True, b""),
        ("1.1", False, b"connection: close\r\n"),
        ("1.0", True, b"connection: keep-alive\r\n"),
        ("1.0", False, b"connection: close\r\n"),
    ],
)
def test_what_is_said_about_the_connection(version: str, said: bytes, *, keep_alive: bool) -> None:
    response = read_response(200, [(b"content-length", b"3")])
    assert response is not None
    head = response_bytes(request(version=version), response, Framing.LENGTH, keep_alive=keep_alive)
    assert head == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n" + said + b"\r\n"


def test_an_unknown_status_has_no_phrase_and_204_no_length() -> None:
    odd, empty = read_response(799, []), read_response(204, [(b"content-length", b"0")])
    assert odd is not None
    assert empty is not None
    assert response_bytes(request(), odd, Framing.CHUNKED, keep_alive=True).startswith(b"HTTP/1.1 799 \r\n")
    assert response_bytes(request(), empty, Framing.NONE, keep_alive=True) == b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (101, []),
        (0, []),
        (200, [(b"transfer-encoding", b"gzip, chunked")]),
        (200, [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")]),
        (200, [(b"transfer-encoding", b"gzip")]),
        (200, [(b"content-length", b"3"), (b"content-length", b"3")]),
        (200, [(b"content-length", b"x")]),
    ],
)
def test_what_cannot_be_relayed_faithfully_is_none(status: int, fields: list[tuple[bytes, bytes]]) -> None:
    assert read_response(status, fields) is None


def test_events_that_are_compressed_cannot_be_added_to() -> None:
    fields = [(b"content-type", b"text/event-stream"), (b"content-encoding", b"gzip")]
    response = read_response(200, fields)
    assert response is not None
    assert not response.is_event_stream


def test_our_own_answers_are_whole() -> None:
    answer = Answer(405, b"{}", ((b"allow", b"GET"),))
    head = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-type: application/json\r\nallow: GET\r\ncontent-length: 2\r\n"
    assert answer_bytes(request(), answer, keep_alive=True) == head + b"\r\n{}"
    assert answer_bytes(request(b"HEAD"), answer, keep_alive=True) == head + b"\r\n"
    assert answer_bytes(None, answer, keep_alive=False) == head + b"connection: close\r\n\r\n{}"


def test_a_chunk() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
