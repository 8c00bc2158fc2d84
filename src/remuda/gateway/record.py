"""What is written down of a request when it is over: the source of metrics, activity and the access log."""

from __future__ import annotations

import msgspec

LEFT = 499
"""The status of a request whose client left before its end: nginx's word for it, and no fault of a server."""


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What an engine said, at the end of its response, about the work done.

    Numbers of tokens; `prompt_ms` and `predicted_ms` are llama.cpp's timings. None: it did not say.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    prompt_ms: float | None = None
    predicted_ms: float | None = None

    @property
    def tokens(self) -> int:
        """All tokens that count against a key's limit."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)


class Record(msgspec.Struct, frozen=True, gc=False):
    """One request, whole.

    `at`: when it arrived, in seconds since 1970. `asked`: the name that the client wrote; `model`: the one that it led
    to (empty: none was chosen). `status`: what the client saw; 499 when it left before the end. `queued_s`: until an
    instance was granted; `first_byte_s`: until the first byte of the body, None without one; `took_s`: until the end;
    all three from the arrival. `events`: how many events of a stream were relayed, about one for each token. `error`:
    the code of our own error, or empty.
    """

    number: int
    at: float
    client: str
    key: str
    method: str
    path: str
    asked: str
    model: str
    status: int
    stream: bool
    queued_s: float
    first_byte_s: float | None
    took_s: float
    bytes_in: int
    bytes_out: int
    events: int
    usage: Usage | None
    error: str
