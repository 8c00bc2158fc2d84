"""It does not matter how the network cuts requests and responses into pieces.

Each piece is sent by itself, and the gateway reads it before the next one is sent. What the engine and the client get
must be what they get when all comes at once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edge.http.harness import (
    BODY,
    Admission,
    Engine,
    House,
    Reply,
    Visit,
    answer_ok,
    engine,
    gateway,
    get,
    on_loop,
    post,
)
from tests.fake_engine import Request

Pieces = Sequence[bytes]

LINE = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\n"
CODED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"8\r\n" + BODY[:8] + b"\r\n08\r\n" + BODY[8:] + b"\r\n0\r\n\r\n"
OLD = b"POST /v1/completions HTTP/1.0\r\nContent-Length: 16\r\n"

# The bytes, and the methods of the replies to wait for.
REQUESTS: dict[str, tuple[bytes, list[str]]] = {
    "an answer of our own": (get("/v1/models"), ["GET"]),
    "HEAD": (get("/v1/models", method="HEAD"), ["HEAD"]),
    "a length": (post(), ["POST"]),
    "no body where one is needed": (post(b""), ["POST"]),
    "chunks": (CODED + CHUNKS, ["POST"]),
    "chunk extensions and a trailer": (
        CODED + b'10;a=b;c="d"\r\n' + BODY + b"\r\n0;last\r\nX-Trailer: x\r\n\r\n",
        ["POST"],
    ),
    "a client that waits": (post(BODY, "Expect: 100-continue"), ["POST", "POST"]),
    "a close": (post(BODY, "Connection: close"), ["POST"]),
    "a request that is not upgraded": (post(BODY, "Connection: Upgrade", "Upgrade: h2c"), ["POST"]),
    "HTTP 1.0": (OLD + b"\r\n" + BODY, ["POST"]),
    "HTTP 1.0 that stays": ((OLD + b"Connection: keep-alive\r\n\r\n" + BODY) * 2, ["POST"] * 2),
    "an absolute target": (post(BODY, path="http://other/v1/completions?q=%2F"), ["POST"]),
    "empty lines first": (b"\r\n\r\n" + post(), ["POST"]),
    "a long head": (post(BODY, *(f"X-{number}: {'x' * number}" for number in range(20))), ["POST"]),
    "an unknown path with a body": (post(BODY, path="/nope") + get(), ["POST", "GET"]),
    "a pipeline": (post() + get("/v1/models") + CODED + CHUNKS + post(BODY, path="/v1/embeddings"), ["POST"] * 4),
    "a pipeline of odd ones": (
        get("/health", "Connection: Upgrade", "Upgrade: h2c")
        + b"\r\n"
        + CODED
        + CHUNKS
        + post(BODY, "Connection: close"),
        ["GET", "POST", "POST"],
    ),
    "a pipeline with an error": (post() + b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + post(), ["POST", "GET"]),
}

OK = b"HTTP/1.1 200 OK\r\n"
STREAM = OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

# The bytes, and whether the connection closes after them.
RESPONSES: dict[str, tuple[bytes, bool]] = {
    "a length": (OK + b"Content-Length: 3\r\n\r\nabc", False),
    "nothing": (OK + b"Content-Length: 0\r\n\r\n", False),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: 1\r\n\r\n", False),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", False),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", False),
    "interim responses": (
        b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na",
        False,
    ),
    "an error": (b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", False),
    "close": (OK + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc", True),
    "until the close": (OK + b"X: y\r\n\r\nabc", True),
    "HTTP 1.0": (b"HTTP/1.0 200 OK\r\n\r\nabc", True),
    "events": (STREAM + b"9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n", False),
    "events cut across chunks": (STREAM + b"4\r\ndata\r\n5\r\n: 1\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", False),
    "events that break off": (STREAM + b"9\r\ndata: 1\n\n\r\n", True),
}


def cut(whole: bytes, *places: int) -> list[bytes]:
    """The bytes cut at these places, each taken modulo the length."""
    cuts = sorted({place % len(whole) for place in places} | {0, len(whole)})
    return [whole[start:end] for start, end in itertools.pairwise(cuts)]


async def send_each(send: Callable[[bytes], object], pieces: Pieces) -> None:
    """Send pieces; each has been read before the next one is sent, as both ends run on this loop."""
    for piece in pieces:
        send(piece)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def asked(
    house: House, upstream: Engine, pieces: Pieces, methods: list[str]
) -> tuple[list[Reply], list[Request]]:
    """What a client and the engine get for these pieces of requests."""
    upstream.requests.clear()
    client = await house.client()
    await send_each(client.writer.write, pieces)
    replies = [await client.receive(method=method) for method in methods]
    client.leave()
    return replies, list(upstream.requests)


@pytest.mark.parametrize(("talk", "methods"), REQUESTS.values(), ids=REQUESTS.keys())
@on_loop
async def test_a_request_may_be_cut_anywhere(talk: bytes, methods: list[str]) -> None:
    async with engine(answer_ok) as upstream, gateway(Admission(upstream.endpoint)) as house:
        whole = await asked(house, upstream, [talk], methods)
        assert await asked(house, upstream, cut(talk, *range(len(talk))), methods) == whole
        for place in range(1, len(talk)):
            assert await asked(house, upstream, cut(talk, place), methods) == whole, talk[:place]


@settings(max_examples=100)
@given(st.sampled_from(list(REQUESTS.values())), st.lists(st.integers(0, 2000), max_size=20))
@on_loop
async def test_a_request_may_be_cut_into_any_pieces(talk: tuple[bytes, list[str]], places: list[int]) -> None:
    async with engine(answer_ok) as upstream, gateway(Admission(upstream.endpoint)) as house:
        whole = await asked(house, upstream, [talk[0]], talk[1])
        assert await asked(house, upstream, cut(talk[0], *places), talk[1]) == whole


LONG = {
    "a value": get("/health", "X: " + "a" * 70_000),
    "a target": get("/" + "a" * 70_000),
    "fields": get("/health", *["a: " + "b" * 1000] * 70),
}


@pytest.mark.parametrize("place", [1, 10_000, 60_000, 70_000])
@pytest.mark.parametrize("head", LONG.values(), ids=LONG.keys())
@on_loop
async def test_the_bound_of_a_head_does_not_depend_on_how_it_is_cut(head: bytes, place: int) -> None:
    async with gateway() as house:
        for pieces in ([head], cut(head, place), cut(head, place, *range(0, len(head), 7000))):
            client = await house.client()
            await send_each(client.writer.write, pieces)
            assert (await client.receive()).status == 431


async def answered(all_pieces: Sequence[Pieces], *, closes: bool) -> list[Reply]:
    """What a client gets when an engine answers with the pieces, in every one of these ways."""
    ways = iter(all_pieces)

    async def script(visit: Visit) -> None:
        while await visit.next():
            await send_each(visit.writer.write, next(ways))
            if closes:
                return

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        replies = [await client.ask(post()) for _ in all_pieces]
        assert closes or len(upstream.visits) == 1
        return replies


@pytest.mark.parametrize(("response", "closes"), RESPONSES.values(), ids=RESPONSES.keys())
@on_loop
async def test_a_response_may_be_cut_anywhere(response: bytes, *, closes: bool) -> None:
    ways = [[response], cut(response, *range(len(response)))]
    ways += [cut(response, place) for place in range(1, len(response))]
    whole, *others = await answered(ways, closes=closes)
    assert whole.status in {200, 204, 304, 400}
    assert [other for other in others if other != whole] == []


@settings(max_examples=100)
@given(st.sampled_from(list(RESPONSES.values())), st.lists(st.integers(0, 500), max_size=20))
@on_loop
async def test_a_response_may_be_cut_into_any_pieces(response: tuple[bytes, bool], places: list[int]) -> None:
    ways = [[response[0]], cut(response[0], *places)]
    whole, other = await answered(ways, closes=response[1])
    assert other == whole
