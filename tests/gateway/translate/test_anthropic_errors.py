from __future__ import annotations

import msgspec
import pytest
from anthropic.types import ErrorResponse

from remuda.gateway.translate.anthropic_errors import engine_message, error_body, error_status


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "no such tool", "type": "invalid_request_error", "code": 400}}', "no such tool"),
        (b'{"error": "model not found"}', "model not found"),
        (b'{"object": "error", "message": "bad", "type": "BadRequestError", "param": null, "code": 400}', "bad"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"detail": [{"loc": ["body"], "msg": "x"}]}', '{"detail": [{"loc": ["body"], "msg": "x"}]}'),
        (b"Internal Server Error\n", "Internal Server Error"),
        (b"\xff", "\ufffd"),
        (b"x" * 5000, "x" * 4000),
        (b"", ""),
    ],
)
def test_the_words_of_an_error(body: bytes, words: str) -> None:
    assert engine_message(body) == words


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
    ],
)
def test_an_error_in_anthropic_s_shape(status: int, kind: str) -> None:
    content = msgspec.json.decode(error_body(status, b'{"error": {"message": "why"}}'))
    assert content == {"type": "error", "error": {"type": kind, "message": "why"}}
    assert ErrorResponse.model_validate({**content, "request_id": None}).error.type == kind


def test_an_error_without_words() -> None:
    content = msgspec.json.decode(error_body(500, b""))
    assert content["error"]["message"] == "the engine answered with status 500 and said nothing"


@pytest.mark.parametrize(
    "error",
    [
        {
            "code": 400,
            "message": "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it",
            "type": "exceed_context_size_error",
        },
        {"message": "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens"},
        {"message": "The input (9000 tokens) is longer than the model's context length (4096 tokens)."},
        {"message": "too long", "code": "context_length_exceeded"},
    ],
)
def test_a_prompt_that_does_not_fit_is_told_in_anthropic_s_words(error: dict[str, object]) -> None:
    content = msgspec.json.decode(error_body(400, msgspec.json.encode({"error": error})))
    assert content["error"]["message"] == f"prompt is too long: {error['message']}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"error": {"code": 429}}', 429),
        (b'{"object": "error", "code": 400}', 400),
        (b'{"error": {"code": "invalid"}}', 500),
        (b'{"error": {"code": 7}}', 500),
        (b'{"error": "x"}', 500),
        (b"[]", 500),
    ],
)
def test_the_status_of_an_error_in_a_stream(body: bytes, status: int) -> None:
    assert error_status(body) == status
