from __future__ import annotations

import json

import pytest

from remuda.gateway.translate.ollama_answers import UnreadableError, failure, read


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"no room","type":"x","code":400}}', "no room"),
        (b'{"error":"no room"}', "no room"),
        (b'{"object":"error","message":"no room","code":400}', "no room"),
        (b'{"detail":"Not Found"}', "Not Found"),
        (b'{"detail":[{"msg":"bad"}]}', '[{"msg":"bad"}]'),
        (b"<html>Bad Gateway</html>\n", "<html>Bad Gateway</html>"),
        (b"", "the engine answered with status 418"),
        (b"{}", "the engine answered with status 418"),
        (b"[" * 100_000, "[" * 2000),
        (b"\xff", "\ufffd"),
    ],
)
def test_the_engines_sentence_is_told(body: bytes, message: str) -> None:
    status, told = failure(418, body)
    assert (status, json.loads(told)) == (418, {"error": message})


@pytest.mark.parametrize(
    "text", [b"", b"null", b"[]", b'{"choices":7}', b'{"choices":[{"delta":"x"}]}', b"\xff", b'{"x":' + b"[" * 100_000]
)
def test_what_the_protocol_does_not_know_is_unreadable(text: bytes) -> None:
    with pytest.raises(UnreadableError, match="cannot read the engine's answer"):
        read(text)


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        (b'{"error":{"message":"x"}}', True),
        (b'{"object":"error","message":"x"}', True),
        (b'{"error":null,"choices":[]}', False),
        (b'{"object":"chat.completion.chunk","choices":[]}', False),
    ],
)
def test_errors_are_told_from_answers(text: bytes, *, is_error: bool) -> None:
    assert read(text).is_error is is_error


def test_only_the_first_choice_counts() -> None:
    choice = read(b'{"choices":[{"index":1,"text":"b"},{"index":0,"text":"a"}]}').choice
    assert choice is not None
    assert choice.said.content == "a"
