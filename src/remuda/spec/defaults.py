"""The defaults that depend on another key, in one place for the raw file (`check`) and the validated one (`merge`)."""

from __future__ import annotations

from typing import Final

COMMAND: Final = "command"
"""The engine that runs any program, or stands for a server that somebody else runs."""

EXTERNAL: Final = "external"
PROCESS: Final = "process"


def engine_name(engine: str | None, *, cmd: object, url: object) -> str | None:
    """The engine of a model: what it says, else `command` if it has `cmd` or `url`."""
    return COMMAND if engine is None and (cmd is not None or url is not None) else engine


def runtime_name(runtime: str | None, *, url: object) -> str:
    """The runtime of a model: what it says, else `external` with a `url` and `process` without."""
    if runtime is not None:
        return runtime
    return PROCESS if url is None else EXTERNAL
