from __future__ import annotations

import pytest

from remuda.spec.model import Model


def test_values_are_parsed() -> None:
    model = Model.model_validate({"cmd": "a b", "ttl": "15m", "ready": False, "environment": {"A": 1}, "port": 80})
    assert (model.cmd, model.ttl_s, model.ready, model.environment["A"], model.port) == (
        ("a", "b"),
        900,
        False,
        "1",
        80,
    )


def test_defaults() -> None:
    model = Model()
    assert (model.enabled, model.ttl_s, model.aliases, model.devices) == (True, None, (), None)
    assert (model.on_disconnect, model.timings, model.unlisted, model.capabilities) == ("cancel", False, False, None)


def test_what_is_passed_on_may_be_any_json() -> None:
    anything = {"a": [1, None, {"b": 0.5}], "c": None}
    model = Model.model_validate({"set_params": anything, "metadata": anything, "capabilities": ["chat", "tools"]})
    assert (model.set_params, model.metadata, model.capabilities) == (anything, anything, ("chat", "tools"))


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ("1KiB", {"cuda0": 1024, "cuda1": 1024}),
        ({"cuda0": "1KiB", "cpu": 5}, {"cuda0": 1024, "cpu": 5}),
        (None, {}),
        (0, {"cuda0": 0, "cuda1": 0}),
    ],
)
def test_memory_of_each_device(memory: object, expected: dict[str, int]) -> None:
    model = Model.model_validate({"memory": memory} if memory is not None else {})
    assert model.memory_bytes(("cuda0", "cuda1")) == expected


def test_every_key_says_what_it_means() -> None:
    assert [name for name, field in Model.model_fields.items() if not field.description] == []
