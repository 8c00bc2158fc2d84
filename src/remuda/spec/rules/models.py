"""What runs a model, and where it listens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

from remuda.errors import Problem
from remuda.spec.defaults import COMMAND, EXTERNAL
from remuda.spec.document import Document
from remuda.spec.form import label, shown
from remuda.spec.model import Runtime
from remuda.spec.rules.entries import Entry, entries

_NOT_WITH_URL: Final = (
    *("cmd", "executable", "port", "image", "tag", "digest", "unit", "devices", "memory", "ttl"),
    *("shm_size", "volumes", "network", "steps", "sleep", "keep_cache"),
    *("settings", "environment", "environment_file", "limits", "hooks", "health_timeout"),
)
"""Keys about a process of ours; behind a `url` there is none."""

_PROCESSES: Final = frozenset(get_args(Runtime)) - {EXTERNAL}
_CONTAINERS: Final = ("podman", "docker", "systemd")
"""The runtimes in which an instance may be a container; a unit of systemd's is one if there is an image."""

_RUNTIMES_OF: Final = {
    "image": _CONTAINERS,
    "tag": _CONTAINERS,
    "digest": _CONTAINERS,
    "unit": _CONTAINERS,
    "shm_size": _CONTAINERS,
    "volumes": _CONTAINERS,
    "network": _CONTAINERS,
    "limits": ("process", *_CONTAINERS),
}
"""Keys that mean something in some runtimes only."""

_SMALLEST_MEMORY_BYTES: Final = 2**20
_DEVICE_NAME: Final = re.compile(r"cpu|[a-z]+(?:[0-9]+|:all)")


def some(document: Document) -> Iterator[Problem]:
    """A file without a model."""
    if document.find(("models",)) == {}:
        message = "the fleet has no models"
        yield document.problem(("models",), message, hint="add a model under `models:`", severity="warning")


def what_runs(document: Document) -> Iterator[Problem]:
    """Keys that are missing for the engine, or exclude each other."""
    for entry in entries(document):
        keys, path = entry.keys, entry.path
        if entry.engine is None:
            if "engine" in keys:
                continue
            message = f"model `{entry.model_id}` needs `engine`, `cmd` or `url`"
            yield document.problem_of_key(path, message, hint="add `engine:` and `model:`")
        elif entry.engine == COMMAND:
            yield from _command(document, entry)
        else:
            if "cmd" in keys:
                message = f"{label((*path, 'cmd'))} is for the engine `command`, not {shown(entry.engine)}"
                hint = "remove `engine`, or use `settings` and `executable` instead of `cmd`"
                yield document.problem_of_key((*path, "cmd"), message, hint=hint)
            if "model" not in keys:
                message = f"model `{entry.model_id}` needs `model`: what the engine {shown(entry.engine)} is to load"
                yield document.problem_of_key(path, message, hint="add `model:` with a path or a hub ID")


def _command(document: Document, entry: Entry) -> Iterator[Problem]:
    path = entry.path
    if "cmd" not in entry.keys and "url" not in entry.keys:
        message = f"model `{entry.model_id}` needs `cmd`: the command line to run"
        yield document.problem_of_key(path, message, hint="add `cmd:`, or `url:` for a server that is running")


def external(document: Document) -> Iterator[Problem]:
    """A `url` beside keys about a process of ours, or a runtime that does not go with it."""
    for entry in entries(document):
        path = (*entry.path, "runtime")
        if "url" not in entry.keys:
            if entry.runtime == EXTERNAL:
                yield document.problem(path, f"{label(path)} is `external`, which needs `url`", hint="add `url:`")
            continue
        if entry.runtime != EXTERNAL:
            message = f"{label(path)} must be `external` where there is a `url`, not {shown(entry.runtime)}"
            yield document.problem(path, message, hint="remove `runtime` or `url`")
        for key in _NOT_WITH_URL:
            if key in entry.keys:
                message = f"{label((*entry.path, key))} cannot be used with `url`: Remuda does not run that server"
                yield document.problem_of_key((*entry.path, key), message, hint=f"remove `{key}` or `url`")


