"""Hostile and odd HTTP/1.1: each row has one allowed outcome, and the engine never sees more than it should.

Behind every request of the table stands another one, to `/v1/embeddings`. If the first is refused the connection must
close, and the second must not have been heard; if the first is answered and the connection stays, the second must be
answered too. What the recording engine got is compared exactly.
"""

from __future__ import annotations

import asyncio

import pytest

from remuda.edge.http.limits import Limits
from tests.edge.http.harness import BODY, Admission, Client, Engine, Reply, Visit, engine, gateway, get, on_loop, post

LINE = b"POST /v1/completions HTTP/1.1\r\n"
HEAD = LINE + b"Host: x\r\n"
LENGTH = b"Content-Length: 16\r\n"
PLAIN = HEAD + LENGTH + b"\r\n" + BODY
CODED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
EMPTY = b"0\r\n\r\n"
NEXT = b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n" + BODY


def with_field(line: bytes, body: bytes = BODY) -> bytes:
    """A request with a length and one more line in its head."""
    return HEAD + LENGTH + line + b"\r\n\r\n" + body


def coded(coding: bytes, body: bytes = b"10\r\n" + BODY + b"\r\n" + EMPTY) -> bytes:
    """A request with this line for its transfer coding."""
    return HEAD + coding + b"\r\n\r\n" + body


def sized(length: bytes) -> bytes:
    """A request with this line for its length."""
    return HEAD + length + b"\r\n\r\n" + BODY


def target(line: bytes, body: bytes = BODY) -> bytes:
    """A request with this request line."""
    return line + b"\r\nHost: x\r\n" + LENGTH + b"\r\n" + body


