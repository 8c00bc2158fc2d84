"""A service → the container that it is, in the words of `remuda.adapt.container`, and what there is around it.

Each key that a container of Remuda's has otherwise, or not at all, is said here at its place, so that nothing is left
to be said of the container as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt.compose import gpus, keys, secrets
from remuda.adapt.compose.environment import Environment, Reader
from remuda.adapt.compose.mounts import Mount, mounts
from remuda.adapt.compose.ports import Published, published
from remuda.adapt.compose.project import Project
from remuda.adapt.compose.tree import Report, Value
from remuda.adapt.compose.variables import in_fleet
from remuda.adapt.container import ContainerRun
from remuda.adapt.run_line import split_image
from remuda.errors import SpecError
from remuda.quoting import compose

MAX_COMMAND: Final = 128 * 1024
"""The size of a command; Linux starts no program with a longer word."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as a container; `files`: what it takes from the files, relative to their root.

    `hidden`: variables that are there for its script alone.
    """

    run: ContainerRun
    files: tuple[PurePosixPath, ...]
    hidden: frozenset[str] = frozenset()


def container(project: Project, service: Value, report: Report) -> Service | None:
    """The container of a service; None, with the reason in the report, for one that cannot be read."""
    reader = Reader(project.source.files, project.places, project.variables, report, project.budget)
    environment = reader.read(service)
    mounted = tuple(mounts(service, project.declared(service, report), project.places, report))
    entrypoint, argv = words(service.get("entrypoint"), report), words(service.get("command"), report)
    if report.has_errors:
        return None
    keys.account(service, report)
    variables = {name: in_fleet(value) for name, value in environment.variables.items()}
    of_script = secrets.read((*(entrypoint or ()), *(argv or ())), mounted, variables)
    mounted = tuple(mount for mount in mounted if mount.target not in of_script.targets)
    run = replace(
        _run(service, environment, mounted, report),
        environment={**variables, **of_script.variables},
        **_parts(entrypoint, of_script.command),
    )
    files = [*environment.files, *(mount.file for mount in mounted if mount.file)]
    return Service(run, tuple(dict.fromkeys(files)), of_script.hidden)


def _parts(entrypoint: tuple[str, ...] | None, command: tuple[str, ...]) -> dict[str, Any]:
    """The two parts of a command; no entry point is the image's own."""
    length = len(entrypoint or ())
    return {"entrypoint": command[:length] or None, "argv": command[length:]}


def words(command: Value, report: Report) -> tuple[str, ...] | None:
    """The words of a command, a list or a text, in the language of the fleet; None where there is none."""
    if command.data is None:
        return None
    if sum(len(item.text) for item in command.items) > MAX_COMMAND:
        report.refuse(command, f"cannot read a command of more than {MAX_COMMAND // 1024} KiB")
        return None
    if isinstance(command.data, tuple):
        return tuple(in_fleet(item.text) for item in command.items)
    try:
        return tuple(map(in_fleet, compose.split(command.text)))
    except SpecError as error:
        report.refuse(command, error.message, error.hint)
        return None


def _run(
    service: Value,
    environment: Environment,
    mounted: tuple[Mount, ...],
    report: Report,
) -> ContainerRun:
    name, tag, digest = split_image(service.get("image").text)
    ipc = service.get("ipc").text
    _unlike_ours(service, report)
    return ContainerRun(
        image=name,
        tag=tag,
        digest=digest,
        environment_files=(environment.file,) if environment.file else (),
        volumes=tuple(map(str, mounted)),
        devices=tuple(_devices(service, report)),
        gpus=_gpus(service, environment.variables, report),
        shm_size=service.get("shm_size").text or None,
        ipc=ipc if ipc == "host" else None,
        network="host" if service.get("network_mode").text == "host" else None,
        ports=tuple(map(_port, published(service, report))),
        name=service.get("container_name").text or None,
    )


def _gpus(service: Value, environment: Mapping[str, str], report: Report) -> str | None:
    """The request as docker's `--gpus` has it; a variable narrows a reservation of all."""
    found = gpus.requested(service, report)
    shown = tuple(environment.get(gpus.VISIBLE, "").split(","))
    if service.get("runtime").text == "nvidia" and found is None:
        found = ("all",)
    if found == ("all",) and shown not in (("",), ("all",), ("void",), ("none",)):
        found = shown
    if found is None or found == ("all",):
        return found and "all"
    return f'"device={",".join(found)}"'


def _devices(service: Value, report: Report) -> Iterator[str]:
    for device in service.get("devices").items:
        source = device.get("source").text or device.text
        if not source.startswith("/dev/") and "=" not in source:
            report.warn(device, f"the device `{source}` is left out: it is no device node and no CDI name")
        else:
            yield source


def _port(port: Published) -> str:
    outer = f"{port.published}:" if port.published is not None else ""
    host = (f"[{port.host}]:" if ":" in port.host else f"{port.host}:") if port.host else ""
    return f"{host}{outer}{port.target}" if outer else str(port.target)


def _unlike_ours(service: Value, report: Report) -> None:
    """What of a container the fleet has no word for."""
    said = {
        "user": (service.get("user").text not in ("", "root", "0", "0:0"), "the image's user is used"),
        "working_dir": (bool(service.get("working_dir").text), "the image's directory is used"),
        "ipc": (service.get("ipc").text not in ("", "host", "private", "shareable"), "a container has its own"),
        "network_mode": (
            service.get("network_mode").text not in ("", "host", "bridge", "default"),
            "the gateway reaches the engine by a port of the host",
        ),
        "runtime": (service.get("runtime").text not in ("", "nvidia", "runc"), "the default runtime is used"),
    }
    for key, (is_unlike, reason) in said.items():
        if is_unlike:
            report.warn(service.get(key), f"`{key}: {service.get(key).text}` is left out: {reason}")