def command_program(document: Document) -> Iterator[Problem]:
    """Another program for a `command`, which names its own."""
    commands = (entry.path for entry in entries(document) if entry.engine == COMMAND and "url" not in entry.keys)
    for above in (("engines", COMMAND), *commands):
        if "executable" in document.mapping(*above):
            path = (*above, "executable")
            message = f"{label(path)} has no effect with the engine `{COMMAND}`: the first word of `cmd` is its program"
            yield document.problem_of_key(path, message, hint="remove it", severity="warning")


def command_port(document: Document) -> Iterator[Problem]:
    """A command that is not told where to listen."""
    for entry in entries(document):
        if entry.engine != COMMAND or "cmd" not in entry.keys or "port" in entry.keys:
            continue
        environment = entry.keys.get("environment")
        values = environment.values() if isinstance(environment, dict) else ()
        if not any("${PORT}" in str(value) for value in (entry.keys["cmd"], *values)):
            path = (*entry.path, "cmd")
            message = f"{label(path)} does not say where to listen: expected `${{PORT}}` in it, or `port` beside it"
            yield document.problem(path, message, hint="add `${PORT}`, or `port:` if the program has a fixed one")


def ports(document: Document) -> Iterator[Problem]:
    """Two models on one port; a disabled model claims none."""
    first: dict[int, str] = {}
    for entry in entries(document):
        port = entry.keys.get("port")
        if type(port) is not int or not entry.is_enabled:
            continue
        other = first.setdefault(port, entry.model_id)
        if other != entry.model_id:
            message = f"model `{entry.model_id}` has the port of model `{other}`: {port}"
            hint = "change one of them, or remove both: a free port is taken then"
            yield document.problem((*entry.path, "port"), message, hint=hint)


def without_effect(document: Document) -> Iterator[Problem]:
    """Keys that the runtime of the model has no use for."""
    for entry in entries(document):
        for key, runtimes in _RUNTIMES_OF.items():
            if key in entry.keys and entry.runtime in _PROCESSES and entry.runtime not in runtimes:
                path = (*entry.path, key)
                message = f"{label(path)} has no effect with the runtime {shown(entry.runtime)}"
                hint = f"remove it, or set `runtime` to {' or '.join(f'`{name}`' for name in runtimes)}"
                yield document.problem_of_key(path, message, hint=hint, severity="warning")


def memory(document: Document) -> Iterator[Problem]:
    """Memory on a device that the model does not use, or so little that a unit must have been forgotten."""
    for entry in entries(document):
        declared = entry.keys.get("memory")
        path = (*entry.path, "memory")
        used = entry.keys.get("devices", document.find(("engines", str(entry.engine), "devices")))
        if type(declared) is int and 0 < declared < _SMALLEST_MEMORY_BYTES:
            message = f"{label(path)} is {declared} bytes"
            yield document.problem(path, message, hint=f"write `{declared}GiB` if that is meant", severity="warning")
        for device in declared if isinstance(declared, dict) and isinstance(used, list) else ():
            if not _is_used(device, used):
                message = f"model `{entry.model_id}` declares memory on `{device}`, which is not in its `devices`"
                yield document.problem_of_key((*path, device), message, hint="add the device, or remove its memory")


def _is_used(device: str, used: list[Any]) -> bool:
    """`cuda:all` stands for every CUDA device; the memory of the host is there for every model.

    A device that is not used by its name (`GPU-5d5b…`, `/dev/dri/renderD128`) can be any: only the host can tell.
    """
    kind = device.rstrip("0123456789")
    can_be_any = any(not _DEVICE_NAME.fullmatch(str(name)) for name in used)
    return device in used or device == "cpu" or f"{kind}:all" in used or can_be_any
