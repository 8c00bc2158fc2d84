from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.envelope import Answer
from remuda.gateway.peek import Peek, peek, rewrite_model


@pytest.mark.parametrize(
    ("body", "model", "stream"),
    [
        (b'{"model":"a"}', "a", False),
        (b'{"model":"a","stream":true}', "a", True),
        (b'{"model":"a","stream":false}', "a", False),
        (b'{"model":"a","stream":1}', "a", False),
        (b' {"x": [{"model": "inner"}], "model" : "a"} ', "a", False),
        (b'{"model":"a","model":"b"}', "b", False),
        (b'{"model":"a","mod\\u0065l":"b"}', "b", False),
        (b'{"model":7,"model":"b"}', "b", False),
        (b'{"model":"org/name:q4"}', "org/name:q4", False),
        ('{"model":"模型"}'.encode(), "模型", False),
        (b'{"model":"\\u6a21"}', "模", False),
    ],
)
def test_the_model_is_what_the_engines_json_reader_sees(body: bytes, model: str, *, stream: bool) -> None:
    assert peek(body) == Peek(model, stream)
    assert peek(bytearray(body)) == Peek(model, stream)
    assert json.loads(body)["model"] == model


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"model=a", "invalid_json"),
        (b'{"model":"a"', "invalid_json"),
        (b'{"model":"a"} x', "invalid_json"),
        (b'{"model":"a"}{"model":"b"}', "invalid_json"),
        (b'\xef\xbb\xbf{"model":"a"}', "invalid_json"),
        ('{"model":"a"}'.encode("utf-16"), "invalid_json"),
        (b'{"model":"\xff"}', "invalid_json"),
        (b'{"model":"\\ud800"}', "invalid_json"),
        (b'{"x":' + b"[" * 1_000_000, "invalid_json"),
        (b"[]", "invalid_body"),
        (b'"model"', "invalid_body"),
        (b"null", "invalid_body"),
        (b"{}", "invalid_model"),
        (b'{"Model":"a"}', "invalid_model"),
        (b'{"model":null}', "invalid_model"),
        (b'{"model":""}', "invalid_model"),
        (b'{"model":["a"]}', "invalid_model"),
        (b'{"model":"a","model":1}', "invalid_model"),
    ],
)
def test_anything_else_is_refused(body: bytes, code: str) -> None:
    found = peek(body)
    assert isinstance(found, Answer)
    error = json.loads(found.body)["error"]
    assert (found.status, error["code"]) == (400, code)
    assert error["param"] == ("model" if code == "invalid_model" else None)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.text(min_size=1), st.text(min_size=1))
def test_a_rewrite_changes_the_model_and_nothing_else(fields: dict[str, Any], model: str, name: str) -> None:
    body = json.dumps(fields | {"model": model}).encode()
    assert peek(body) == Peek(model, fields.get("stream") is True)
    rewritten = rewrite_model(body, name)
    assert json.loads(rewritten) == fields | {"model": name}
    assert peek(rewritten) == Peek(name, fields.get("stream") is True)


def test_a_rewrite_keeps_the_bytes_of_every_other_value() -> None:
    body = b'{ "temperature": 1.50, "model": "a", "messages": [ {"content" : "\\u00e9\\/" } ], "seed": 1e400 }'
    expected = b'{"temperature":1.50,"model":"b \\"2\\"","messages":[ {"content" : "\\u00e9\\/" } ],"seed":1e400}'
    assert rewrite_model(body, 'b "2"') == expected


def test_a_rewrite_leaves_no_second_model_behind() -> None:
    assert rewrite_model(b'{"model":"a","x":1,"mod\\u0065l":"b"}', "c") == b'{"model":"c","x":1}'
