from __future__ import annotations

import pytest

from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.order import Place, inside, order
from remuda.render.values import Values
from remuda.spec.merge import Effective


def model(keys: str) -> Effective:
    fleet, _, _ = load_fleet(f"models: {{a: {{{keys}}}}}", "remuda.yaml")
    (found,) = Request(fleet).models()
    return found


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ("engine: vllm, model: x/y, runtime: podman", Place(("vllm",), "0.0.0.0", 8000)),  # noqa: S104
        ("engine: vllm, model: x/y, runtime: podman, network: host", Place(("vllm",), "127.0.0.1", 8000)),
        ("engine: vllm, model: x/y, executable: /v", Place(("/v",), "0.0.0.0", 8000)),  # noqa: S104
        ("cmd: [serve], port: 8000, runtime: podman", Place((), "0.0.0.0", 8000)),  # noqa: S104
    ],
)
def test_where_an_engine_is_found_and_listens_in_a_container(keys: str, place: Place) -> None:
    assert inside(model(keys), 8000) == place


@pytest.mark.parametrize(("ready", "path"), [("false", ""), ("/up", "/up"), (None, None)])
def test_an_order_has_what_the_model_says_and_the_values_it_is_given(ready: str | None, path: str | None) -> None:
    keys = "engine: vllm, model: x/y, served_name: z" + (f", ready: {ready}" if ready else "")
    given = Values(settings={"a": 1}, environment={"B": "c"})
    made = order(model(keys), Place(("v",), "h", 1), given)
    assert (made.program, made.host, made.port, made.weights, made.name, made.ready) == (
        ("v",),
        "h",
        1,
        "x/y",
        "z",
        path,
    )
    assert (made.settings, made.environment, made.cmd) == ({"a": 1}, {"B": "c"}, None)
