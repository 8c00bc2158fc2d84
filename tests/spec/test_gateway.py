from __future__ import annotations

import pytest
from pydantic import ValidationError

from remuda.spec.gateway import Gateway
from remuda.spec.listen import Listen


def test_defaults() -> None:
    gateway = Gateway()
    assert (gateway.listen, gateway.host, gateway.port, gateway.keys) == (
        Listen("127.0.0.1", 8080),
        "127.0.0.1",
        8080,
        (),
    )


def test_keys() -> None:
    gateway = Gateway.model_validate({"keys": [{"name": "roo", "secret": "${env:K}"}], "listen": "[::1]:0"})
    assert (gateway.host, gateway.port) == ("::1", 0)
    (key,) = gateway.keys
    assert (key.models, key.admin, key.priority) == (("*",), False, 0)
    assert (key.requests_per_minute, key.tokens_per_minute, key.concurrency) == (None, None, None)


def test_a_section_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Gateway().listen = Listen("127.0.0.1", 1)
