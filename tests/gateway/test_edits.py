from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.edits import edit
from remuda.gateway.routes import NO_EDITS, Edits


@pytest.mark.parametrize(
    ("body", "model", "edits", "expected"),
    [
        (b'{"model": "a", "n": 1}', "b", NO_EDITS, b'{"model":"b","n":1}'),
        (b'{"n": 1}', "b", NO_EDITS, b'{"n":1,"model":"b"}'),
        (b'{"model": "a", "n": 1}', None, NO_EDITS, b'{"model":"a","n":1}'),
        (b'{"model": "a", "n": 1, "m": 2}', None, Edits(("n", "x")), b'{"model":"a","m":2}'),
        (b'{"model": "a", "n": 1}', "b", Edits(set={"n": b"[ 2 ]", "x": b"null"}), b'{"model":"b","n":[ 2 ],"x":null}'),
        (b'{"n": 1}', None, Edits(("n",), {"n": b"2"}), b'{"n":2}'),
        (b'{"model": "x", "model": "a"}', None, NO_EDITS, b'{"model":"a"}'),
        (b'{"mod\\u0065l": "x"}', "b", NO_EDITS, b'{"model":"b"}'),
        (b'{"s": "\\ud83d\\ude00 \\u00e9"}', None, Edits(set={"t": b"1"}), b'{"s":"\\ud83d\\ude00 \\u00e9","t":1}'),
    ],
)
def test_edits(body: bytes, model: str | None, edits: Edits, expected: bytes) -> None:
    assert edit(body, model, edits) == expected
    assert edit(bytearray(body), model, edits) == expected


def test_numbers_keep_their_digits() -> None:
    body = b'{"seed":12345678901234567890123,"t":1.10,"x":1E400}'
    assert edit(body, None, Edits(("absent",))) == body


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        edit(b"[1]", "a", NO_EDITS)


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(st.dictionaries(st.text(max_size=3), json_values), st.text(), st.sets(st.text(max_size=3)))
def test_everything_else_stays(members: dict[str, Any], model: str, strip: set[str]) -> None:
    edited = json.loads(edit(json.dumps(members).encode(), model, Edits(tuple(strip), {"n": b"1"})))
    assert edited == {key: value for key, value in members.items() if key not in strip} | {"n": 1, "model": model}
