from __future__ import annotations

import json

import pytest

from remuda.gateway.shapes import Fault, Shape, fault_body, fault_event

FAULT = Fault(404, "no such model", "model_not_found", "model")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (
            Shape.OPENAI,
            {
                "error": {
                    "message": "no such model",
                    "type": "invalid_request_error",
                    "param": "model",
                    "code": "model_not_found",
                }
            },
        ),
        (Shape.ANTHROPIC, {"type": "error", "error": {"type": "not_found_error", "message": "no such model"}}),
        (Shape.OLLAMA, {"error": "no such model"}),
    ],
)
def test_a_fault_in_each_protocol(shape: Shape, expected: dict[str, object]) -> None:
    assert json.loads(fault_body(FAULT, shape)) == {**expected, "source": "remuda"}


@pytest.mark.parametrize("shape", Shape)
def test_a_fault_in_a_stream_is_one_event_or_one_line(shape: Shape) -> None:
    event = fault_event(Fault(502, "line one\nline two", "engine_lost"), shape)
    lines = event.decode().rstrip("\n").split("\n")
    prefix = {Shape.OPENAI: ["data: {"], Shape.ANTHROPIC: ["event: error", "data: {"], Shape.OLLAMA: ["{"]}[shape]
    assert [line[: len(start)] for line, start in zip(lines, prefix, strict=True)] == prefix
    assert event.endswith(b"\n" if shape is Shape.OLLAMA else b"\n\n")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (405, "invalid_request_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
    ],
)
def test_anthropics_types_follow_the_status(status: int, kind: str) -> None:
    found = json.loads(fault_body(Fault(status, "x", "y"), Shape.ANTHROPIC))["error"]
    assert found["type"] == kind
