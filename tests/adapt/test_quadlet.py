"""Cases: a folder of units, with what comes of it as `fleet.json` and `remarks.txt`."""

import json
import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given

from remuda.adapt.contract import Source
from remuda.adapt.quadlet import adapt
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.quadlet import target
from remuda.spec.check import judge
from remuda.spec.document import load
from tests.adapt.compose.files import Files
from tests.adapt.compose.test_adapter import shown
from tests.adapt.rendered import fleets

HERE = Path(__file__).parent / "quadlet"
CASES = sorted(folder.name for folder in HERE.iterdir())


def read(contents: dict[str, str | bytes], path: str = ".") -> Source:
    return Source(PurePosixPath(path), Files(contents), PurePosixPath("/etc/containers/systemd"), {"HOME": "/home/me"})


@pytest.mark.parametrize("case", CASES)
def test_cases(case: str) -> None:
    folder = HERE / case
    adapted = adapt(read({file.name: file.read_bytes() for file in folder.iterdir()}))
    made = shown(adapted)
    if os.environ.get("REMUDA_UPDATE_GOLDENS") == "1":
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert made == {name: (folder / name).read_text(encoding="utf-8") for name in made}
    if not adapted.is_refused:
        _, problems = judge(load(json.dumps(adapted.data), "remuda.yaml"))
        assert [problem.message for problem in problems if problem.severity == "error"] == []


def test_one_unit() -> None:
    unit = "[Container]\nImage=docker.io/vllm/vllm-openai:v1\nExec=--model a/b\n"
    adapted = adapt(read({"x.container": unit, "y.container": unit}, "x.container"))
    assert list(adapted.data["models"]) == ["a/b"]
    assert adapt(read({}, "x.container")).is_refused


@given(fleets("podman"))
def test_a_rendered_fleet_comes_back(fleet: dict[str, object]) -> None:
    text = json.dumps(fleet)
    loaded, _, _ = load_fleet(text.encode(), "remuda.yaml")
    rendering = target.render(Request(loaded))
    assert not rendering.is_refused, rendering.problems
    units = {path.name: content for path, content in rendering.files.items() if path.suffix == ".container"}
    adapted = adapt(read(dict(units)))
    assert not adapted.is_refused, adapted.remarks
    imported, _, _ = load_fleet(json.dumps(adapted.data).encode(), "remuda.yaml")
    assert imported == loaded
