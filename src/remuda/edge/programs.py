"""Finds the program that runs an engine, before anything is started.

A module is only looked up, never imported: importing an engine may take seconds, and a process that has imported one
may hold a context on the GPU.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from remuda.engines.contract import Engine, Executable, Program
from remuda.errors import UnsatisfiableError


def find_program(engine: Engine, executable: str | None = None) -> tuple[str, ...]:
    """The argv prefix for an engine: the user's `executable` (a path or a name), else the first program that is there.

    Raises UnsatisfiableError that names what was looked for and how to get it.
    """
    if executable is not None:
        return (_users(engine, executable),)
    for program in engine.PROGRAMS:
        argv = _argv(program)
        if argv:
            return argv
    looked_for = " or ".join(_described(program) for program in engine.PROGRAMS)
    raise UnsatisfiableError(
        f"cannot run engine `{engine.NAME}`: it is not installed (looked for {looked_for})",
        hint=f"install it with `{engine.INSTALL}`",
    )


def _users(engine: Engine, executable: str) -> str:
    found = _which(str(Path(executable).expanduser()))
    if found:
        return str(Path(found).absolute())
    raise UnsatisfiableError(
        f"cannot run engine `{engine.NAME}`: there is no executable `{executable}`",
        hint="name an executable file, or remove `executable` to have it looked for",
    )


def _argv(program: Program) -> tuple[str, ...] | None:
    if isinstance(program, Executable):
        found = _which(program.name)
        return (found,) if found else None
    return (sys.executable, "-m", program.run) if _is_importable(program.needs) else None


def _which(name: str) -> str | None:
    """An executable on PATH or beside the running Python, as in a virtual environment that is not activated."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), beside)))


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _described(program: Program) -> str:
    if isinstance(program, Executable):
        return f"the executable `{program.name}`"
    return f"the Python package `{program.needs}`"
