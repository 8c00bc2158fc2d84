from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field, replace
from time import monotonic

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.edge.http import upstream as upstream_module
from remuda.edge.http.chunks import ChunkRelay
from remuda.edge.http.limits import Limits
from remuda.edge.http.memo import Memo
from remuda.edge.http.outbox import Outbox
from remuda.edge.http.pool import Pool
from remuda.edge.http.seam import Endpoint
from remuda.edge.http.upstream import Loss, LossKind, Outgoing, UpstreamConnection
from remuda.gateway.reply import ResponseHead
from tests.edge.http.harness import OK, Engine, Visit, engine, on_loop

GET = Outgoing(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"", is_head=False)
HEAD = Outgoing(b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n", b"", is_head=True)


@dataclass
class Ear:
    """A listener that writes down what it hears."""

    head: ResponseHead | None = None
    pieces: list[bytes] = field(default_factory=list)
    loss: Loss | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def whole(self, head: ResponseHead, body: bytes) -> None:
        self.response(head.with_length(len(body)), body, ended=True)

    def response(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        assert self.head is None
        self.head = head
        self.more(body, ended=ended)

    def more(self, body: bytes, *, ended: bool) -> None:
        assert self.head is not None
        assert not self.over.is_set()
        self.pieces.append(body)
        if ended:
            self.over.set()

    def lost(self, loss: Loss) -> None:
        assert not self.over.is_set()
        self.loss = loss
        self.over.set()

    @property
    def heard(self) -> tuple[int, bytes]:
        assert self.head is not None
        return self.head.status, b"".join(self.pieces)


class Taker(Ear):
    """A listener that has chunks passed on, and counts the reads that were."""

    taken = 0
    connection: UpstreamConnection

    def response(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        super().response(head, body, ended=ended)
        self.connection.relay_chunks(self.take)

    def take(self, data: bytes) -> bool:
        relay = ChunkRelay(Outbox(asyncio.get_running_loop()), bytes)
        is_one = relay.pass_on(data)
        self.taken += is_one
        self.pieces += relay.bodies()
        return is_one


async def hear(pool: Pool, upstream: Engine, outgoing: Outgoing = GET) -> Ear:
    ear = Ear()
    pool.send(upstream.endpoint, outgoing, ear, monotonic())
    await ear.over.wait()
    return ear


R = b"HTTP/1.1 200 OK\r\n"
RESPONSES: dict[str, tuple[bytes, tuple[int, bytes], bool]] = {
    "a length": (R + b"Content-Length: 3\r\n\r\nabc", (200, b"abc"), True),
    "no length": (R + b"Content-Length: 0\r\n\r\n", (200, b""), True),
    "chunks": (
        R + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: 1\r\n\r\n",
        (200, b"abc"),
        True,
    ),
    "an empty answer": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b""), True),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", (304, b""), True),
    "interim responses": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: x\r\n\r\n" + OK, (200, b"{}"), True),
    "no phrase": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", (200, b""), True),
    "close": (R + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc", (200, b"abc"), False),
    "HTTP 1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", (200, b"abc"), False),
    "surplus": (R + b"Content-Length: 3\r\n\r\nabcd", (200, b"abc"), False),
    "a response that nobody asked for": (OK + OK, (200, b"{}"), False),
    "a body where none may be": (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", (204, b""), False),
}


def answering(response: bytes, step: int, *, closes: bool = False) -> Engine:
    async def script(visit: Visit) -> None:
        while await visit.next():
            for at in range(0, len(response), step):
                await visit.send(response[at : at + step])
            if closes:
                return

    return Engine(script)


@pytest.mark.parametrize("step", [1, 5, 10_000])
@pytest.mark.parametrize(("response", "heard", "reusable"), RESPONSES.values(), ids=RESPONSES.keys())
@on_loop
async def test_a_response_is_heard_and_its_connection_kept_if_it_is_good(
    response: bytes, heard: tuple[int, bytes], step: int, *, reusable: bool
) -> None:
    async with engine(answering(response, step).script) as upstream:
        pool = Pool(Limits())
        for _ in range(2):
            ear = await hear(pool, upstream)
            assert (ear.loss, ear.heard) == (None, heard)
            await asyncio.sleep(0.01 if not reusable else 0)
        assert len(upstream.visits) == (1 if reusable else 2)
        pool.close()


@pytest.mark.parametrize("name", ["a length", "chunks", "an empty answer", "interim responses"])
@on_loop
async def test_it_does_not_matter_where_a_response_is_split(name: str) -> None:
    response, heard, _ = RESPONSES[name]

    async def script(visit: Visit) -> None:
        while await visit.next():
            at = len(visit.requests)
            await visit.send(response[:at])
            await asyncio.sleep(0.001)
            await visit.send(response[at:])

    async with engine(script) as upstream:
        pool = Pool(Limits())
        for _ in range(1, len(response)):
            assert (await hear(pool, upstream)).heard == heard
        assert len(upstream.visits) == 1
        pool.close()


@on_loop
async def test_a_body_until_the_close() -> None:
    async with engine(answering(R + b"\r\nabc", 1, closes=True).script) as upstream:
        assert (await hear(Pool(Limits()), upstream)).heard == (200, b"abc")


@on_loop
async def test_the_answer_to_head_has_no_body() -> None:
    async def script(visit: Visit) -> None:
        while request := await visit.next():
            await visit.send(R + b"Content-Length: 3\r\n\r\n" + (b"" if request.method == "HEAD" else b"abc"))

    async with engine(script) as upstream:
        pool = Pool(Limits())
        assert [(await hear(pool, upstream, outgoing)).heard for outgoing in (HEAD, GET, HEAD)] == [
            (200, b""),
            (200, b"abc"),
            (200, b""),
        ]
        assert len(upstream.visits) == 1
        pool.close()


@on_loop
async def test_an_answer_before_the_request_was_sent_whole_ends_the_connection() -> None:
    answered = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await visit.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await answered.wait()
        with contextlib.suppress(ConnectionError):
            while await visit.reader.read(2**20):
                pass

    async with engine(script) as upstream:
        pool = Pool(Limits())
        large = Outgoing(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 30000000\r\n\r\n", b"x" * 30_000_000, is_head=False
        )
        assert (await hear(pool, upstream, large)).heard == (413, b"")
        answered.set()
        await upstream.until_open(0)


@on_loop
async def test_a_connection_that_is_not_made_in_time() -> None:
    # A listener whose backlog is full does not answer: the kernel drops what it cannot queue.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        pool = Pool(Limits(connect_s=0.2))
        ears = [Ear() for _ in range(4)]
        connections = [pool.connect(Endpoint(*listener.getsockname()), GET, ear) for ear in ears]
        await ears[-1].over.wait()
        expected = Loss(LossKind.UNREACHABLE, "cannot connect to the engine: no connection within 0.2 s")
        assert ears[-1].loss == expected
        for connection in connections:
            connection.abort()


@on_loop
async def test_what_is_aborted_while_it_connects_sends_nothing() -> None:
    async with engine() as upstream:
        pool = Pool(Limits())
        for _ in range(10):
            pool.connect(upstream.endpoint, GET, Ear()).abort()
            await asyncio.sleep(0)
        assert (await hear(pool, upstream)).loss is None
        await upstream.until_open(1)
        assert len(upstream.requests) == 1
        pool.close()


@on_loop
async def test_https_is_spoken_where_it_is_asked_for() -> None:
    async def script(visit: Visit) -> None:
        assert (await visit.reader.read(3))[:2] == b"\x16\x03"

    async with engine(script) as upstream:
        ear = Ear()
        Pool(Limits()).send(replace(upstream.endpoint, tls=True), GET, ear, monotonic())
        await ear.over.wait()
        assert ear.loss is not None
        assert ear.loss.kind is LossKind.UNREACHABLE


class Wire(asyncio.Transport):
    """The end of a connection on which everything is sent at once."""

    def __init__(self) -> None:
        super().__init__()
        self.is_gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.is_gone

    def abort(self) -> None:
        self.is_gone = True


def head(*lines: str) -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", *lines, "\r\n")).encode()


# What may pass the parser by, what must not, and what looks like it.
READS = {
    **{name: response for name, (response, _, _) in RESPONSES.items()},
    "plain": head("Content-Length: 3") + b"abc",
    "longer": head("Content-Length: 10") + b"0123456789",
    "in lower case": head("content-length: 3") + b"abc",
    "with a line's end": head("Content-Length: 3") + b"ab\n",
    "with a head in it": head("Content-Length: 41") + head("Content-Length: 3") + b"abc",
    "of HTTP 1.0 that stays": head("Connection: keep-alive", "Content-Length: 3").replace(b"/1.1", b"/1.0") + b"abc",
    "that closes": head("Connection: close", "Content-Length: 3") + b"abc",
    "of another status": head("Content-Length: 3").replace(b"200 OK", b"500 Oh") + b"abc",
    "a body where none may be, of a known length": b"HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\nabc",
    "nothing where none may be": b"HTTP/1.1 304 X\r\nContent-Length: 0\r\n\r\n",
    "two lengths": head("Content-Length: 3", "Content-Length: 3") + b"abc",
    "a length and chunks": head("Content-Length: 3", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n",
    "a beginning": head("Content-Length: 3")[:20],
    "only a head": head("Content-Length: 3"),
    "only a body": b"abc",
    "half a body": head("Content-Length: 10") + b"01234",
    "an empty line": b"\r\n",
    "half an empty line": b"\r",
    "after an empty line": b"\r\n" + head("Content-Length: 3") + b"abc",
}


Told = tuple[list[tuple[ResponseHead | None, list[bytes], Loss | None, bool]], bool]


def told(reads: list[tuple[bytes, Outgoing]], ear: Ear | None = None) -> Told:
    """What is heard when these are read, after the request beside each if the response before it is complete.

    `ear`: who listens to the first response.
    """

    async def listen() -> Told:
        wire, free, ears = Wire(), list[UpstreamConnection](), [ear or Ear()]
        outbox = Outbox(asyncio.get_running_loop())
        connection = UpstreamConnection(Endpoint("127.0.0.1", 1), Limits(), outbox, free.append)
        if isinstance(ear, Taker):
            ear.connection = connection
        connection.connect(reads[0][1], ears[0], None)
        connection.connection_made(wire)
        for data, outgoing in reads:
            if free:
                free.clear()
                ears.append(Ear())
                connection.send(outgoing, ears[-1], 0.0)
            outbox.send()
            if not wire.is_gone:
                connection.data_received(data)
        return [(ear.head, ear.pieces, ear.loss, ear.over.is_set()) for ear in ears], wire.is_gone

    return uvloop.run(listen())


CHUNKED = head("Transfer-Encoding: chunked")
PIECES = {
    "one": b"3\r\nabc\r\n",
    "a longer one": b"1f\r\n%b\r\n" % (b"x" * 31),
    "a very long one": b"1000\r\n%b\r\n" % (b"x" * 4096),
    "two": b"3\r\nabc\r\n2\r\nde\r\n",
    "in upper case": b"1F\r\n%b\r\n" % (b"x" * 31),
    "zeros in front": b"003\r\nabc\r\n",
    "an extension": b"3;a=b\r\nabc\r\n",
    "the last": b"0\r\n\r\n",
    "the last with a trailer": b"0\r\nx: y\r\n\r\n",
    "too long": b"2\r\nabc\r\n",
    "too short": b"4\r\nabc\r\n",
    "lines in it": b"4\r\n\r\n\r\n\r\n",
    "a chunk in it": b"8\r\n3\r\nabc\r\n\r\n",
    "no size": b"\r\nabc\r\n",
    "a size in hexadecimal's other spelling": b"0x3\r\nabc\r\n",
    "half": b"8\r\n01234",
    "only its size": b"8\r\n",
    "its first digit": b"8",
    "its end": b"\r\n",
}


@settings(max_examples=400)
@given(st.lists(st.sampled_from(list(PIECES)).map(PIECES.__getitem__), min_size=1, max_size=7), st.booleans())
def test_a_chunk_that_is_alone_in_its_read_changes_nothing(pieces: list[bytes], joined: bool) -> None:  # noqa: FBT001
    first = [CHUNKED + pieces[0], *pieces[1:]] if joined else [CHUNKED, *pieces]

    def whole(heard: Told) -> object:
        return [(len(seen), b"".join(seen), loss, over) for _, seen, loss, over in heard[0]], heard[1]

    reads = [(data, GET) for data in first]
    assert whole(told(reads, Taker())) == whole(told(reads))


def test_only_a_chunk_that_is_alone_in_its_read_and_begins_there_is_given_away() -> None:
    taker = Taker()
    names = ("one", "a longer one", "two", "one", "half", "one", "only its size")
    told([(CHUNKED, GET), *((PIECES[name], GET) for name in names)], taker)
    assert taker.taken == 3


class Forgetful(Memo[ResponseHead]):
    """Remembers nothing."""

    def keep(self, data: bytes, body: bytes | bytearray, value: ResponseHead) -> None:
        pass


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(READS)).map(READS.__getitem__), st.sampled_from([GET, GET, HEAD])),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_remembered_changes_nothing(reads: list[tuple[bytes, Outgoing]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upstream_module, "_HEADS", Forgetful())
        expected = told(reads)
        patch.setattr(upstream_module, "_HEADS", Memo())
        for data in READS.values():
            told([(data, GET)])
        assert told(reads) == expected
        assert told(reads) == expected


def test_a_head_that_was_read_before_passes_the_parser_by() -> None:
    memo: Memo[ResponseHead] = Memo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upstream_module, "_HEADS", memo)
        told([(READS["plain"], GET)])
        assert memo.recall(READS["longer"]) is not None
        patch.setattr(upstream_module, "read_response", None)
        heard, _ = told([(READS["longer"], GET), (READS["plain"], GET)])
    assert [(found.length, pieces) for found, pieces, _, _ in heard if found] == [(10, [b"0123456789"]), (3, [b"abc"])]
