from __future__ import annotations

import json
from typing import Any

import pytest

from remuda.engines.contract import Failure, FailureKind
from remuda.gateway.envelope import Answer, echo, error, refused, tell
from remuda.residency.commands import RefusalKind, Refuse


def content(answer: Answer) -> dict[str, Any]:
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


def test_an_error_has_openais_shape_and_our_name() -> None:
    assert content(error(404, "no", "model_not_found", param="model")) == {
        "error": {"message": "no", "type": "invalid_request_error", "param": "model", "code": "model_not_found"},
        "source": "remuda",
    }


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "invalid_request_error"), (499, "invalid_request_error"), (500, "server_error")]
)
def test_the_type_says_whose_fault_it_is(status: int, kind: str) -> None:
    assert content(error(status, "x", "y"))["error"]["type"] == kind


@pytest.mark.parametrize(
    ("kind", "status", "retries"),
    [
        (RefusalKind.LOAD_FAILED, 502, False),
        (RefusalKind.CANNOT_FIT, 503, False),
        (RefusalKind.UNLOADED, 503, True),
        (RefusalKind.SHUTTING_DOWN, 503, True),
        (RefusalKind.NOT_LOADED, 409, False),
        (RefusalKind.BACKING_OFF, 503, False),
        (RefusalKind.GIVEN_UP, 502, False),
        (RefusalKind.HELD, 503, False),
        (RefusalKind.YIELDED, 503, False),
        (RefusalKind.REMOVED, 404, False),
    ],
)
def test_a_refusal_asks_to_come_back_only_where_that_can_help(kind: RefusalKind, status: int, *, retries: bool) -> None:
    answer = tell(refused(Refuse(1, "m", kind, "because")))
    assert answer.status == status
    assert content(answer)["error"]["message"] == "because"
    assert content(answer)["error"]["code"] == kind.value
    assert answer.headers == (((b"retry-after", b"5"),) if retries else ((b"x-should-retry", b"false"),))


@pytest.mark.parametrize(("seconds", "told"), [(0.2, b"1"), (4.0, b"4"), (59.1, b"60")])
def test_a_refusal_that_knows_when_says_when(seconds: float, told: bytes) -> None:
    refusal = Refuse(1, "m", RefusalKind.BACKING_OFF, "too early", retry_after_s=seconds)
    assert refused(refusal).headers == ((b"retry-after", told),)


def test_a_failed_load_tells_its_class_and_the_end_of_the_log() -> None:
    log = tuple(f"line {number}" for number in range(100))
    failure = Failure(FailureKind.OUT_OF_MEMORY, "out of memory", log)
    told = content(tell(refused(Refuse(1, "m", RefusalKind.LOAD_FAILED, "cannot load `m`: no memory", failure))))
    assert told["error"]["code"] == "out_of_memory"
    lines = told["error"]["message"].split("\n")
    assert lines[0] == "cannot load `m`: no memory"
    assert lines[2:] == [f"line {number}" for number in range(90, 100)]


def test_a_failed_load_without_a_log_is_one_sentence() -> None:
    failure = Failure(FailureKind.NOT_INSTALLED, "not there")
    told = content(tell(refused(Refuse(1, "m", RefusalKind.LOAD_FAILED, "cannot load `m`", failure))))
    assert told["error"]["message"] == "cannot load `m`"


def test_a_long_value_is_cut_when_it_is_repeated() -> None:
    assert echo("short") == "`short`"
    assert echo("x" * 1_000_000) == f"`{'x' * 200}…`"
