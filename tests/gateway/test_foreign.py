from __future__ import annotations

import pytest

from remuda.gateway.foreign import is_foreign
from remuda.gateway.head import RequestHead, read_head


@pytest.mark.parametrize(
    ("host", "origin", "foreign"),
    [
        (b"127.0.0.1:8080", None, False),
        (b"[::1]:8080", None, False),
        (b"localhost", None, False),
        (b"remuda.localhost:8080", None, False),
        (b"192.168.1.5:8080", None, False),
        (b"localhost:8080", b"http://localhost:8080", False),
        (b"localhost:8080", b"http://localhost:3000", True),
        (b"localhost:8080", b"null", True),
        (b"localhost:8080", b"", True),
        (b"localhost:8080", b"http://[", True),
        (b"rebound.example:8080", None, True),
        (b"localhost.example", None, True),
        (b"", None, True),
        (b"[", None, True),
    ],
)
def test_what_another_page_may_have_sent(host: bytes, origin: bytes | None, *, foreign: bool) -> None:
    fields = [(b"Host", host)] + ([] if origin is None else [(b"Origin", origin)])
    head = read_head(b"POST", b"/unload", "1.1", fields)
    assert isinstance(head, RequestHead)
    assert is_foreign(head) is foreign
