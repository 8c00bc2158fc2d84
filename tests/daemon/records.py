"""Records of requests, as short as a test needs them."""

from typing import Any

from remuda.gateway.record import Record, Usage

AT = 1_790_000_000.25
"""2026-09-21T14:13:20.250Z."""

DAY = int(AT // 86_400)

_USUAL: dict[str, Any] = {
    "number": 1,
    "at": AT,
    "client": "127.0.0.1",
    "key": "roo",
    "method": "POST",
    "path": "/v1/chat/completions",
    "asked": "lane",
    "model": "tiny",
    "status": 200,
    "stream": True,
    "queued_s": 0.001,
    "first_byte_s": 0.5,
    "took_s": 2.5,
    "bytes_in": 100,
    "bytes_out": 2000,
    "events": 21,
    "usage": Usage(10, 21, 4),
    "error": "",
}


def record(**changed: Any) -> Record:
    """A stream that went well, but for what is said."""
    return Record(**_USUAL | changed)
