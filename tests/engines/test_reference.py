"""docs/reference/engines.md says what the engines' modules say."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from remuda.engines import ENGINES
from remuda.engines.contract import Executable, FailureKind, Order

PAGE = (Path(__file__).parents[2] / "docs/reference/engines.md").read_text()
ROWS = [
    re.split(r" (?<!\\)\| ", line.strip("| ")) for line in PAGE.replace("| |", "|  |").splitlines() if line[:1] == "|"
]


def rows(first: str) -> list[list[str]]:
    return [row for row in ROWS if row[0] == f"`{first}`"]


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_presented(name: str) -> None:
    engine = ENGINES[name]
    _, programs, install, ready, stopped = rows(name)[0]
    for program in engine.PROGRAMS:
        assert (program.name if isinstance(program, Executable) else program.needs) in programs
    assert not engine.PROGRAMS or install.replace("\\|", "|") == f"`{engine.INSTALL}`"
    assert f"`{engine.readiness(Order('m', (), 'h', 1, model='m')).path}`" in ready
    assert stopped == f"{signal.Signals(engine.STOP_SIGNAL).name}, {engine.STOP_GRACE_S:.0f} s"


@pytest.mark.parametrize("name", [name for name, engine in ENGINES.items() if engine.MANAGED])
def test_managed_flags_are_listed(name: str) -> None:
    assert rows(name)[1][1].replace("`", "").split() == list(ENGINES[name].MANAGED)


SINCE = re.findall(r"^\| (`/.*`) \| (`.*) \|$", PAGE, re.MULTILINE)
SERVED = [
    (path, name, version or None)
    for paths, engines in SINCE
    for path in re.findall("`(.*?)`", paths)
    for name, version in re.findall(r"`([a-z-]+)`(?: ([b0-9.]+))?", engines)
]


@pytest.mark.parametrize(("path", "name", "version"), SERVED)
def test_paths_are_served_since_the_release_that_is_named(path: str, name: str, version: str | None) -> None:
    apis = ENGINES[name].apis
    assert path in apis(version)
    assert version is None or path not in apis(f"{version}rc1") | apis(None)


@pytest.mark.parametrize("name", ENGINES)
def test_every_protocol_that_an_engine_serves_is_listed(name: str) -> None:
    listed = {path for path, engine, _ in SERVED if engine == name}
    assert ENGINES[name].apis("b99999") - {"/tokenize", "/detokenize"} == listed


def test_failures_are_explained() -> None:
    assert [kind.value for kind in FailureKind if not rows(kind.value)] == []
