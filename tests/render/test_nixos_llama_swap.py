import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.engines import vllm
from remuda.engines.contract import Order
from remuda.plan.check import load_fleet
from remuda.quoting.llama_swap import split
from remuda.render.contract import Request
from remuda.render.llama_swap.target import configuration
from remuda.render.nixos_llama_swap import CONFIG, MODULE, NAME, render
from tests.render import golden
from tests.render.llama_swap import reader
from tests.render.nix.evaluator import STUBS, VERSIONS, evaluate

SEED = golden.folder_of(NAME) / "seed-000"


@pytest.mark.parametrize("case", golden.cases(NAME))
def test_case(case: str) -> None:
    golden.check(NAME, case)


@pytest.mark.parametrize("version", VERSIONS)
def test_its_settings_are_those_of_the_other_target(version: str) -> None:
    fleet, _, _ = load_fleet((SEED / "remuda.yaml").read_bytes(), "remuda.yaml")
    expected, _ = configuration(Request(fleet))
    found = evaluate((SEED / "expected" / CONFIG).read_text(), version)
    assert expected is not None
    for name, entry in found["models"].items():
        # A line for each flag is the same command.
        entry["cmd"] = " ".join(entry["cmd"].splitlines())
        assert entry["cmd"] == expected["models"][name]["cmd"]
    assert found == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("has_address", [True, False])
def test_nixpkgs_module_takes_them(version: str, *, has_address: bool) -> None:
    address = 'listenAddress = mkOption { type = types.str; default = ""; };' if has_address else ""
    options = f"""{{ lib, ... }}: with lib; {{ options.services.llama-swap = {{
      enable = mkEnableOption "it"; port = mkOption {{ type = types.port; }}; {address}
      settings = mkOption {{ type = types.submodule {{ freeformType = types.anything; }}; }};
    }}; }}"""
    made = f"{{ modules = [ ({options}) {SEED}/expected/{MODULE} ]; }}"
    found = evaluate(f"((import {STUBS}/lib.nix).evalModules {made}).config.services.llama-swap", version)
    assert found.pop("settings") == evaluate((SEED / "expected" / CONFIG).read_text(), version)
    assert found == {"enable": True, "port": 8080, **({"listenAddress": "127.0.0.1"} if has_address else {})}


_TEXT = st.text(st.sampled_from("ab \"'\\$(){}#\n\t;&|*~`=-%é"), min_size=1, max_size=10)
_NAMES = st.from_regex(r"X[A-Z0-9_]{1,6}", fullmatch=True)
# No variable may look like a macro, which is refused.
_BLOCK = st.fixed_dictionaries(
    {
        "environment": st.dictionaries(_NAMES, _TEXT.filter(lambda text: "${" not in text), max_size=3),
        "settings": st.dictionaries(_NAMES, _TEXT, max_size=3),
    }
)


@settings(max_examples=10, deadline=None)
@given(st.lists(_BLOCK, min_size=3, max_size=3), st.lists(_TEXT, max_size=2), st.sampled_from(VERSIONS))
def test_words_and_variables_go_through_all_four_readings(
    blocks: Sequence[Mapping[str, Mapping[str, str]]], noted: Sequence[str], version: str
) -> None:
    """A block of seed 000: read by Nix, by llama-swap, by its splitter, and by the container's shell."""
    steps = ["exec 3>&1", *(f"printf %s {_shell_word(text)} >/dev/null" for text in noted)]
    models = {f"m{number}": _model(block, steps) for number, block in enumerate(blocks)}
    fleet, _, _ = load_fleet(json.dumps({"models": models, "lint": {"model_ids": "off"}}), "remuda.yaml")
    made = render(Request(fleet))
    assert not made.is_refused, made.problems
    config = reader.load(json.dumps(evaluate(made.files[CONFIG], version)), {})
    for number, (name, block) in enumerate(zip(models, blocks, strict=True)):
        ran = _in_container(split(config["models"][name]["cmd"]))
        order = Order(name, ("vllm",), "0.0.0.0", 5800 + number, model="x/y", settings=dict(block["settings"]))  # noqa: S104
        launch = vllm.launch(order)
        assert ran["argv"] == list(launch.argv)
        assert {key: ran["environment"][key] for key in block["environment"]} == block["environment"]
        assert launch.environment.items() <= ran["environment"].items()


def _model(block: Mapping[str, Mapping[str, str]], steps: Sequence[str]) -> dict[str, Any]:
    # In a fleet file a dollar sign is written twice.
    doubled = {part: {key: text.replace("$", "$$") for key, text in values.items()} for part, values in block.items()}
    return {"engine": "vllm", "runtime": "podman", "model": "x/y", "image": "i", "tag": "t", "devices": ["cpu"]} | {
        "steps": list(steps),
        **doubled,
    }


def _shell_word(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _in_container(words: Sequence[str]) -> dict[str, Any]:
    """What an engine in the container of these words is given, with the shell that is really there."""
    place = words.index("--entrypoint")
    environment = dict(words[at + 1].split("=", 1) for at in range(place) if words[at] == "--env")
    with tempfile.TemporaryDirectory() as programs:
        engine = Path(programs, "vllm")
        engine.write_text("#!/bin/sh\nprintf '%s\\0' \"${0##*/}\" \"$@\"\nprintf '\\0'\nenv -0\n")
        engine.chmod(0o755)
        argv = [words[place + 1], *words[place + 3 :]]
        path = f"{programs}:{os.environ['PATH']}"
        done = subprocess.run(argv, env={**environment, "PATH": path}, capture_output=True, check=True, timeout=30)
    said, _, variables = done.stdout.decode().partition("\0\0")
    return {
        "argv": said.split("\0"),
        "environment": dict(each.split("=", 1) for each in variables.split("\0") if each),
    }
