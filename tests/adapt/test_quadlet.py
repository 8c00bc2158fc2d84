"""Cases: a folder of units, with what comes of it as `fleet.json` and `remarks.txt`."""

import json
import os
import time
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


HOSTILE: dict[str, str | bytes] = {
    "long": "[Container]\nImage=docker.io/vllm/vllm-openai:v1\nExec=" + "a " * 60_000,
    "many keys": "[Container]\nImage=docker.io/vllm/vllm-openai:v1\n" + "Environment=A=1\n" * 8_000,
    "lines that go on": "[Container]\nImage=x:1\nExec=" + "a \\\n" * 30_000,
    "quotes": "[Container]\nImage=docker.io/vllm/vllm-openai:v1\nExec=" + '"' * 100_001,
    "entrypoint": "[Container]\nImage=x:1\nEntrypoint=" + "[" * 100_000,
    "mistakes": "x\n" * 10_000,
    "large": "# x\n" * 100_000,
    "binary": b"\x00\xff",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_units_end_within_two_seconds(name: str) -> None:
    began = time.process_time()
    adapted = adapt(read({"x.container": HOSTILE[name]}, "x.container"))
    assert time.process_time() - began < 2
    assert adapted.data or adapted.is_refused


VALUES = [
    "docker.io/vllm/vllm-openai:v1",
    "a",
    "",
    "--model a/b",
    '"a b"',
    "%h",
    "%n",
    "${X}",
    "[1]",
    "a:b",
    "A=1",
    "1g",
    "\\",
]
LINES = st.tuples(
    st.sampled_from(["Image", "Exec", "Environment", "Volume", "Secret", "PodmanArgs", "ShmSize", "AddDevice", "Odd"]),
    st.sampled_from(VALUES),
)


@given(st.lists(LINES, max_size=8))
def test_any_unit_ends_in_a_fleet_or_in_remarks_with_places(lines: list[tuple[str, str]]) -> None:
    text = "[Container]\n" + "".join(f"{key}={value}\n" for key, value in lines)
    adapted = adapt(read({"x.container": text}, "x.container"))
    assert adapted.data or adapted.is_refused
    assert all(
        remark.problem.position for remark in adapted.remarks if "there is no unit" not in remark.problem.message
    )
    if not adapted.is_refused:
        _, problems = judge(load(json.dumps(adapted.data), "remuda.yaml"))
        assert [problem.message for problem in problems if problem.severity == "error"] == []