REFUSED: dict[str, tuple[int, bytes]] = {
    # Where a body ends: what two readers could understand differently.
    "both lengths": (400, HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + EMPTY),
    "both lengths, the other way round": (400, HEAD + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + EMPTY),
    "two lengths": (400, HEAD + LENGTH + b"Content-Length: 0\r\n\r\n" + BODY),
    "twice the same length": (400, HEAD + LENGTH + LENGTH + b"\r\n" + BODY),
    "a list of lengths": (400, sized(b"Content-Length: 16, 16")),
    "a signed length": (400, sized(b"Content-Length: +16")),
    "a negative length": (400, sized(b"Content-Length: -16")),
    "a length with a space in it": (400, sized(b"Content-Length: 1 6")),
    "a length with an underscore": (400, sized(b"Content-Length: 1_6")),
    "a length over 64 bits": (400, sized(b"Content-Length: 18446744073709551632")),
    "a length of a thousand digits": (400, sized(b"Content-Length: " + b"0" * 998 + b"16")),
    "a hexadecimal length": (400, sized(b"Content-Length: 0x10")),
    "a length with a fraction": (400, sized(b"Content-Length: 16.0")),
    "a quoted length": (400, sized(b'Content-Length: "16"')),
    "an empty length": (400, sized(b"Content-Length:")),
    "a length in another script": (400, sized("Content-Length: ١٦".encode())),
    "a length in a folded line": (400, sized(b"Content-Length:\r\n 16")),
    "a space before the colon of a length": (400, sized(b"Content-Length : 16")),
    "a tab before the colon of a length": (400, sized(b"Content-Length\t: 16")),
    # Transfer codings.
    "gzip, chunked": (400, coded(b"Transfer-Encoding: gzip, chunked")),
    "gzip": (400, coded(b"Transfer-Encoding: gzip")),
    "chunked, gzip": (400, coded(b"Transfer-Encoding: chunked, gzip")),
    "chunked, chunked": (400, coded(b"Transfer-Encoding: chunked, chunked")),
    "chunked in two fields": (400, coded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
    "chunked, and identity in a second field": (
        400,
        coded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    ),
    "identity": (400, coded(b"Transfer-Encoding: identity")),
    "identity, and a length": (400, HEAD + LENGTH + b"Transfer-Encoding: identity\r\n\r\n" + BODY),
    "xchunked": (400, coded(b"Transfer-Encoding: xchunked")),
    "chunkedx": (400, coded(b"Transfer-Encoding: chunkedx")),
    "chunked with a parameter": (400, coded(b"Transfer-Encoding: chunked;q=1")),
    "quoted chunked": (400, coded(b'Transfer-Encoding: "chunked"')),
    "a comma before chunked": (400, coded(b"Transfer-Encoding: ,chunked")),
    "no transfer coding": (400, coded(b"Transfer-Encoding:")),
    "a tab after chunked": (400, coded(b"Transfer-Encoding: chunked\t")),
    "a vertical tab before chunked": (400, coded(b"Transfer-Encoding: \x0bchunked")),
    "a folded transfer coding": (400, coded(b"Transfer-Encoding:\r\n chunked")),
    "a tab before the colon of a coding": (400, coded(b"Transfer-Encoding\t: chunked")),
    "chunked in HTTP 1.0": (400, coded(b"Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0")),
    # Chunks.
    "a chunk size over 64 bits": (400, CODED + b"10000000000000010\r\n" + BODY + b"\r\n" + EMPTY),
    "a signed chunk size": (400, CODED + b"+10\r\n" + BODY + b"\r\n" + EMPTY),
    "a negative chunk size": (400, CODED + b"-10\r\n" + BODY + b"\r\n" + EMPTY),
    "a chunk size with 0x": (400, CODED + b"0x10\r\n" + BODY + b"\r\n" + EMPTY),
    "a chunk size with a space": (400, CODED + b"10 \r\n" + BODY + b"\r\n" + EMPTY),
    "a space before a chunk size": (400, CODED + b" 10\r\n" + BODY + b"\r\n" + EMPTY),
    "no chunk size": (400, CODED + b"\r\n" + BODY + b"\r\n" + EMPTY),
    "a chunk size that is none": (400, CODED + b"ten\r\n" + BODY + b"\r\n" + EMPTY),
    "a chunk longer than its size": (400, CODED + b"10\r\n" + BODY + b"x\r\n" + EMPTY),
    "a chunk without its end": (400, CODED + b"10\r\n" + BODY + EMPTY),
    "a bare LF after a chunk size": (400, CODED + b"10\n" + BODY + b"\r\n" + EMPTY),
    "a bare CR after a chunk size": (400, CODED + b"10\r" + BODY + b"\r\n" + EMPTY),
    "a bare LF after a chunk": (400, CODED + b"10\r\n" + BODY + b"\n" + EMPTY),
    "a bare LF in a chunk extension": (400, CODED + b"10;a\nb\r\n" + BODY + b"\r\n" + EMPTY),
    "a NUL in a chunk extension": (400, CODED + b"10;a\0\r\n" + BODY + b"\r\n" + EMPTY),
    "a length in the trailer": (400, CODED + b"10\r\n" + BODY + b"\r\n0\r\nContent-Length: 5\r\n\r\nhello"),
    "a coding in the trailer": (400, CODED + b"10\r\n" + BODY + b"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" + EMPTY),
    # Lines and fields.
    "obsolete folding": (400, with_field(b"X: a\r\n b")),
    "folding with a tab": (400, with_field(b"X: a\r\n\tb")),
    "a space before the first field": (400, LINE + b" Host: x\r\n" + LENGTH + b"\r\n" + BODY),
    "a space before the colon": (400, with_field(b"X : a")),
    "a bare LF in the head": (400, HEAD + b"Content-Length: 16\n\r\n" + BODY),
    "only bare LFs": (400, PLAIN.replace(b"\r\n", b"\n")),
    "a bare LF at the end of the head": (400, HEAD + LENGTH + b"\n" + BODY),
    "a bare CR in a value": (400, HEAD + b"X: a\rContent-Length: 16\r\n\r\n" + BODY),
    "a bare CR after the request line": (400, LINE[:-1] + b"Host: x\r\n" + LENGTH + b"\r\n" + BODY),
    "a NUL in a value": (400, with_field(b"X: a\0b")),
    "a NUL in a name": (400, with_field(b"X\0: b")),
    "a control character in a value": (400, with_field(b"X: a\x07b")),
    "DEL in a value": (400, with_field(b"X: a\x7fb")),
    "a space in a name": (400, with_field(b"X Y: b")),
    "a byte over 127 in a name": (400, with_field(b"X\xe9: b")),
    "a parenthesis in a name": (400, with_field(b"X(: b")),
    "a field without a name": (400, with_field(b": b")),
    "a field without a colon": (400, with_field(b"oops")),
    "no host": (400, LINE + LENGTH + b"\r\n" + BODY),
    "two hosts": (400, with_field(b"Host: y")),
    "twice the same host": (400, with_field(b"Host: x")),
    "two credentials": (400, with_field(b"Authorization: Bearer a\r\nAuthorization: Bearer b")),
    # Request lines.
    "an authority as target": (400, target(b"POST host:80 HTTP/1.1")),
    "an asterisk as target": (400, target(b"OPTIONS * HTTP/1.1")),
    "a target without a slash": (400, target(b"POST v1/completions HTTP/1.1")),
    "another scheme": (400, target(b"POST ftp://x/v1/completions HTTP/1.1")),
    "a URL without a host": (400, target(b"POST http:///v1/completions HTTP/1.1")),
    "a fragment": (400, target(b"POST /v1/completions#x HTTP/1.1")),
    "a space in the target": (400, target(b"POST /v1/completions x HTTP/1.1")),
    "a NUL in the target": (400, target(b"POST /v1/completions\0 HTTP/1.1")),
    "bytes over 127 in the target": (400, target(b"POST /v1/\xc3\xa9 HTTP/1.1")),
    "a broken escape in the target": (400, target(b"POST /v1/completions%zz HTTP/1.1")),
    "a method in lower case": (400, target(b"post /v1/completions HTTP/1.1")),
    "an unknown method": (400, target(b"BREW /v1/completions HTTP/1.1")),
    "a space before the method": (400, target(b" POST /v1/completions HTTP/1.1")),
    "no version": (505, b"POST /v1/completions\r\n\r\n"),
    "a version in lower case": (400, target(b"POST /v1/completions http/1.1")),
    "HTTP 0.9": (505, target(b"POST /v1/completions HTTP/0.9")),
    "HTTP 1.2": (400, target(b"POST /v1/completions HTTP/1.2")),
    "HTTP 2": (505, target(b"POST /v1/completions HTTP/2.0")),
    "another protocol": (405, target(b"PLAY /v1/completions RTSP/1.0")),
    "an HTTP 2 preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": (400, bytes.fromhex("16030100c8010000c40303") + b"\0" * 60),
    "CONNECT": (405, target(b"CONNECT example.org:443 HTTP/1.1")),
    # Expectations.
    "an expectation that we do not know": (417, with_field(b"Expect: 200-ok")),
    "two expectations": (400, with_field(b"Expect: 100-continue\r\nExpect: 100-continue")),
    # Bounds.
    "a very long target": (431, target(b"POST /" + b"a" * 70_000 + b" HTTP/1.1")),
    "a very long value": (431, with_field(b"X: " + b"a" * 70_000)),
    "a very long name": (431, with_field(b"a" * 70_000 + b": b")),
    "very many fields": (431, with_field(b"\r\n".join([b"a: b"] * 101))),
    "a very long method": (400, target(b"POST" + b"T" * 70_000 + b" /v1/completions HTTP/1.1")),
    "a body over the bound": (413, sized(b"Content-Length: 104857601")),
}

TAKEN: dict[str, bytes] = {
    "a padded length": sized(b"Content-Length: \t 16 \t "),
    "a length without a space": sized(b"content-length:16"),
    "zeros before a length": sized(b"Content-Length: 0000016"),
    "empty lines before the request": b"\r\n\r\n" + PLAIN,
    "an absolute target": target(b"POST http://other/v1/completions HTTP/1.1"),
    "an absolute target in capitals": target(b"POST HTTPS://OTHER:1/v1/completions HTTP/1.1"),
    "an escaped letter in the target": target(b"POST /v1/%63ompletions HTTP/1.1"),
    "a slash after the target": target(b"POST /v1/completions/ HTTP/1.1"),
    "two spaces after the target": target(b"POST /v1/completions  HTTP/1.1"),
    "bytes over 127 in a value": with_field(b"X: \xe9"),
    "a tab in a value": with_field(b"X: a\tb"),
    "an empty value": with_field(b"X:"),
    "every sign that a name may have": with_field(b"!#$%&'*+-.^_`|~0aZ: b"),
    "the most fields": with_field(b"\r\n".join([b"a: b"] * 98)),
    "chunks": CODED + b"8\r\n" + BODY[:8] + b"\r\n8\r\n" + BODY[8:] + b"\r\n" + EMPTY,
    "chunked in capitals, after a tab": coded(b"TRANSFER-ENCODING:\t CHUNKED "),
    "zeros before a chunk size": CODED + b"000000010\r\n" + BODY + b"\r\n000\r\n\r\n",
    "chunk extensions": CODED + b'8;a=b;c="d"\r\n' + BODY[:8] + b"\r\n8;x\r\n" + BODY[8:] + b"\r\n0;last\r\n\r\n",
    "a trailer": CODED + b"10\r\n" + BODY + b"\r\n0\r\nX-Gone: gone\r\n\r\n",
    "credentials in the trailer": CODED + b"10\r\n" + BODY + b"\r\n0\r\nAuthorization: gone\r\nHost: gone\r\n\r\n",
    "fields named by Connection": with_field(b"Connection: X-Gone\r\nX-Gone: gone"),
    "a length named by Connection": with_field(b"Connection: Content-Length, Host"),
    "fields about the connection": with_field(
        b"Keep-Alive: gone\r\nTE: gone\r\nProxy-Connection: gone\r\nTrailer: gone"
    ),
    "a protocol that we do not switch to": with_field(b"Connection: Upgrade\r\nUpgrade: gone"),
    "an expectation in capitals": with_field(b"Expect: 100-CONTINUE"),
}

ANSWERED: dict[str, tuple[int, bytes]] = {
    "an unknown path": (404, target(b"POST /v2/completions HTTP/1.1")),
    "dot segments": (404, target(b"POST /v1/../v1/completions HTTP/1.1")),
    "an escaped slash": (404, target(b"POST /v1%2fcompletions HTTP/1.1")),
    "two slashes": (404, target(b"POST //v1/completions HTTP/1.1")),
    "a NUL, escaped": (404, target(b"POST /v1/completions%00 HTTP/1.1")),
    "another method": (405, target(b"DELETE /v1/completions HTTP/1.1")),
    "a body that is no JSON": (400, target(LINE[:-2], b"x" * 16)),
    "a compressed body": (415, with_field(b"Content-Encoding: gzip")),
    "an unknown model": (404, target(LINE[:-2], b'{"model":"tinz"}')),
}


def seen(upstream: Engine) -> list[tuple[str, str, bytes]]:
    """What the engine got; each request in our own form."""
    for request in upstream.requests:
        names = [name for name, _ in request.headers]
        fields = dict(request.headers)
        assert names.count("content-length") == names.count("host") == 1
        assert fields["content-length"] == str(len(request.body))
        assert fields["host"] == f"127.0.0.1:{upstream.endpoint.port}"
        assert not {"transfer-encoding", "connection", "trailer", "expect", "upgrade", "te", "keep-alive"} & {*names}
        assert "gone" not in "".join(f"{name}{value}" for name, value in request.headers)
    return [(request.method, request.target, request.body) for request in upstream.requests]


FIRST, SECOND = ("POST", "/v1/completions", BODY), ("POST", "/v1/embeddings", BODY)


async def ask(client: Client, request: bytes) -> Reply:
    """The final reply to a request."""
    reply = await client.ask(request)
    return await client.receive() if reply.status == 100 else reply


async def warm_up(client: Client, upstream: Engine) -> None:
    """Let the gateway know the heads that the rows are made of: a known head must be no way in."""
    for known in (PLAIN, NEXT, PLAIN):
        assert (await client.ask(known)).status == 200
    assert seen(upstream) == [FIRST, SECOND, FIRST]
    upstream.requests.clear()


warm = pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])


