"""One fleet is always rendered alike, and a change of one model changes what belongs to it and nothing else."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from remuda.render import TARGETS
from remuda.render.contract import Request
from tests.render.fleets import FLEETS, Wanted, fleet_of

Fleet = tuple[Wanted, ...]
ONE_FILE = {"compose": "services", "llama-swap": "models", "llmhop": "models"}
FLEET = Path(__file__).parent / "compose" / "everything" / "remuda.yaml"


def rendered(target: str, models: Fleet) -> Mapping[str, str]:
    rendering = TARGETS[target].render(Request(fleet_of(models, "podman")))
    assume(not rendering.is_refused)
    return {path.name: text for path, text in rendering.files.items()}


@pytest.mark.parametrize("target", sorted(TARGETS))
@settings(max_examples=30)
@given(FLEETS)
def test_a_fleet_is_always_rendered_alike(target: str, models: Fleet) -> None:
    runtime = "systemd" if target == "systemd" else "podman"
    once, again = (TARGETS[target].render(Request(fleet_of(models, runtime))) for _ in range(2))
    assert once == again
    assert list(once.files) == list(again.files)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_order_of_sets_is_in_no_file(target: str, tmp_path: Path) -> None:
    made = set()
    for seed in ("1", "2", "3"):
        argv = [sys.executable, "-m", "remuda", "render", target, "-f", str(FLEET), "-o", "-"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, timeout=30, check=False)
        made.add((done.stdout, done.stderr))
    assert len(made) == 1


@settings(max_examples=30)
@given(FLEETS, st.data())
def test_a_change_of_one_model_changes_its_unit_only(models: Fleet, data: st.DataObject) -> None:
    changed, others = one_changed(models, data)
    before, after = rendered("quadlet", models), rendered("quadlet", (*others, changed))
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert differing == {f"{changed.engine}-{changed.model_id}.container"}


@pytest.mark.parametrize(("target", "section"), ONE_FILE.items())
@settings(max_examples=30)
@given(FLEETS, st.data())
def test_a_change_of_one_model_changes_its_entry_only(
    target: str, section: str, models: Fleet, data: st.DataObject
) -> None:
    changed, others = one_changed(models, data)
    for name, text in rendered(target, models).items():
        before, after = read(text), read(rendered(target, (*others, changed))[name])
        before.get(section, {}).pop(changed.model_id, None)
        after.get(section, {}).pop(changed.model_id, None)
        assert before == after


def one_changed(models: Fleet, data: st.DataObject) -> tuple[Wanted, Fleet]:
    """The last model with another variable, and those before it, which stay."""
    last = models[-1]
    value = data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="${"), min_size=1))
    return replace(last, environment={**last.environment, "V_NEW": value}), models[:-1]


def read(text: str) -> dict[str, Any]:
    loaded = YAML(typ="safe", pure=True).load(text)
    return loaded if isinstance(loaded, dict) else {"": text}
