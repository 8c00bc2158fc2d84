"""Command lines: what is started is what llama-swap would start."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.contract import Adapted
from remuda.plan.check import load_fleet
from remuda.quoting.llama_swap import joined, split
from remuda.spec.reference import Reference, parse
from remuda.spec.yaml_text import to_yaml
from tests.adapt.llama_swap.golden import adapted, said

ENVIRONMENT = {"HOME": "/home/me", "FLAGS": "--ctx-size 4096 -fa on", "SERVER": "/opt/llama-server"}


def of(keys: dict[str, Any]) -> Adapted:
    return adapted(to_yaml({"models": {"a": keys}}), ENVIRONMENT)


def entry(cmd: str, **more: Any) -> dict[str, Any]:
    found = of({"cmd": cmd, **more})
    return dict(found.data["models"]["a"])


WORDS = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), include_characters="\n", exclude_characters="\ue000\ue001\ue002\ue003"
    )
)


@given(st.lists(WORDS, max_size=4))
def test_a_command_keeps_its_words(words: list[str]) -> None:
    cmd = joined(["/opt/other-server", *words]) + " ${PORT}"
    fleet, _, _ = load_fleet(to_yaml({"models": {"a": entry(cmd)}}), "remuda.yaml")
    told = fleet.models["a"].cmd or ()
    found = ["".join(map(str, parse(word))) for word in told]
    assert found == [*split(cmd.replace("${PORT}", "x"))[:-1], "${PORT}"]


@pytest.mark.parametrize(
    ("cmd", "expected"),
    [
        ("llama-server --port ${PORT} -m ${env.HOME}/a.gguf", {"engine": "llama-cpp", "model": "/home/me/a.gguf"}),
        (
            "${env.SERVER} --port ${PORT} -m /a.gguf",
            {"engine": "llama-cpp", "model": "/a.gguf", "executable": "/opt/llama-server"},
        ),
        (
            "llama-server --port ${PORT} -m /a.gguf ${env.FLAGS}",
            {"engine": "llama-cpp", "model": "/a.gguf", "settings": {"ctx-size": 4096, "flash-attn": True}},
        ),
        (
            "llama-server --port ${PORT} -m /a.gguf --api-key ${env.KEY}",
            {"engine": "llama-cpp", "model": "/a.gguf", "settings": {"api-key": "${env:KEY}"}},
        ),
        ("env X=1 tts --port ${PORT}", {"cmd": "tts --port ${PORT}", "environment": {"X": "1"}}),
        ("env -i tts --port ${PORT}", {"cmd": "env -i tts --port ${PORT}"}),
        ("tts --port ${PORT} --key ${env.KEY}", {"cmd": "tts --port ${PORT} --key ${env:KEY}"}),
        ("sh -c 'exec llama-server --port ${PORT} -m /a.gguf'", {"engine": "llama-cpp", "model": "/a.gguf"}),
        (
            "llama-server --port ${PORT} -m /a.gguf --slot-save-path /s/${PORT}",
            {"engine": "llama-cpp", "model": "/a.gguf", "settings": {"slot-save-path": "/s/5800"}, "port": 5800},
        ),
    ],
)
def test_an_engine_is_known_by_its_command(cmd: str, expected: dict[str, Any]) -> None:
    assert entry(cmd) == expected


def test_a_variable_that_is_needed_must_be_known() -> None:
    found = of({"cmd": "llama-server --port ${PORT} -m ${env.GONE}/a.gguf"})
    assert "`models.a.cmd` needs the value of the variable `GONE`, which is not set here" in said(found)
    assert found.is_refused


def test_what_is_set_for_the_client_of_containers_is_not_for_the_container() -> None:
    run = "docker run --rm -e HF_TOKEN -p ${PORT}:8000 vllm/vllm-openai:v1 --model org/x"
    found = of({"cmd": run, "env": ["HF_TOKEN=${env.T}", "DOCKER_HOST=unix:///x"]})
    assert found.data["models"]["a"]["environment"] == {"HF_TOKEN": str(Reference("env", "T"))}
    assert "`DOCKER_HOST` is set for `docker`, not for its container: left out" in said(found)


def test_a_line_that_cannot_be_read_stays_a_command() -> None:
    found = of({"cmd": "docker run --no-such-option x -p ${PORT}:8000 vllm/vllm-openai:v1 --model org/x"})
    assert "stays a command line" in said(found)
    assert found.data["models"]["a"]["cmd"].startswith("docker run --no-such-option")
