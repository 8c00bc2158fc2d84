"""The script of a model, taken out of the evaluated flake and run by bash with a program that tells what it gets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.engines import vllm
from remuda.engines.contract import Launch, Order
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.flake.target import render
from remuda.spec.yaml_text import to_yaml
from tests.quoting.strategies import WORDS
from tests.render.flake.flakes import outputs
from tests.render.nix.evaluator import VERSIONS

_ENGINE = re.compile(r"/nix/store/[^/ ]+/bin/(\S+)")
_TELL = '#!/bin/sh\nprintf \'%s\\0\' $# "${0##*/}" "$@"\nenv -0\n'


def _evaluated(models: Mapping[str, Any], version: str, asked: str) -> Any:
    document = {
        "models": models,
        "nix": {"nixpkgs": "0" * 40, "systems": ["x86_64-linux"]},
        "lint": {"model_ids": "off"},
    }
    fleet, _, _ = load_fleet(to_yaml(document), "remuda.yaml")
    made = render(Request(fleet))
    assert not made.is_refused, made.problems
    with tempfile.TemporaryDirectory() as folder:
        for path, text in made.files.items():
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, path).write_text(text)
        return outputs(Path(folder), version, asked)


def _script(entry: Mapping[str, Any], version: str = "nix") -> str:
    text: str = _evaluated({"m": entry}, version, "outputs.packages.x86_64-linux.m-server.text")
    return text


def _run(script: str, *more: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    with tempfile.TemporaryDirectory() as programs:
        engine = _ENGINE.search(script.splitlines()[-1])
        assert engine is not None
        fake = Path(programs, engine[1])
        fake.write_text(_TELL)
        fake.chmod(0o755)
        text = script.replace(engine[0], str(fake))
        own = {"PATH": os.environ["PATH"], **(environment or {})}
        return subprocess.run(
            ["bash", "-c", text, "server", *more], env=own, capture_output=True, check=False, timeout=30
        )


def _given(done: subprocess.CompletedProcess[bytes]) -> Launch:
    assert done.returncode == 0, done.stderr
    count, *words = done.stdout.decode().removesuffix("\0").split("\0")
    argv, variables = words[: int(count) + 1], words[int(count) + 1 :]
    return Launch(tuple(argv), dict(each.split("=", 1) for each in variables))


def _doubled(value: Any) -> Any:
    return value.replace("$", "$$") if isinstance(value, str) else value


@settings(max_examples=10, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["xa", "xb-c", "xd"]), WORDS.filter(bool) | st.integers() | st.booleans()),
    st.dictionaries(st.sampled_from(["V_A", "V_B"]), WORDS),
    st.lists(WORDS.filter(bool), max_size=2),
    st.sampled_from(VERSIONS),
)
def test_the_engine_gets_what_its_module_says(
    own: Mapping[str, Any], environment: Mapping[str, str], more: Sequence[str], version: str
) -> None:
    entry = {
        "engine": "vllm",
        "model": "org/weights",
        "devices": ["cpu"],
        "port": 21000,
        "settings": {key: _doubled(value) for key, value in own.items()},
        "environment": {name: _doubled(value) for name, value in environment.items()},
    }
    found = _given(_run(_script(entry, version), *more))
    order = Order("m", ("vllm",), "127.0.0.1", 21000, "org/weights", settings=own, environment=environment)
    expected = vllm.launch(order)
    assert found.argv == (*expected.argv, *more)
    assert expected.environment.items() <= found.environment.items()
    assert found.environment.keys() - expected.environment.keys() <= {"PATH", "PWD", "SHLVL", "_"}


_VLLM = {"engine": "vllm", "model": "org/weights", "devices": ["cuda1"]}


def test_empty_words_of_the_caller_are_dropped_and_those_of_the_file_are_not() -> None:
    script = _script({**_VLLM, "settings": {"chat-template": ""}})
    argv = _given(_run(script, "", "--dtype", "half", "")).argv
    assert argv[-4:] == ("--chat-template", "", "--dtype", "half")


def test_devices_are_those_of_the_machine_outside_of_an_image_only() -> None:
    assert _given(_run(_script(_VLLM))).environment["CUDA_VISIBLE_DEVICES"] == "1"
    asked = "outputs.packages.x86_64-linux.m-image.config"
    assert "VISIBLE" not in json.dumps(_evaluated({"m": _VLLM}, "nix", asked))


def test_nothing_that_nobody_would_wake_can_sleep() -> None:
    found = _given(_run(_script({**_VLLM, "runtime": "systemd", "sleep": 1})))
    assert "--enable-sleep-mode" not in found.argv
    assert "VLLM_SERVER_DEV_MODE" not in found.environment


def test_a_module_is_run_by_the_python_that_has_it() -> None:
    argv = _given(_run(_script({"engine": "sglang", "model": "x/y", "devices": ["cpu"]}))).argv
    assert argv[:4] == ("python", "-m", "sglang.launch_server", "--model-path")


def test_secrets_are_read_when_it_starts(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("of a file\n")
    (tmp_path / "hf").write_text("of systemd")
    references = {"A": "${env:THEIRS}", "B": f"${{file:{tmp_path}/a file}}", "C": "${cred:hf}"}
    script = _script({**_VLLM, "environment": references})
    told = {"THEIRS": "of the environment", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    found = _given(_run(script, environment=told)).environment
    assert [found[name] for name in "ABC"] == ["of the environment", "of a file", "of systemd"]


@pytest.mark.parametrize("reference", ["${env:THEIRS}", "${file:/nonexistent}", "${cred:hf}"])
def test_without_a_secret_nothing_starts(reference: str) -> None:
    done = _run(_script({**_VLLM, "environment": {"A": reference}}))
    assert (done.returncode != 0, done.stdout) == (True, b"")
