"""Hostile and odd requests: each has one outcome, and what a recording engine sees is never more than one request."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.edge.http.limits import Limits
from remuda.edge.http.memo import Memo
from remuda.edge.http.reader import Inbound, RequestReader
from remuda.gateway.decide import Admitted, screen
from remuda.gateway.envelope import Answer
from remuda.gateway.head import RequestHead
from tests.edge.http.harness import BODY, GATEWAY, Admission, engine, gateway, get, on_loop, post

LINE = b"POST /v1/completions HTTP/1.1\r\n"
HEAD = LINE + b"Host: x\r\n"
LENGTH = b"Content-Length: 16\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n" + BODY

REFUSED = {
    "both lengths": HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, the other way round": HEAD + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n0\r\n\r\n",
    "two lengths": HEAD + LENGTH + b"Content-Length: 0\r\n\r\n" + BODY,
    "twice the same length": HEAD + LENGTH + LENGTH + b"\r\n" + BODY,
    "a list of lengths": HEAD + b"Content-Length: 16, 16\r\n\r\n" + BODY,
    "a signed length": HEAD + b"Content-Length: +16\r\n\r\n" + BODY,
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n" + BODY,
    "a length with a space in it": HEAD + b"Content-Length: 1 6\r\n\r\n" + BODY,
    "a length over 64 bits": HEAD + b"Content-Length: 18446744073709551632\r\n\r\n" + BODY,
    "a hexadecimal length": HEAD + b"Content-Length: 0x10\r\n\r\n" + BODY,
    "an empty length": HEAD + b"Content-Length:\r\n\r\n" + BODY,
    "obsolete folding": HEAD + LENGTH + b"X: a\r\n b\r\n\r\n" + BODY,
    "a folded transfer coding": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": HEAD + b"Content-Length : 16\r\n\r\n" + BODY,
    "a space before the first field": LINE + b" Host: x\r\n" + LENGTH + b"\r\n" + BODY,
    "a bare LF in the head": HEAD + b"Content-Length: 16\n\r\n" + BODY,
    "only bare LFs": HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 16\n\n" + BODY,
    "a bare CR in a value": HEAD + b"X: a\rContent-Length: 16\r\n\r\n" + BODY,
    "a NUL in a value": HEAD + LENGTH + b"X: a\0b\r\n\r\n" + BODY,
    "a NUL in a name": HEAD + LENGTH + b"X\0: b\r\n\r\n" + BODY,
    "a field without a name": HEAD + LENGTH + b": b\r\n\r\n" + BODY,
    "a field without a colon": HEAD + LENGTH + b"oops\r\n\r\n" + BODY,
    "no host": LINE + LENGTH + b"\r\n" + BODY,
    "two hosts": HEAD + b"Host: y\r\n" + LENGTH + b"\r\n" + BODY,
    "gzip, chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked, gzip": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity": HEAD + b"Transfer-Encoding: identity\r\n\r\n",
    "xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a vertical tab before chunked": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size over 64 bits": CHUNKED + b"10000000000000010\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a signed chunk size": CHUNKED + b"+10\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-10\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"0x10\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk size with a space": CHUNKED + b"10 \r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk that is longer than its size": CHUNKED + b"10\r\n" + BODY + b"x\r\n0\r\n\r\n",
    "a bare LF after a chunk size": CHUNKED + b"10\n" + BODY + b"\r\n0\r\n\r\n",
    "a length in the trailer": CHUNKED + b"10\r\n" + BODY + b"\r\n0\r\nContent-Length: 5\r\n\r\nhello",
    "an authority as target": b"POST host:80 HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + BODY,
    "an asterisk as target": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fragment": b"POST /v1/completions#x HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + BODY,
    "a space in the target": b"POST /v1/completions x HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + BODY,
    "bytes over 127 in the target": b"POST /v1/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in lower case": b"post /v1/completions HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + BODY,
    "an unknown method": b"BREW /v1/completions HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP 0.9": b"GET /health\r\n\r\n",
    "HTTP 1.2": b"GET /health HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP 2": b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n",
    "an HTTP 2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 60,
    "CONNECT": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "an expectation that we do not know": HEAD + LENGTH + b"Expect: 200-ok\r\n\r\n" + BODY,
}


@pytest.mark.parametrize("hostile", REFUSED.values(), ids=REFUSED.keys())
@on_loop
async def test_a_hostile_request_is_refused_and_nothing_behind_it_is_heard(hostile: bytes) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(hostile + SMUGGLED)
        assert reply.status in {400, 405, 417, 505}
        assert reply.header("connection") == "close"
        await client.closed()
        assert upstream.visits == []


ACCEPTED = {
    "a padded length": HEAD + b"Content-Length:   16  \r\n\r\n" + BODY,
    "zeros before a length": HEAD + b"Content-Length: 016\r\n\r\n" + BODY,
    "empty lines before the request": b"\r\n\r\n" + HEAD + LENGTH + b"\r\n" + BODY,
    "an absolute target": b"POST http://other/v1/completions HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + BODY,
    "bytes over 127 in a value": HEAD + LENGTH + b"X: \xe9\r\n\r\n" + BODY,
    "an empty value": HEAD + LENGTH + b"X:\r\n\r\n" + BODY,
    "chunks with extensions": CHUNKED + b'8;a=b;c="d"\r\n' + BODY[:8] + b"\r\n08\r\n" + BODY[8:] + b"\r\n0;x\r\n\r\n",
    "a trailer": CHUNKED + b"10\r\n" + BODY + b"\r\n0\r\nX-Trailer: gone\r\n\r\n",
    "fields named by Connection": HEAD + LENGTH + b"Connection: X-Gone\r\nX-Gone: gone\r\n\r\n" + BODY,
    "fields about the connection": HEAD
    + LENGTH
    + b"Keep-Alive: gone\r\nTE: gone\r\nProxy-Connection: gone\r\n\r\n"
    + BODY,
}


@pytest.mark.parametrize("odd", ACCEPTED.values(), ids=ACCEPTED.keys())
@on_loop
async def test_an_odd_request_reaches_the_engine_in_the_one_form(odd: bytes) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        assert (await client.ask(odd)).status == 200
        assert (await client.ask(SMUGGLED)).status == 200
        first, second = upstream.requests
        assert (first.method, first.target, first.body) == ("POST", "/v1/completions", BODY)
        assert second.target == "/v1/embeddings"
        names = [name for name, _ in first.headers]
        assert names.count("content-length") == 1
        assert dict(first.headers)["host"] == f"127.0.0.1:{upstream.endpoint.port}"
        assert "gone" not in "".join(f"{name}{value}" for name, value in first.headers)


class Record:
    """A sink that writes down what arrives."""

    body_max_bytes = 1000

    def __init__(self) -> None:
        self.arrivals: list[tuple[object, ...]] = []
        self.judged = 0

    def judge(self, head: RequestHead) -> Answer | Admitted:
        self.judged += 1
        return screen(head, GATEWAY)

    def begun(self) -> None:
        self.arrivals.append(("begun",))

    def swelled(self) -> None:
        self.arrivals.append(("swelled",))

    def recalled(self, admitted: Admitted, body: bytes) -> None:
        self.arrived(Inbound(admitted.head, admitted, body))

    def arrived(self, inbound: Inbound) -> None:
        head = inbound.head
        length = len(inbound.body) if head is None or head.length is None else head.length
        summary = None if head is None else (head.method, head.target, length, tuple(head.fields))
        status = inbound.verdict.status if isinstance(inbound.verdict, Answer) else None
        if isinstance(inbound.verdict, Admitted):
            assert inbound.verdict.head == head
        self.arrivals.append((summary, bytes(inbound.body), inbound.is_cut, status))


def arrivals(pieces: list[bytes], memo: Memo[Admitted] | None = None) -> list[tuple[object, ...]]:
    record = Record()
    reader = RequestReader(record, Limits(), Memo(body_bytes=-1) if memo is None else memo)
    for piece in pieces:
        if not reader.is_stopped:
            reader.feed(piece)
    return record.arrivals


UPGRADE = ("Connection: Upgrade", "Upgrade: h2c")
TALKS = {
    "pipelined": post() + get("/v1/models") + post(b"", path="/nope") + post(BODY, "Connection: close"),
    "chunked": ACCEPTED["chunks with extensions"] + ACCEPTED["a trailer"] + get(),
    "upgrades": post(BODY, *UPGRADE) + get("/health", *UPGRADE) + post(BODY, *UPGRADE) + get(),
    "invited": post(BODY, "Expect: 100-continue") + get(),
    "too large": CHUNKED + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n" + get(),
    "broken": post() + REFUSED["a bare LF in the head"],
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS.keys())
def test_it_does_not_matter_where_the_bytes_are_split(talk: bytes) -> None:
    whole = arrivals([talk])
    assert len(whole) > 1 or talk is TALKS["too large"]
    assert arrivals([talk[at : at + 1] for at in range(len(talk))]) == whole
    for at in range(1, len(talk)):
        assert arrivals([talk[:at], talk[at:]]) == whole


@settings(max_examples=50)
@given(st.lists(st.sampled_from(list(TALKS.values())), min_size=1, max_size=3).map(b"".join), st.data())
def test_it_does_not_matter_how_often_they_are_split(talk: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(talk) - 1), max_size=12)))
    assert arrivals([talk[a:b] for a, b in zip([0, *cuts], [*cuts, len(talk)], strict=True)]) == arrivals([talk])


@settings(max_examples=300)
@given(
    st.lists(st.binary(min_size=1, max_size=40) | st.sampled_from([HEAD, LENGTH, b"\r\n", BODY, CHUNKED]), max_size=8)
)
def test_garbage_ends_in_an_answer_or_in_waiting(pieces: list[bytes]) -> None:
    for arrival in arrivals(pieces):
        assert arrival[-1] in {None, 400, 404, 405, 413, 415, 417, 431, 505}


LOWER = HEAD.lower().replace(b"post /v1/completions http", b"POST /v1/completions HTTP")
LONGER = b'{"model":"tiny","x":[]}'
# What may pass the parser by, what must not, and what looks like it.
MESSAGES = {
    **TALKS,
    "plain": post(),
    "with another body": post(LONGER),
    "with a body that ends a line": post(BODY + b"\n"),
    "with a body over the limit": post(b"x" * 1001),
    "with a head in its body": post(post()),
    "in lower case": LOWER + b"content-length: 16\r\n\r\n" + BODY,
    "in lower case, longer": LOWER + b"content-length: 23\r\n\r\n" + LONGER,
    "both spellings": HEAD + LENGTH + b"content-length: 16\r\n\r\n" + BODY,
    "that stays": post(BODY, "Connection: keep-alive"),
    "that waits": post(BODY, "Expect: 100-continue"),
    "that closes": post(BODY, "Connection: close"),
    "of HTTP 1.0": post().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "of HTTP 1.0 that stays": post(BODY, "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "without a body": post(b""),
    "without a length": post().replace(b"Content-Length: 16", b"X: y"),
    "nowhere": post(path="/nope"),
    "asked with GET": post().replace(b"POST", b"GET", 1),
    "our own": get(),
    "in chunks": CHUNKED + b"10\r\n" + BODY + b"\r\n0\r\n\r\n",
    "after an empty line": b"\r\n" + post(),
    "an empty line": b"\r\n",
    "half an empty line": b"\r",
    "the other half": b"\n",
    "the beginning": post()[:20],
    "up to the body": post()[: -len(BODY)],
    "half of the body": post()[:-8],
    "the other half of the body": BODY[-8:],
    **{name: REFUSED[name] for name in ("two lengths", "a signed length", "a bare LF in the head", "both lengths")},
}


def all_heads() -> Memo[Admitted]:
    memo: Memo[Admitted] = Memo(Record.body_max_bytes)
    for message in MESSAGES.values():
        arrivals([message], memo)
    return memo


def test_what_is_remembered_changes_nothing_about_the_next_message() -> None:
    memo = all_heads()
    for pieces in map(list, itertools.product(MESSAGES.values(), repeat=2)):
        assert arrivals(pieces, memo) == arrivals(pieces)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(list(MESSAGES.values())), min_size=1, max_size=8), st.data())
def test_what_is_remembered_changes_nothing_however_it_is_split(pieces: list[bytes], data: st.DataObject) -> None:
    talk = b"".join(pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(talk)), max_size=4)))
    memo = all_heads()
    for split in (pieces, [talk[a:b] for a, b in itertools.pairwise([0, *cuts, len(talk)]) if a < b]):
        assert arrivals(split, memo) == arrivals(split)


def test_a_head_is_judged_once_for_all_connections_until_the_rules_change() -> None:
    memo: Memo[Admitted] = Memo(Record.body_max_bytes)
    record = Record()
    for body in (BODY, BODY, LONGER):
        RequestReader(record, Limits(), memo).feed(post(body))
    assert [(arrival[0][2], arrival[1]) for arrival in record.arrivals] == [(16, BODY), (16, BODY), (23, LONGER)]  # type: ignore[index]
    assert record.judged == 1
    memo.forget()
    RequestReader(record, Limits(), memo).feed(post())
    assert record.judged == 2


def test_a_reader_that_has_stopped_remembers_nothing() -> None:
    memo: Memo[Admitted] = Memo()
    record = Record()
    reader = RequestReader(record, Limits(), memo)
    reader.feed(post())
    reader.stop()
    reader.feed(post())
    assert len(record.arrivals) == 1


@on_loop
async def test_the_gateway_hears_what_the_reader_hears() -> None:
    talk = post() + get("/nope") + post(BODY, *UPGRADE) + get()
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        for step in (1, 7, 100):
            client = await house.client()
            for at in range(0, len(talk), step):
                await client.send(talk[at : at + step])
                await asyncio.sleep(0)
            assert [(await client.receive()).status for _ in range(4)] == [200, 404, 200, 200]
