"""Finds and reads the fleet file, the same way for every verb.

Without `-f` it is `./remuda.yaml`, then `$XDG_CONFIG_HOME/remuda/remuda.yaml`. `-` is standard input, for verbs that
only read the file. What is in it is judged by `remuda.plan.check`, which is loaded here only when it is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from remuda.errors import Problem, SpecError

if TYPE_CHECKING:
    from remuda.spec.document import Document
    from remuda.spec.fleet import Fleet
    from remuda.spec.lock import Lock

NAME: Final = "remuda.yaml"
STDIN: Final = Path("-")

PATH: Final = click.Path(readable=False, allow_dash=True, path_type=Path)
"""The type of a FILE argument. Whether it can be read is said by `read`, as every other error is."""

option = click.option(
    "-f",
    "--file",
    type=PATH,
    metavar="FILE",
    help=f"Fleet file; otherwise ./{NAME}, then $XDG_CONFIG_HOME/remuda/{NAME}.",
)
"""The option `-f/--file` of a verb: a `Path`, or None."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A fleet file without errors; `text` is what it holds."""

    path: Path
    text: str
    fleet: Fleet
    document: Document
    warnings: tuple[Problem, ...]
    lock: str | None = None

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems of a plan, which knows paths, at their positions in the file and in its order."""
        from remuda.spec.check import in_order  # noqa: PLC0415

        return list(in_order(replace(problem, position=self.document.at(problem.path)) for problem in problems))


def load(file: Path | None) -> Loaded:
    """Find, read and judge the fleet file; raises `SpecError` with all problems if it has errors."""
    from remuda.plan.check import load_fleet  # noqa: PLC0415
    from remuda.spec.document import decode  # noqa: PLC0415

    path = find(file)
    content = read(path)
    lock = lock_beside(path)
    fleet, document, warnings = load_fleet(content, str(path), lock)
    used = lock.content.decode() if lock.content is not None and fleet.locked else None
    return Loaded(path, decode(content), fleet, document, warnings, used)


def lock_beside(path: Path) -> Lock:
    """The lock of a fleet file; standard input has none."""
    from remuda.edge.lock_file import read as read_lock  # noqa: PLC0415
    from remuda.spec.lock import Lock  # noqa: PLC0415

    return Lock() if path == STDIN else read_lock(path)


def find(file: Path | None) -> Path:
    """The path of the fleet file; raises `SpecError` if none is given and none is in the usual places."""
    found = file or usual()
    if found is None:
        here, home = usual_places()
        message = f"cannot find a fleet file: there is no `./{here}` and no `{home}`"
        raise SpecError(message, hint="write one, or name another with `-f FILE`")
    return found


def usual() -> Path | None:
    """The fleet file in the usual places, if there is one."""
    return next((place for place in usual_places() if place.exists()), None)


def usual_places() -> tuple[Path, Path]:
    """Where a fleet file is looked for, in this order."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(NAME), Path(home) / "remuda" / NAME


def read(path: Path) -> bytes:
    """The bytes of the file, or of standard input for `-`; raises `SpecError` if it cannot be read.

    Of a file that is too large only as much as shows that it is.
    """
    from remuda.spec.document import MAX_BYTES  # noqa: PLC0415

    try:
        if path == STDIN:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SpecError(f"cannot read `{path}`: there is no such file", hint="check the path") from None
    except IsADirectoryError:
        hint = f"name the file: `{path / NAME}`"
        raise SpecError(f"cannot read `{path}`: it is a directory", hint=hint) from None
    except OSError as error:
        raise SpecError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from None
