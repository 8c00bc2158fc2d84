"""The programs that read compose files, for tests that ask them. A missing one fails in CI and is told elsewhere."""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DOCKER_COMPOSE = ROOT / ".tools" / "docker-compose"
PODMAN_COMPOSE = Path(sysconfig.get_path("scripts")) / "podman-compose"


def docker_compose() -> str:
    """Docker's compose, as `scripts/setup-docker-compose` gets it."""
    return _needed(DOCKER_COMPOSE, "run scripts/setup-docker-compose")


def podman_compose() -> str:
    """podman-compose, which wants a podman even to read a file."""
    if shutil.which("podman") is None:
        _absent("podman")
    return _needed(PODMAN_COMPOSE, "run scripts/setup dev")


def as_docker_reads(file: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The file after docker compose has checked it and filled in variables, with dollars as services see them."""
    words = [docker_compose(), "-f", str(file), "--profile", "*", "config", "--format", "json"]
    return dict(json.loads(_run(words, environment).replace("$$", "$")))


def as_podman_reads(file: Path, environment: Mapping[str, str], *profiles: str) -> str:
    """What podman-compose prints of the file after it has filled in variables."""
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    return _run([podman_compose(), "-f", str(file), *chosen, "config"], environment)


def _run(words: list[str], environment: Mapping[str, str]) -> str:
    given = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    done = subprocess.run(words, env=given, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _needed(program: Path, hint: str) -> str:
    if not program.exists():
        _absent(f"{program.name}: {hint}")
    return str(program)


def _absent(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"cannot find {what}")
    pytest.skip(f"cannot find {what}")
