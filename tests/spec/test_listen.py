from __future__ import annotations

import pytest

from remuda.spec.form import FormError
from remuda.spec.listen import Listen, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port", "is_loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.2:1", "127.0.0.2", 1, True),
        ("[::1]:8080", "::1", 8080, True),
        ("localhost:0", "localhost", 0, True),
        ("0.0.0.0:80", "0.0.0.0", 80, False),  # noqa: S104 (nothing is bound)
        ("[::]:80", "::", 80, False),
        ("gpu-box.lan:65535", "gpu-box.lan", 65535, False),
        ("192.168.1.5:8080", "192.168.1.5", 8080, False),
    ],
)
def test_addresses(text: str, host: str, port: int, is_loopback: bool) -> None:  # noqa: FBT001
    listen = parse_listen(text)
    assert (listen.host, listen.port, listen.is_loopback, str(listen)) == (host, port, is_loopback, text)
    assert parse_listen(listen) is listen


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (":8080", "has no host", "write `127.0.0.1:8080` for this machine only"),
        ("*:8080", "has no host", "write"),
        ("127.0.0.1", "must be `HOST:PORT`", "write"),
        ("::1:8080", "must be `HOST:PORT`", "write `127.0.0.1:8080`, or `[::1]:8080` for IPv6"),
        ("[::1]", "must be `HOST:PORT`", "write"),
        ("[localhost]:80", "has the host `localhost`", "write"),
        ("127.0.0.1:65536", "has the port `65536`", ""),
        ("127.0.0.256:80", "has the host `127.0.0.256`", "write"),
        ("a_b:80", "has the host `a_b`", "write"),
        ("http://127.0.0.1:80", "must be `HOST:PORT`", "write"),
        (8080, "must be `HOST:PORT`, not `8080`", "write"),
        (None, "must be", "write"),
    ],
)
def test_what_is_no_address(value: object, message: str, hint: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_listen(value)
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith(hint)


def test_an_address_is_a_value() -> None:
    assert parse_listen("127.0.0.1:1") == Listen("127.0.0.1", 1)
