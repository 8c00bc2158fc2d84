"""Paths of the machine that renders, where they would mean something else on the one that the files are for.

`remuda up` takes a relative path from the directory of the fleet file, everywhere. What is rendered lies elsewhere, and
whoever runs it may stand anywhere, so that a target refuses one, by the same words as every other. Paths that a
container finds inside of itself are its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from remuda.errors import Problem
from remuda.plan.container import SOCKETS, host_path, is_contained
from remuda.render.values import source
from remuda.spec.defaults import COMMAND
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.merge import Effective

_HERE = ("./", "../")


def relative(model: Effective) -> Iterator[Problem]:
    """Every relative path of a model that is rendered."""
    path: Path = ("models", model.model_id)
    if model.engine != COMMAND and is_relative(model.entry.model or ""):
        yield moved((*path, "model"), model.entry.model or "")
    for where, file in environment_files(model):
        if not file.startswith("/"):
            yield moved(where, file)
    for where, file in _of_container(model) if is_contained(model) else _of_program(model):
        yield moved(where, file)


def sockets(model: Effective) -> Iterator[Problem]:
    """Sockets of container programs among the volumes."""
    for number, volume in enumerate(model.entry.volumes):
        file = host_path(volume)
        if file is not None and PurePosixPath(file).name in SOCKETS:
            where = ("models", model.model_id, "volumes", number)
            message = f"{label(where)} shows `{file}`: whoever has that socket is root on the machine"
            yield Problem(message, where, hint="remove it")


def is_relative(model: str) -> bool:
    """Whether a model is a path that depends on where one stands, and not a hub's name."""
    return model.startswith((*_HERE, "~")) or (model.endswith(".gguf") and not model.startswith("/"))


def environment_files(model: Effective) -> Iterator[tuple[Path, str]]:
    """The environment files, first the engine's, each with its place."""
    own = model.entry.environment_file
    for file in model.environment_files:
        above: Path = ("models", model.model_id) if file == own else ("engines", model.engine)
        yield (*above, "environment_file"), file


def moved(path: Path, file: str) -> Problem:
    """What is wrong with a relative path."""
    message = f"{label(path)} is the relative path `{file}`, which means another file where it is rendered to"
    return Problem(message, path=path, hint="write the absolute path")


def _of_container(model: Effective) -> Iterator[tuple[Path, str]]:
    for number, volume in enumerate(model.entry.volumes):
        file = host_path(volume)
        if file is not None and not file.startswith("/"):
            yield ("models", model.model_id, "volumes", number), file


def _of_program(model: Effective) -> Iterator[tuple[Path, str]]:
    """What is certainly a path among a program's own words; it runs in the directory of the fleet file otherwise."""
    path: Path = ("models", model.model_id)
    executable = model.executable or ""
    if "/" in executable and not executable.startswith("/"):
        above = path if model.entry.executable else ("engines", model.engine)
        yield (*above, "executable"), executable
    for key, value in model.settings.items():
        if isinstance(value, str) and value.startswith(_HERE):
            yield source(model, "settings", key), value
    for number, word in enumerate(model.entry.cmd or ()):
        if word.startswith(_HERE) or (number == 0 and "/" in word and not word.startswith("/")):
            yield (*path, "cmd"), word
