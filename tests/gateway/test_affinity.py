from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.affinity import header_key, prefix_key


def key(**members: Any) -> int | None:
    return prefix_key(json.dumps(members).encode())


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


SYSTEM, HELLO = turn("system", "be brief"), turn("user", "hello")
LATER = [turn("assistant", "hi"), turn("user", "what is 2 + 2?")]


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"messages": [SYSTEM, HELLO]}, {"messages": [SYSTEM, HELLO, *LATER]}),
        ({"messages": [HELLO], "system": "x"}, {"messages": [HELLO, *LATER], "system": "x", "max_tokens": 5}),
        ({"input": [HELLO], "instructions": "x"}, {"input": [HELLO, *LATER], "instructions": "x"}),
        ({"input": "hello"}, {"input": "hello", "model": "m", "stream": True}),
        ({"prompt": "once upon"}, {"prompt": "once upon", "temperature": 1}),
        ({"prompt": "x" * 70_000 + "a"}, {"prompt": "x" * 70_000 + "b"}),
    ],
)
def test_a_conversation_keeps_its_number(first: dict[str, Any], later: dict[str, Any]) -> None:
    number = key(**first)
    assert number is not None
    assert 0 <= number < 2**64
    assert key(**later) == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"messages": [SYSTEM, HELLO]}, {"messages": [SYSTEM, turn("user", "good day")]}),
        ({"messages": [SYSTEM, HELLO]}, {"messages": [turn("system", "be long"), HELLO]}),
        ({"messages": [HELLO], "system": "x"}, {"messages": [HELLO], "system": "y"}),
        ({"messages": [HELLO], "system": "x" * 70_000}, {"messages": LATER, "system": "x" * 70_000}),
        ({"input": [HELLO]}, {"input": LATER}),
        ({"input": "a", "instructions": "b"}, {"input": "b", "instructions": "a"}),
        ({"prompt": "a"}, {"prompt": "b"}),
    ],
)
def test_conversations_that_begin_otherwise_have_others(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(**one) != key(**other)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"model": "m"}', b"\xff", b'{"messages": ', b"--boundary\r\n"])
def test_what_holds_no_conversation_has_none(body: bytes) -> None:
    assert prefix_key(body) is None
    assert prefix_key(bytearray(body)) is None


@pytest.mark.parametrize("messages", [[], [1, 2], {"a": 1}, [{"role": 5}], [{"content": None}], None, "x"])
def test_messages_of_any_shape_are_no_error(messages: Any) -> None:
    assert key(messages=messages) == key(messages=messages)


@given(st.binary(max_size=40))
def test_any_bytes_are_no_error(body: bytes) -> None:
    number = prefix_key(body)
    assert number is None or 0 <= number < 2**64


def test_a_header_has_a_number() -> None:
    assert header_key(b"session-1") == header_key(b"session-1") != header_key(b"session-2")
    assert 0 <= header_key(b"") < 2**64
