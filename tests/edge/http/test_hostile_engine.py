"""Hostile and broken responses of engines: each has one allowed outcome, and it is never another request's answer.

The first connection to the engine answers one request properly, the next one with the row's bytes, and then waits; all
others answer properly. So whatever an engine sends too much, too little or too early, the next request must get its own
answer.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from remuda.edge.http.limits import Limits
from tests.edge.http.harness import Admission, Client, Engine, House, Visit, engine, gateway, get, on_loop, post

GOOD = b'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{"ok":1}'
OK = b"HTTP/1.1 200 OK\r\n"
TWO = OK + b"Content-Length: 2\r\n"
WARM = TWO + b"\r\n{}"
CODED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EMPTY = b"0\r\n\r\n"
POISON = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"evil":1}'

GARBLED = {
    "both lengths": TWO + b"Transfer-Encoding: chunked\r\n\r\n" + EMPTY,
    "both lengths, the other way round": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + EMPTY,
    "two lengths": TWO + b"Content-Length: 3\r\n\r\n{}",
    "twice the same length": TWO + b"Content-Length: 2\r\n\r\n{}",
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\n{}",
    "a negative length": OK + b"Content-Length: -2\r\n\r\n{}",
    "a signed length": OK + b"Content-Length: +2\r\n\r\n{}",
    "a hexadecimal length": OK + b"Content-Length: 0x2\r\n\r\n{}",
    "a length over 64 bits": OK + b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "an empty length": OK + b"Content-Length:\r\n\r\n{}",
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + EMPTY,
    "chunked, chunked": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + EMPTY,
    "identity": OK + b"Transfer-Encoding: identity\r\n\r\n{}",
    "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n" + EMPTY,
    "obsolete folding": TWO + b"X: a\r\n b\r\n\r\n{}",
    "a folded length": OK + b"Content-Length:\r\n 2\r\n\r\n{}",
    "a space before the colon": OK + b"Content-Length : 2\r\n\r\n{}",
    "a bare CR in a value": OK + b"X: a\rContent-Length: 2\r\n\r\n{}",
    "a bare LF in the head": OK + b"X: a\nContent-Length: 2\r\n\r\n{}",
    "a NUL in a value": TWO + b"X: a\0b\r\n\r\n{}",
    "a NUL in a name": TWO + b"X\0: b\r\n\r\n{}",
    "a field without a colon": TWO + b"oops\r\n\r\n{}",
    "a field without a name": TWO + b": b\r\n\r\n{}",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n",
    "a status under 100": b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
    "a negative status": b"HTTP/1.1 -200 X\r\nContent-Length: 0\r\n\r\n",
    "HTTP 0.9": b"{}",
    "an HTTP 2 settings frame": b"\0\0\0\x04\0\0\0\0\0" * 8,
    "a TLS alert": b"\x15\x03\x01\0\x02\x02\x0a",
    "another protocol": b"ICY 200 OK\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a protocol that nobody asked for": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "a switch without a protocol": b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + GOOD,
    "a very long value": OK + b"X: " + b"a" * 600_000,
    "a very long name": OK + b"a" * 600_000,
    "a very long phrase": b"HTTP/1.1 200 " + b"a" * 600_000,
    "fields without end": OK + b"a: b\r\n" * 100_000,
    "a flood of interim responses": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 30_000,
    "a flood of invitations": b"HTTP/1.1 100 Continue\r\n\r\n" * 30_000,
}

BROKEN = {
    "a chunk size over 64 bits": CODED + b"10000000000000002\r\n{}\r\n" + EMPTY,
    "a signed chunk size": CODED + b"+2\r\n{}\r\n" + EMPTY,
    "a negative chunk size": CODED + b"-2\r\n{}\r\n" + EMPTY,
    "a chunk size with a space": CODED + b"2 \r\n{}\r\n" + EMPTY,
    "a chunk size that is none": CODED + b"zz\r\n{}\r\n" + EMPTY,
    "a chunk longer than its size": CODED + b"2\r\n{}}\r\n" + EMPTY,
    "a chunk without its end": CODED + b"2\r\n{}" + EMPTY,
    "a bare LF after a chunk size": CODED + b"2\n{}\r\n" + EMPTY,
    "a bare LF after a chunk": CODED + b"2\r\n{}\n" + EMPTY,
    "a length in the trailer": CODED + b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\nhello",
}

CUT = {
    "a body that ends early": OK + b"Content-Length: 10\r\n\r\n{}",
    "a chunk that ends early": CODED + b"10\r\n{}",
    "chunks without the last one": CODED + b"2\r\n{}\r\n",
    "chunks without the last line": CODED + b"2\r\n{}\r\n0\r\n",
}

# What the client gets, and whether the connection to the engine is used again.
RELAYED = {
    "a length": (TWO + b"\r\n{}", 200, b"{}", True),
    "chunks": (CODED + b"1\r\n{\r\n1;a=b\r\n}\r\n" + EMPTY, 200, b"{}", True),
    "a trailer": (CODED + b"2\r\n{}\r\n0\r\nX-Gone: gone\r\n\r\n", 200, b"{}", True),
    "interim responses": (
        b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nX: gone\r\n\r\n" + TWO + b"\r\n{}",
        200,
        b"{}",
        True,
    ),
    "fields about the connection": (TWO + b"Connection: X\r\nX: gone\r\nKeep-Alive: gone\r\n\r\n{}", 200, b"{}", True),
    "close": (TWO + b"Connection: close\r\n\r\n{}", 200, b"{}", False),
    "a version that we do not speak": (TWO.replace(b"1.1", b"2.0") + b"\r\n{}", 200, b"{}", False),
    "HTTP 1.0": (TWO.replace(b"1.1", b"1.0") + b"\r\n{}", 200, b"{}", False),
    "HTTP 1.0 that stays": (TWO.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n{}", 200, b"{}", True),
    "no phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", True),
    "an unknown status": (b"HTTP/1.1 799 X\r\nContent-Length: 2\r\n\r\n{}", 799, b"{}", True),
    "bytes over 127 in a value": (TWO + b"X: \xe9\r\n\r\n{}", 200, b"{}", True),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "no content, with a length of nothing": (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, b"", True),
    "not modified, with the length it would have": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        304,
        b"",
        True,
    ),
    "no content, with content": (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", 204, b"", False),
    "no content, with another response": (b"HTTP/1.1 204 No Content\r\n\r\n" + POISON, 204, b"", False),
    "not modified, with content": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc", 304, b"", False),
    "not modified, with another response": (b"HTTP/1.1 304 Not Modified\r\n\r\n" + POISON, 304, b"", False),
    "garbage after the end": (TWO + b"\r\n{}garbage", 200, b"{}", False),
    "a line end after the end": (TWO + b"\r\n{}\r\n", 200, b"{}", True),
    "garbage after the last chunk": (CODED + b"2\r\n{}\r\n" + EMPTY + b"garbage", 200, b"{}", False),
    "another response": (TWO + b"\r\n{}" + POISON, 200, b"{}", False),
    "the head of another response": (TWO + b"\r\n{}" + POISON[:20], 200, b"{}", False),
    "another response after chunks": (CODED + b"2\r\n{}\r\n" + EMPTY + POISON, 200, b"{}", False),
}


def first_answers(response: bytes, *, step: int = 2**20, closes: bool = False) -> Engine:
    """An engine whose first connection answers properly and then with these bytes, and the others properly.

    So its head is known to the gateway when the bytes come.
    """

    async def script(visit: Visit) -> None:
        is_first = not visit.requests
        while await visit.next():
            is_row = is_first and len(visit.requests) == 2
            await visit.send(*cut(response, step) if is_row else [WARM if is_first else GOOD])
            if is_row and closes:
                return

    return Engine(script)


def cut(response: bytes, step: int) -> list[bytes]:
    return [response[at : at + step] for at in range(0, len(response), step)]


async def warm(house: House) -> Client:
    """A client whose first request has been answered properly."""
    client = await house.client()
    assert (await client.ask(post())).body == b"{}"
    return client


@pytest.mark.parametrize("response", GARBLED.values(), ids=GARBLED.keys())
@on_loop
async def test_a_head_that_cannot_be_understood_is_502(response: bytes) -> None:
    async with engine(first_answers(response).script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await warm(house)
        reply = await client.ask(post())
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == (502, "engine_garbled")
        assert (reply.is_whole, reply.header("connection")) == (True, None)
        assert (await client.ask(post())).body == b'{"ok":1}'
        assert (len(upstream.visits), len(upstream.requests)) == (2, 3)
        await upstream.until_open(1)


@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize("response", BROKEN.values(), ids=BROKEN.keys())
@on_loop
async def test_a_body_that_cannot_be_understood_never_looks_whole(response: bytes, step: int) -> None:
    answering = first_answers(response, step=step)
    async with engine(answering.script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        reply = await (await warm(house)).ask(post())
        # The head may have been told before the rest came.
        assert (reply.status, reply.is_whole) in {(200, False), (502, True)}
        assert (await (await house.client()).ask(post())).body == b'{"ok":1}'
        assert (len(upstream.visits), len(upstream.requests)) == (2, 3)


@pytest.mark.parametrize("response", CUT.values(), ids=CUT.keys())
@on_loop
async def test_a_body_that_ends_early_never_looks_whole(response: bytes) -> None:
    async with (
        engine(first_answers(response, closes=True).script) as upstream,
        gateway(Admission(upstream.endpoint)) as house,
    ):
        client = await warm(house)
        reply = await client.ask(post())
        assert (reply.status, reply.is_whole) == (200, False)
        await client.closed()
        assert (await (await house.client()).ask(post())).body == b'{"ok":1}'


@pytest.mark.parametrize(("response", "status", "body", "is_reused"), RELAYED.values(), ids=RELAYED.keys())
@on_loop
async def test_a_response_is_relayed_once_and_its_connection_used_again_if_nothing_is_left_on_it(
    response: bytes, status: int, body: bytes, *, is_reused: bool
) -> None:
    async with engine(first_answers(response).script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await warm(house)
        reply = await client.ask(post())
        assert (reply.status, reply.body, reply.is_whole, reply.header("connection")) == (status, body, True, None)
        assert "gone" not in str(reply.headers)
        assert (await client.ask(post())).body == (WARM if is_reused else GOOD).partition(b"\r\n\r\n")[2]
        assert (len(upstream.visits), len(upstream.requests)) == (1 if is_reused else 2, 3)


@pytest.mark.parametrize("late", [b"\r\n", b"garbage", POISON, POISON[:9]])
@on_loop
async def test_what_comes_unasked_on_a_kept_connection_is_nobodys_answer(late: bytes) -> None:
    goes_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        is_first = not visit.requests
        await visit.read()
        await visit.send(GOOD)
        if is_first:
            await goes_on.wait()
            await visit.send(late)
        while await visit.next():
            await visit.send(GOOD)

    limits = Limits(idle_s=60)
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint), limits=limits) as house:
        client = await house.client()
        assert (await client.ask(post())).body == b'{"ok":1}'
        goes_on.set()
        await upstream.until_open(0)
        assert (await client.ask(post())).body == b'{"ok":1}'
        assert len(upstream.visits) == 2


@pytest.mark.parametrize("partial", [b"", b"HTTP/1.1 200 OK", b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"Content-Le"])
@on_loop
async def test_an_engine_that_leaves_before_the_end_of_its_head_is_502(partial: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(partial)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post())
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == (502, "engine_lost")
        assert (await client.ask(get())).status == 200
        assert len(upstream.requests) == (1 if partial else 2)
