"""The container programs that tests run: a fake one that records, and the real podman where it can run containers.

The real one gets an image from a directory tree of this machine, and its storage in the test's own directory.
"""

from __future__ import annotations

import functools
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import Cli
from remuda.plan.container import Contained
from tests.edge.containers import fake_podman

IMAGE = "localhost/remuda-test:1"
HERE = Path(__file__).resolve()
FAKE_ENGINE = HERE.parents[2] / "fake_engine.py"
FAKE = "fake"
REAL = pytest.param("podman", marks=pytest.mark.podman)
BOTH = pytest.mark.parametrize("kind", [FAKE, REAL])


@dataclass(frozen=True)
class Machine:
    """A container program with its image; `home` is its state."""

    cli: Cli
    home: Path
    is_real: bool

    def contained(self, name: str = "remuda-test", *, is_on_host_network: bool = True) -> Contained:
        """A container that can run this machine's Python."""
        trees = dict.fromkeys(str(Path(tree).resolve()) for tree in ("/usr", sys.base_prefix, HERE.parents[2]))
        inner = [tree for tree in trees if not tree.startswith("/usr/")]
        return Contained(
            name,
            IMAGE,
            volumes=tuple(f"{tree}:{tree}:ro" for tree in inner),
            is_on_host_network=is_on_host_network,
        )

    def calls(self, command: str | None = None) -> list[list[str]]:
        """What the fake was asked, all or this command."""
        lines = (self.home / "calls.jsonl").read_text().splitlines()
        return [words for words in map(json.loads, lines) if command in (None, words[0])]

    def names(self) -> list[str]:
        """The containers that there are."""
        if self.is_real:
            words = (self.cli.path, "ps", "--all", "--format", "{{.Names}}")
            return subprocess.check_output(words, env=self.cli.environment, text=True).split()
        return [json.loads(path.read_text())["Name"] for path in self.home.glob("*.container")]


@contextmanager
def machine(kind: str, directory: Path) -> Iterator[Machine]:
    """The fake or the real one; nothing of it is left afterwards."""
    with _fake(directory) if kind == FAKE else _podman(directory) as found:
        try:
            yield found
        finally:
            for name in found.names():
                subprocess.run((found.cli.path, "rm", "--force", name), env=found.cli.environment, check=True)


@contextmanager
def _fake(directory: Path) -> Iterator[Machine]:
    if not can_unshare():
        pytest.skip("this machine does not let us make PID namespaces: containers are not tested")
    home = directory / "fake-podman"
    home.mkdir()
    (home / "images").write_text(f"{IMAGE}\n")
    program = home / "podman"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake_podman.__file__}" "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "FAKE_PODMAN": str(home)}
    yield Machine(Cli(TOOLS["podman"], str(program), environment), home, is_real=False)


@functools.cache
def can_unshare() -> bool:
    return subprocess.run((*fake_podman.UNSHARE, "true"), capture_output=True, check=False).returncode == 0


@contextmanager
def _podman(directory: Path) -> Iterator[Machine]:
    path = shutil.which("podman")
    if path is None:
        pytest.skip("podman is not installed: real containers are not tested")
    home = Path(tempfile.mkdtemp(prefix="podman-", dir=directory))
    environment = {**os.environ, **_configuration(home)}
    try:
        _import_image(path, environment)
        yield Machine(Cli(TOOLS["podman"], path, environment), home, is_real=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _configuration(home: Path) -> dict[str, str]:
    """Storage of its own without overlays, and no limits above ours: raising them may not be allowed."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""
    (home / "containers.conf").write_text(
        f'[containers]\ndefault_ulimits = ["nofile=1024:{files}", "nproc=4096:4096"]\n'
        f'[engine]\n{runtime}events_logger = "file"\n'
    )
    (home / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{home}/storage"\nrunroot = "{home}/run"\n'
    )
    return {
        "CONTAINERS_CONF": str(home / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
    }


def _import_image(podman: str, environment: dict[str, str]) -> None:
    subprocess.run((podman, "import", "-", IMAGE), env=environment, input=_tree(), check=True, capture_output=True)


def _tree() -> bytes:
    """A root file system of mount points only: the machine's own programs are mounted into it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("usr", "tmp", "etc", "proc", "sys", "dev", "run"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name in ("bin", "lib", "lib64"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(entry)
    return archive.getvalue()
