from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.envelope import Answer
from remuda.gateway.peek import Peek, peek


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


@pytest.mark.parametrize(
    ("body", "has"),
    [
        (b'{"model":"a","stream_options":{"include_usage":false}}', True),
        (b'{"model":"a","stream_options":null}', True),
        (b'{"model":"a"}', False),
    ],
)
def test_whether_the_client_says_how_to_stream(body: bytes, *, has: bool) -> None:
    found = peek(body)
    assert isinstance(found, Peek)
    assert found.has_stream_options is has


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.text(min_size=1))
def test_whatever_else_is_in_the_body_does_not_matter(fields: dict[str, Any], model: str) -> None:
    fields.pop("stream_options", None)
    assert peek(json.dumps(fields | {"model": model}).encode()) == Peek(model, fields.get("stream") is True)


@given(st.binary(max_size=200))
def test_nothing_makes_it_fail(body: bytes) -> None:
    assert isinstance(peek(body), Peek | Answer)