async def send_apart(client: Client, *pieces: bytes) -> None:
    """Send pieces, the next one when the one before has been read."""
    for piece in pieces:
        await client.send(piece)
        await asyncio.sleep(0.005)


@warm
@pytest.mark.parametrize("is_apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=REFUSED.keys())
@on_loop
async def test_what_cannot_be_trusted_is_refused_and_nothing_behind_it_is_heard(
    status: int, request_: bytes, *, is_apart: bool, is_warm: bool
) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        if is_warm:
            await warm_up(client, upstream)
        pieces = [request_, NEXT] if is_apart else [request_ + NEXT]
        sending = asyncio.ensure_future(send_apart(client, *pieces))
        reply = await client.receive()
        assert (reply.status, reply.header("connection"), reply.is_whole) == (status, "close", True)
        await asyncio.gather(sending, return_exceptions=True)
        await client.closed()
        assert upstream.requests == []


@warm
@pytest.mark.parametrize("request_", TAKEN.values(), ids=TAKEN.keys())
@on_loop
async def test_what_is_only_odd_reaches_the_engine_in_the_one_form(request_: bytes, *, is_warm: bool) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        if is_warm:
            await warm_up(client, upstream)
        for _ in range(2):
            replies = [await ask(client, request_), await client.ask(NEXT)]
            assert [(reply.status, reply.header("connection")) for reply in replies] == [(200, None)] * 2
        assert seen(upstream) == [FIRST, SECOND] * 2


@warm
@pytest.mark.parametrize(("status", "request_"), ANSWERED.values(), ids=ANSWERED.keys())
@on_loop
async def test_what_is_sound_but_wrong_leaves_the_connection_usable(
    status: int, request_: bytes, *, is_warm: bool
) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        if is_warm:
            await warm_up(client, upstream)
        for _ in range(2):
            replies = [await client.ask(request_ + NEXT), await client.receive()]
            assert [(reply.status, reply.header("connection")) for reply in replies] == [(status, None), (200, None)]
        assert seen(upstream) == [SECOND] * 2


@pytest.mark.parametrize("error", [REFUSED["two lengths"], REFUSED["TLS"], REFUSED["a very long value"]])
@on_loop
async def test_an_error_in_a_pipeline_comes_last_and_after_the_answers_before_it(error: tuple[int, bytes]) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        sending = asyncio.ensure_future(client.send(PLAIN + get() + error[1] + NEXT))
        await house.admission.until("ask")
        house.admission.grant(1)
        replies = [await client.receive() for _ in range(3)]
        statuses = [(reply.status, reply.header("connection")) for reply in replies]
        assert statuses == [(200, None), (200, None), (error[0], "close")]
        await asyncio.gather(sending, return_exceptions=True)
        await client.closed()
        assert seen(upstream) == [FIRST]


@on_loop
async def test_a_head_in_pieces_of_one_byte() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for octet in PLAIN + NEXT:
            await client.send(bytes((octet,)))
            await asyncio.sleep(0)
        assert [(await client.receive()).status for _ in range(2)] == [200, 200]
        assert seen(upstream) == [FIRST, SECOND]


@on_loop
async def test_nothing_is_heard_after_a_request_that_closes() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(with_field(b"Connection: keep-alive, CLOSE") + NEXT)
        assert (reply.status, reply.header("connection")) == (200, "close")
        await client.closed()
        assert seen(upstream) == [FIRST]


@on_loop
async def test_a_client_that_waits_is_invited_once_and_then_read() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(with_field(b"Expect: 100-continue", b""))
        assert (await client.receive()).status == 100
        assert upstream.visits == []
        assert (await client.ask(BODY + NEXT)).status == 200
        assert (await client.receive()).status == 200
        assert seen(upstream) == [FIRST, SECOND]


@pytest.mark.parametrize(("status", "path"), [(404, b"/v2"), (413, b"/v1/completions")])
@on_loop
async def test_a_client_that_waits_in_vain_is_not_invited(status: int, path: bytes) -> None:
    """Nor is what it sends after that taken for its body, or for a request."""
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
        reply = await client.ask(head % (path, 2**40 if status == 413 else 16))
        assert (reply.status, reply.header("connection")) == (status, "close")
        await client.send(NEXT)
        await client.closed()
        assert upstream.visits == []


@pytest.mark.parametrize(("keeps", "connection"), [(b"", "close"), (b"Connection: keep-alive\r\n", "keep-alive")])
@on_loop
async def test_http_1_0_needs_no_host_and_stays_only_if_it_asks(keeps: bytes, connection: str) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        old = b"POST /v1/completions HTTP/1.0\r\nExpect: 100-continue\r\n" + keeps + LENGTH + b"\r\n" + BODY
        reply = await client.ask(old + NEXT)
        assert (reply.status, reply.header("connection")) == (200, connection)
        if connection == "close":
            await client.closed()
        else:
            assert (await client.receive()).status == 200
        assert seen(upstream) == [FIRST, SECOND][: 1 if connection == "close" else 2]


@on_loop
async def test_the_answer_to_head_is_no_body_and_the_connection_stays() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        full = await client.ask(get("/v1/models"), method="GET")
        bare = await client.ask(get("/v1/models", method="HEAD") + NEXT, method="HEAD")
        assert (bare.status, bare.headers, len(full.body)) == (
            200,
            full.headers,
            int(full.header("content-length") or 0),
        )
        assert (await client.receive()).status == 200
        missing = await client.ask(get("/nope", method="HEAD") + NEXT, method="HEAD")
        assert missing.status == 404
        assert (await client.receive()).status == 200
        assert seen(upstream) == [SECOND, SECOND]


@on_loop
async def test_a_body_cut_short_is_never_sent_on() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        for whole in (PLAIN, CODED + b"10\r\n" + BODY + b"\r\n" + EMPTY):
            client = await house.client()
            await client.send(whole[:-1])
            client.writer.write_eof()
            await client.closed()
        assert upstream.visits == []


@on_loop
async def test_requests_behind_an_upload_that_is_refused_are_part_of_it() -> None:
    limits = Limits(discard_bytes=10)
    async with engine() as upstream, gateway(Admission(upstream.endpoint), limits=limits) as house:
        client = await house.client()
        reply = await client.ask(target(b"POST /v2 HTTP/1.1", NEXT[:16]) + NEXT)
        assert (reply.status, reply.header("connection")) == (404, "close")
        await client.closed()
        assert upstream.visits == []


@warm
@on_loop
async def test_a_pipeline_is_cut_where_its_lengths_say(*, is_warm: bool) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        if is_warm:
            await warm_up(client, upstream)
        await client.send(PLAIN + NEXT + PLAIN + NEXT[:-5])
        await asyncio.sleep(0.005)
        await client.send(NEXT[-5:] + PLAIN)
        assert [(await client.receive()).status for _ in range(5)] == [200] * 5
        assert seen(upstream) == [FIRST, SECOND, FIRST, SECOND, FIRST]


@on_loop
async def test_two_clients_on_one_connection_to_the_engine_stay_apart() -> None:
    """What one client sends too much is not what the next client's request begins with."""
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        for _ in range(3):
            first, second = await house.client(), await house.client()
            assert (await first.ask(PLAIN + b"POST /v1/smuggled HTTP/1.1\r\nX: ")).status == 200
            assert (await second.ask(post(BODY, path="/v1/embeddings"))).status == 200
        assert len(upstream.visits) == 1
        assert seen(upstream) == [FIRST, SECOND] * 3


WEBSOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
SHAKE = b"GET /upstream/tiny/ws HTTP/1.1\r\nHost: x\r\n" + WEBSOCKET


@pytest.mark.parametrize("status", [200, 400, 426])
@on_loop
async def test_what_follows_a_request_for_a_tunnel_is_not_heard_if_there_is_none(status: int) -> None:
    async def decline(visit: Visit) -> None:
        while await visit.next():
            await visit.send(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % status)

    async with engine(decline) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(SHAKE + b"\r\n" + NEXT)
        assert (reply.status, reply.header("connection")) == (status, "close")
        await client.closed()
        assert [request.target for request in upstream.requests] == ["/ws"]


@pytest.mark.parametrize(
    ("rest", "body"),
    [(LENGTH + b"\r\n" + BODY, BODY), (b"Transfer-Encoding: chunked\r\n\r\n10\r\n" + BODY + b"\r\n" + EMPTY, BODY)],
)
@on_loop
async def test_a_request_with_a_body_is_no_request_for_a_tunnel(rest: bytes, body: bytes) -> None:
    """Else one of two readers takes the body for what is said in the tunnel."""
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        assert (await client.ask(SHAKE + rest + NEXT)).status == 200
        assert (await client.receive()).status == 200
        assert seen(upstream) == [("GET", "/ws", body), SECOND]


@pytest.mark.parametrize("path", [b"/v1/completions", b"/v1/messages", b"/tokenize"])
@on_loop
async def test_a_path_that_has_no_tunnels_stays_http(path: bytes) -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        wrong = b"POST %b HTTP/1.1\r\nHost: x\r\n%b%b\r\n%b" % (path, WEBSOCKET, b"Content-Length: 1\r\n", b"x")
        assert (await client.ask(wrong + NEXT)).status == 400
        assert (await client.receive()).status == 200
        assert seen(upstream) == [SECOND]
