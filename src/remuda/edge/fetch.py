"""Asks an engine for one thing, such as its metrics, or to do something, within a bound of time and size."""

from __future__ import annotations

import asyncio
import ssl

import httptools

from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import Call
from remuda.errors import EffectError

_READ_BYTES = 64 * 1024
"""What is read at a time, and what an answer may have that nobody wants to be long."""


class _Page:
    """What httptools has understood so far."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_whole = False
        self.ends_with_connection = False
        self._says_its_end = False

    def on_header(self, name: bytes, value: bytes) -> None:
        del value
        self._says_its_end |= name.lower() in {b"content-length", b"transfer-encoding"}

    def on_headers_complete(self) -> None:
        self.ends_with_connection = not self._says_its_end

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_whole = True


async def fetch(endpoint: Endpoint, path: str, *, timeout_s: float, max_bytes: int) -> bytes:
    """The body of a GET that answers 200. Raises EffectError."""
    return await ask(endpoint, Call("GET", path), timeout_s=timeout_s, max_bytes=max_bytes)


async def ask(endpoint: Endpoint, call: Call, *, timeout_s: float, max_bytes: int = _READ_BYTES) -> bytes:
    """The body of the answer to a call, which has to be 200. Raises EffectError."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _ask(endpoint, call, max_bytes)
    except TimeoutError:
        raise EffectError(f"`{endpoint.url}` did not answer `{call.path}` within {timeout_s:g} s") from None
    except (OSError, httptools.HttpParserError) as error:
        raise EffectError(f"cannot get `{call.path}` of `{endpoint.url}`: {error}") from error


async def _ask(endpoint: Endpoint, call: Call, max_bytes: int) -> bytes:
    context = ssl.create_default_context() if endpoint.tls else None
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)
    try:
        target = f"{call.method} {endpoint.base_path}{call.path} HTTP/1.1\r\n"
        length = f"Content-Type: application/json\r\nContent-Length: {len(call.body)}\r\n"
        head = (
            f"{target}Host: {endpoint.authority}\r\nConnection: close\r\n{'' if call.method == 'GET' else length}\r\n"
        )
        writer.write(head.encode() + call.body)
        return await _read(reader, max_bytes)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, max_bytes: int) -> bytes:
    page = _Page()
    parser = httptools.HttpResponseParser(page)
    while not page.is_whole:
        data = await reader.read(_READ_BYTES)
        if not data:
            if page.ends_with_connection:
                break
            raise EffectError("the connection ended in the middle of the answer")
        parser.feed_data(data)
        if len(page.body) > max_bytes:
            raise EffectError(f"the answer is longer than {max_bytes} bytes")
    if parser.get_status_code() != 200:  # noqa: PLR2004
        raise EffectError(f"the answer has status {parser.get_status_code()}")
    return bytes(page.body)
