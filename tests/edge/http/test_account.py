from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from remuda.edge.http.account import Account
from remuda.edge.http.chunks import ChunkRelay
from remuda.edge.http.outbox import Outbox
from remuda.gateway.api import PATHS
from remuda.gateway.decide import Admitted, decide
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead, read_head
from remuda.gateway.keys import OPEN
from remuda.gateway.reply import chunk
from remuda.gateway.tail import KEEP_BYTES
from tests.edge.http.harness import BODY, GATEWAY, STREAM, Admission, Visit, engine, gateway, get, on_loop, post

EVENTS = b'data: {"a":1}\n\ndata: {"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'


@on_loop
async def test_what_is_written_down_of_a_stream() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM)
        await asyncio.sleep(0.2)
        await visit.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS), EVENTS))

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        await (await house.client()).ask(post())
        record = house.observer.last
        assert (record.status, record.model, record.asked, record.path) == (200, "tiny", "tiny", "/v1/chat/completions")
        assert (record.client, record.key, record.method, record.stream) == ("127.0.0.1", "", "POST", True)
        assert (record.bytes_in, record.bytes_out, record.events) == (len(BODY), len(EVENTS), 2)
        assert record.usage is not None
        assert (record.usage.prompt_tokens, record.usage.completion_tokens) == (3, 2)
        assert record.first_byte_s is not None
        assert 0 <= record.queued_s < 0.1 < record.first_byte_s <= record.took_s


def account(*, stream: bool) -> Account:
    head = read_head(b"POST", b"/v1/completions", "1.1", [(b"host", b"x")])
    assert isinstance(head, RequestHead)
    forward = decide(Admitted(head, OPEN, PATHS[b"/v1/completions"]), BODY, GATEWAY)
    assert isinstance(forward, Forward)
    made = Account(forward, "192.0.2.1", 0.0)
    made.stream = stream
    return made


def test_a_long_body_is_not_kept() -> None:
    long = account(stream=False)
    for _ in range(100):
        long.passed(b"x" * 100_000)
    assert long.bytes_out == 10_000_000
    assert long.tail is not None
    assert sum(map(len, long.tail)) < 8 * KEEP_BYTES


PIECES = st.sampled_from([b"x", b"data: 1\n\n", b"\n", b"\n\n", b"a\n\nb\n\n", EVENTS, b"x" * 3000])


@given(st.lists(st.tuples(PIECES, st.booleans()), max_size=20), st.booleans())
def test_it_is_the_same_whether_chunks_are_relayed_or_read(ways: list[tuple[bytes, bool]], stream: bool) -> None:  # noqa: FBT001
    one, other = account(stream=stream), account(stream=stream)
    loop = asyncio.new_event_loop()
    one.relay = relay = ChunkRelay(Outbox(loop), bytes)
    for each in (one, other):
        each.passed(EVENTS)
    for piece, is_relayed in ways:
        other.passed(piece)
        if not is_relayed:
            one.passed(piece)
        else:
            assert relay.pass_on(chunk(piece))
    assert one.last() == other.last()
    assert one.closed(1, "tiny", 200, 1.0, 0.0) == other.closed(1, "tiny", 200, 1.0, 0.0)
    loop.close()


@on_loop
async def test_a_client_that_leaves_is_499_wherever_it_leaves() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM)
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        queued, streaming = await house.client(), await house.client()
        await queued.send(post())
        await house.admission.until("ask")
        queued.leave()
        await house.admission.until("ask", "abandon")
        house.admission.holds = False
        await streaming.send(post())
        await streaming.reader.readuntil(b"\r\n\r\n")
        streaming.leave()
        await house.admission.until("ask", "abandon", "ask", "grant", "end")
        assert [record.status for record in house.observer.records] == [499, 499]


@on_loop
async def test_our_own_answers_are_written_down_as_well() -> None:
    async with gateway() as house:
        client = await house.client()
        for path in ("/health", "/nope"):
            await client.ask(get(path), method="GET")
        told = [(record.path, record.status, record.error, record.model) for record in house.observer.records]
        assert told == [("/health", 200, "", ""), ("/nope", 404, "unknown_path", "")]


@on_loop
async def test_anthropics_streams_tell_of_the_prompt_at_their_beginning() -> None:
    first = b'event: message_start\ndata: {"message":{"usage":{"input_tokens":7,"output_tokens":1}}}\n\n'
    last = b'event: message_delta\ndata: {"usage":{"output_tokens":5}}\n\n'

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM)
        for piece in (first, b"x" * 30_000, last):
            await visit.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(0.01)
        await visit.send(b"0\r\n\r\n")

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        await (await house.client()).ask(post())
        usage = house.observer.last.usage
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens) == (7, 5)
