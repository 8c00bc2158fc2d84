"""Compose by a stand-in that writes down what it is asked; its files are tried with the real ones elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remuda.deploy.change import Verb
from remuda.edge.deploy.compose import Compose
from remuda.errors import EffectError


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncase "$*" in *" ps "*) cat {tmp_path}/up ;; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    (tmp_path / "up").touch()
    (tmp_path / "compose.yaml").touch()
    return tmp_path / "asked"


@pytest.mark.parametrize(
    ("verb", "name", "words"),
    [
        ("start", "compose", "up --detach --wait --remove-orphans"),
        ("restart", "compose", "up --detach --wait --remove-orphans"),
        ("stop", "compose", "down"),
        ("restart", "remuda-gateway", "restart remuda-gateway"),
        ("stop", "remuda-gateway", "stop remuda-gateway"),
    ],
)
async def test_actions_become_words(asked: Path, verb: Verb, name: str, words: str) -> None:
    file = asked.parent / "compose.yaml"
    await Compose(file).act(verb, name)
    assert asked.read_text() == f"compose --project-name remuda --file {file} {words}\n"


async def test_the_project_is_up_when_a_service_is(asked: Path) -> None:
    compose = Compose(asked.parent / "compose.yaml")
    assert await compose.up() == frozenset()
    (asked.parent / "up").write_text("chat\nremuda-gateway\n")
    assert await compose.up() == {"compose", "chat", "remuda-gateway"}
    assert await Compose(asked.parent / "none.yaml").up() == frozenset()


async def test_without_a_program_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EffectError, match="neither docker nor podman"):
        await Compose(tmp_path / "compose.yaml").act("start", "compose")
