"""A service → a model: its entry in the fleet, and the names that clients know it by.

What the container says is read by `remuda.adapt.container`; here are added the things that compose keeps beside it
(health, limits, whether it starts by itself), and what is said of the entry is given its place in the compose file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt import around, naming
from remuda.adapt.compose.boot import Told, forked, mentions_engine, told
from remuda.adapt.compose.project import Project
from remuda.adapt.compose.service import container
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.container import ContainerRun, Modelled, model_of
from remuda.adapt.contract import Remark
from remuda.engines import command
from remuda.errors import Problem
from remuda.spec.document import Path
from remuda.spec.values import UNIT_PATTERN

_ENGINE_IMAGE: Final = re.compile(r"(?:.*/)?(?:vllm|sglang|[^/]*llama[.-]?cpp)[^/]*")
_SOURCES: Final = {
    "image": ("image",),
    "tag": ("image",),
    "settings": ("command", "entrypoint"),
    "cmd": ("command", "entrypoint"),
    "steps": ("entrypoint", "command"),
    "model": ("command", "entrypoint", "image"),
    "environment": ("environment",),
    "environment_file": ("env_file",),
    "devices": ("deploy", "gpus", "devices", "environment"),
    "shm_size": ("shm_size",),
    "volumes": ("volumes",),
    "port": ("ports", "command"),
}
"""Where in a service a key of the entry comes from."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model made of a service.

    `names` are what clients call it, the first one first; `files` what it mounts; `starts`: whether compose starts it
    without being asked for it.
    """

    entry: Mapping[str, Any]
    names: tuple[str, ...]
    notes: Mapping[Path, str] = field(default_factory=dict)
    files: tuple[PurePosixPath, ...] = ()
    starts: bool = False


def model(project: Project, name: str, report: Report, *, is_wanted: bool) -> Model | None:
    """The model of a service; None for one that runs no engine, or is refused, which the report says.

    `is_wanted`: whether any program is taken, even one that is no engine.
    """
    found = Report()
    service = project.service(name, found)
    if not (is_wanted or _seems_engine(service) or _seems_engine(project.raw(name))):
        report.warn(_at(project, name), f"the service `{name}` is left out: it runs no engine that is known")
        return None
    read = container(project, service, found)
    run = forked(read.run, service.get("image"), found) if read else None
    modelled = model_of(run, "docker") if run else None
    report.extend(tuple(found))
    if read is None or run is None or modelled is None:
        return None
    report.extend(tuple(_placed(service, modelled.remarks)))
    if modelled.entry is None:
        return None
    beside = _beside(run, modelled, service, report)
    own = {**modelled.entry, **beside.keys}
    if "cmd" in beside.keys:
        own["port"] = modelled.outer_port
    if own["engine"] == command.NAME and own.get("port") is None and "${PORT}" not in own["cmd"]:
        report.warn(service.get("image"), f"the service `{name}` is left out: nothing says on which port it listens")
        return None
    if "environment" in own:
        own["environment"] = {name: text for name, text in own["environment"].items() if name not in read.hidden}
    entry = _entry(service, {key: value for key, value in own.items() if value is not None}, report)
    return Model(
        entry=entry,
        names=naming.names(modelled.entry, beside.names, name),
        notes=modelled.notes,
        files=read.files,
        starts=not service.get("profiles").items,
    )


def _beside(run: ContainerRun, modelled: Modelled, service: Value, report: Report) -> Told:
    """What is known of a model besides its entry; of a script that is not understood, what can be told."""
    if modelled.entry is None or modelled.entry["engine"] != command.NAME:
        return Told(modelled.served_names)
    found = told(run)
    if found.keys:
        script = next((value for key in ("entrypoint", "command") if (value := service.get(key)).items), service)
        message = "the script computes what it runs, so it stays a command: its flags are no settings"
        report.warn(script, message, "write the engine's flags as `settings` to let Remuda know them")
    return found


def _at(project: Project, name: str) -> Value:
    document = project.main.document if project.main else None
    return Value(None, project.source.path, document.at_key(("services", name)) if document else None)


def _seems_engine(service: Value) -> bool:
    image = service.get("image").text.partition("@")[0]
    said = " ".join(item.text for key in ("entrypoint", "command") for item in service.get(key).items)
    is_ollama = re.fullmatch(r"(?:.*/)?ollama(?::[^/]*)?", image) is not None
    return is_ollama or _ENGINE_IMAGE.fullmatch(image) is not None or mentions_engine(said)


def _placed(service: Value, problems: Sequence[Problem]) -> Iterator[Remark]:
    for problem in problems:
        keys = _SOURCES.get(str(problem.path[0]) if problem.path else "image", ())
        sources = [service.get(key) for key in keys]
        place = next((source for source in sources if source.data is not None), service)
        placed = Problem(problem.message, (), place.position, problem.hint, problem.severity)
        yield Remark(str(place.file), placed)


def _entry(service: Value, found: Mapping[str, Any], report: Report) -> dict[str, Any]:
    entry = dict(found)
    shm = service.get("shm_size")
    if shm.text and around.size(shm.text) is None:
        report.warn(shm, f"`shm_size: {shm.text}` is left out: expected a size, as `16g`")
        entry.pop("shm_size", None)
    entry = around.without_given(entry)
    unit = service.get("container_name").text
    if re.fullmatch(UNIT_PATTERN, unit):
        entry["unit"] = unit
    elif unit:
        report.warn(service.get("container_name"), f"`container_name: {unit}` is left out: no unit can be called so")
    if limits := _limits(service, report):
        entry["limits"] = limits
    if ready := _ready(service, entry, report):
        entry["ready"] = ready
    return entry


def _limits(service: Value, report: Report) -> dict[str, Any]:
    of_deploy = service.get("deploy", "resources", "limits")
    memory = service.get("mem_limit") if service.get("mem_limit").text else of_deploy.get("memory")
    cpus = service.get("cpus") if service.get("cpus").text else of_deploy.get("cpus")
    found = {"memory": around.size(memory.text), "cpus": around.cpus(cpus.text)}
    if memory.text and found["memory"] is None:
        report.warn(memory, f"the limit `{memory.text}` is left out: expected a size, as `32g`")
    if cpus.text and found["cpus"] is None:
        report.warn(cpus, f"the limit `{cpus.text}` is left out: expected a number of processors")
    return {key: value for key, value in found.items() if value is not None}


def _ready(service: Value, entry: Mapping[str, Any], report: Report) -> str | None:
    """The path that a health check asks for, where it is not the one that the engine is asked for anyhow."""
    check = service.get("healthcheck")
    test = check.get("test")
    words = [item.text for item in test.items]
    if not words or words[0] == "NONE" or check.get("disable").is_true:
        return None
    path = around.health_path(" ".join(words))
    if path is None and entry["engine"] == command.NAME and "ready" not in entry:
        report.warn(test, "the health check is left out: it asks for no address", "write `ready: /PATH`")
    return None if path in (around.own_health_path(entry["engine"]), entry.get("ready")) else path
