from __future__ import annotations

from pathlib import PurePosixPath

from remuda.errors import Problem
from remuda.render.contract import Rendering, Request
from remuda.spec.fleet import Fleet

FLEET = Fleet.model_validate(
    {"models": {name: {"url": "http://10.0.0.7:8000", "enabled": name != "off"} for name in ("b", "off", "a")}}
)


def test_the_enabled_models_in_the_order_of_the_file() -> None:
    assert [model.model_id for model in Request(FLEET).models()] == ["b", "a"]


def test_only_some_models_and_never_a_disabled_one() -> None:
    assert [model.model_id for model in Request(FLEET, only=frozenset({"a", "off"})).models()] == ["a"]


def test_an_error_refuses_and_a_warning_does_not() -> None:
    assert Rendering(problems=(Problem("cannot say that"),)).is_refused
    assert not Rendering({PurePosixPath("a"): ""}, (Problem("by the way", severity="warning"),)).is_refused
