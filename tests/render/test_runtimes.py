from __future__ import annotations

import pytest

from remuda.errors import Problem
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.runtimes import without_image, without_runtime

PATH = ("models", "a")
OTHERS = "change `runtime`, or name the other models with `--only`"


def refused(keys: str, *takes: str) -> Problem | None:
    fleet, _, _ = load_fleet(f"models: {{a: {{engine: vllm, model: o/a{keys}}}}}", "remuda.yaml")
    (model,) = Request(fleet).models()
    return without_runtime(model, "somebody", takes) or without_image(model, "somebody")


@pytest.mark.parametrize(
    ("keys", "takes"),
    [
        ("", ("process",)),
        (", runtime: podman, image: i, tag: t", ("docker", "podman")),
        (", runtime: systemd", ("systemd",)),
    ],
)
def test_what_is_taken(keys: str, takes: tuple[str, ...]) -> None:
    assert refused(keys, *takes) is None


def test_what_is_not() -> None:
    message = "cannot render `a` for somebody: its runtime is `process`, not `podman` or `docker`"
    assert refused("", "podman", "docker") == Problem(message, PATH, hint=OTHERS)
    message = "cannot render `a` for somebody: its runtime is `process`, not `x`, `y` or `z`"
    assert refused("", "x", "y", "z") == Problem(message, PATH, hint=OTHERS)
    message = "cannot render `a` for somebody: its runtime is `ray`, not `podman`"
    assert refused(", runtime: ray", "podman") == Problem(message, (*PATH, "runtime"), hint=OTHERS)
    message = "cannot render `a` for somebody: it has no image with its tag or digest"
    hint = "set `image` and `tag`, here or for the engine"
    assert refused(", runtime: podman, image: i", "podman") == Problem(message, PATH, hint=hint)
