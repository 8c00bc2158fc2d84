from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from remuda.gateway import own
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.envelope import Answer
from remuda.gateway.live import Nothing
from remuda.gateway.target import Target
from remuda.spec.route import Warm

DIRECTORY = make_directory(
    [
        Listing("org/tiny", "Tiny", "llama-cpp", ("t",), 1_700_000_000, 4096, ("chat", "tools"), {"owner": "me"}),
        Listing("big", "Big", "vllm", created=1_700_000_000),
        Listing("secret", "Secret", "vllm", is_unlisted=True),
    ],
    {"any": Warm(warm=("org/tiny", "big"))},
)


class Up(Nothing):
    """`big` is ready."""

    def is_ready(self, model: str) -> bool:
        return model == "big"

    def state(self, model: str) -> str:
        return "ready" if self.is_ready(model) else "starting"

    def memory_bytes(self, model: str) -> int:
        return 2**30

    def expires_at(self, model: str) -> float | None:
        return 1_800_000_000.0


class Ending(Nothing):
    def is_ending(self) -> bool:
        return True


def told(answer: Answer) -> Any:
    return json.loads(answer.body)


def ask(path: bytes, query: bytes = b"", allowed: Callable[[str], bool] = lambda _: True) -> Answer:
    known = lambda name: DIRECTORY.find(name) is not None and allowed(name)  # noqa: E731
    return own.answer(Target(path, query), DIRECTORY, Up(), known)


def test_whether_it_lives_and_whether_it_ends() -> None:
    assert told(own.open_answer(Target(b"/health"), Ending())) == {"status": "ok"}
    assert own.open_answer(Target(b"/ready"), Up()).status == 200
    assert own.open_answer(Target(b"/ready"), Ending()).status == 503


@pytest.mark.parametrize(
    ("model", "status", "state"),
    [(b"big", 200, "ready"), (b"org%2Ftiny", 503, "starting"), (b"any", 200, "ready"), (b"t", 503, "starting")],
)
def test_whether_a_model_is_ready(model: bytes, status: int, state: str) -> None:
    answer = ask(b"/ready", b"?model=" + model)
    assert (answer.status, told(answer)) == (status, {"status": state})


def test_a_model_that_is_not_there_is_not_ready() -> None:
    assert ask(b"/ready", b"?model=nope").status == 404


def test_the_entry_of_a_model_with_a_slash_in_its_name() -> None:
    for path in (b"/v1/models/org/tiny", b"/v1/models/org%2Ftiny"):
        entry = told(ask(path))
        assert (entry["id"], entry["context_length"], entry["max_model_len"]) == ("org/tiny", 4096, 4096)
        assert (entry["remuda"]["status"], entry["remuda"]["metadata"]) == ("starting", {"owner": "me"})
        assert entry["remuda"]["aliases"] == ["t"]


def test_a_key_sees_only_its_own() -> None:
    assert [entry["id"] for entry in told(ask(b"/v1/models", allowed="big".__eq__))["data"]] == ["big"]
    assert ask(b"/v1/models/org/tiny", allowed="big".__eq__).status == 404


def test_what_is_unlisted_is_not_told_of_but_answers_for_itself() -> None:
    assert "secret" not in [entry["id"] for entry in told(ask(b"/v1/models"))["data"]]
    assert ask(b"/v1/models/secret").status == 200


def test_ollamas_lists() -> None:
    assert [model["name"] for model in told(ask(b"/api/tags"))["models"]] == ["any", "big", "org/tiny", "t"]
    (running,) = told(ask(b"/api/ps"))["models"]
    assert (running["name"], running["size_vram"]) == ("big", 2**30)
    assert running["expires_at"].startswith("2027-01-15")
    assert told(ask(b"/api/version"))["version"]


def test_ollamas_description_speaks_its_words() -> None:
    known = lambda name: DIRECTORY.find(name) is not None  # noqa: E731
    assert told(own.show("org/tiny:latest", DIRECTORY, Up(), known))["capabilities"] == ["tools"]
    assert own.show("nope", DIRECTORY, Up(), known).status == 404
