"""The words of podman's and docker's command lines, as pure functions.

Both take nearly the same ones; what sets them apart is in `Tool`. A container is created, started and removed in steps
of their own: `run --rm` would hide why one ended, and its client's exit would pass for the container's.

A container gets no capabilities, no new privileges and no health check of its image's: its readiness is seen from
outside. Its environment is in a file, since a command line can be read by everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from remuda.errors import EffectError
from remuda.plan.container import SOCKETS, Contained

FLEET = "remuda.fleet"
MODEL = "remuda.model"
FINGERPRINT = "remuda.fingerprint"
ATTEMPT = "remuda.attempt"

_LOG_BYTES = 16 * 1024 * 1024
"""How much of the output the program itself keeps: enough to catch up after a restart of the daemon."""

Argv = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """One of the programs. `log_driver` is one whose output its `logs` can read back on every machine."""

    name: str
    log_driver: str


TOOLS = {tool.name: tool for tool in (Tool("podman", "k8s-file"), Tool("docker", "json-file"))}


@dataclass(frozen=True, slots=True)
class Creation:
    """One container to create.

    `address` is where it has to be reached, `stop` the signal that ends it and the seconds that it then has. `mounts`
    are paths of the machine that it may read at the same place. `limits` are `memory` in bytes and `cpus`.
    """

    contained: Contained
    command: Argv
    labels: Mapping[str, str]
    address: tuple[str, int]
    environment_file: PurePath
    stop: tuple[int, float]
    mounts: tuple[PurePath, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)


def create(tool: Tool, creation: Creation) -> Argv:
    """Create, not start. Raises EffectError for a path that cannot be said."""
    contained = creation.contained
    signal_number, grace_s = creation.stop
    entrypoint, *arguments = creation.command
    return (
        *("create", "--name", contained.name, "--init", "--pull", "never", "--no-healthcheck"),
        *(word for label, value in creation.labels.items() for word in ("--label", f"{label}={value}")),
        *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
        *("--log-driver", tool.log_driver, "--log-opt", f"max-size={_LOG_BYTES}"),
        *("--stop-signal", str(signal_number), "--stop-timeout", str(round(grace_s))),
        *_network(contained, creation.address),
        *_resources(contained),
        *(word for limit, value in creation.limits.items() for word in (f"--{limit}", str(value))),
        *("--env-file", str(creation.environment_file)),
        *(word for path in creation.mounts for word in ("--mount", _mount(path))),
        *("--entrypoint", entrypoint, contained.image, *arguments),
    )


def _network(contained: Contained, address: tuple[str, int]) -> Argv:
    host, port = address
    return ("--network", "host") if contained.is_on_host_network else ("--publish", f"{host}:{port}:{port}")


def _resources(contained: Contained) -> Argv:
    return (
        *(word for name in contained.devices for word in ("--device", name)),
        *(() if contained.shm_bytes is None else ("--shm-size", str(contained.shm_bytes))),
        *(word for volume in contained.volumes for word in ("--volume", _volume(volume))),
    )


def _volume(volume: str) -> str:
    if PurePath(volume.partition(":")[0]).name in SOCKETS:
        message = f"cannot show `{volume}` to a container: whoever has that socket is root on this machine"
        raise EffectError(message, hint="remove it from `volumes`")
    return volume


def _mount(path: PurePath) -> str:
    if "," in str(path):
        message = f"cannot show `{path}` to a container: its path holds a comma"
        raise EffectError(message, hint="rename it, or name it in `volumes` and by its path inside")
    return f"type=bind,source={path},target={path},readonly"


def start(name: str) -> Argv:
    """Start what was created."""
    return ("start", name)


def kill(name: str, signal_number: int) -> Argv:
    """Send a signal to the first process inside."""
    return ("kill", "--signal", str(signal_number), name)


def remove(name: str) -> Argv:
    """Kill what still runs, and give the name free."""
    return ("rm", "--force", "--volumes", name)


def inspect(*names: str) -> Argv:
    """All that is known of containers, as JSON."""
    return ("container", "inspect", *names)


def find(labels: Mapping[str, str]) -> Argv:
    """The IDs of all containers, running or not, with these labels."""
    filters = (word for label, value in labels.items() for word in ("--filter", f"label={label}={value}"))
    return ("ps", "--all", "--quiet", "--no-trunc", *filters)


def logs(name: str, since: str | None = None) -> Argv:
    """The output, and what will come of it until the container ends; `since` is a time of RFC 3339."""
    return ("logs", "--follow", *(("--since", since) if since else ()), name)


def has_image(image: str) -> Argv:
    """Succeeds when the image is here."""
    return ("image", "inspect", "--format", "{{.Id}}", image)


def pull(image: str) -> Argv:
    """Get the image, with a line for each step."""
    return ("pull", image)


def environment_text(environment: Mapping[str, str]) -> str:
    """An environment file as both programs read it: values are taken literally. Raises EffectError."""
    for name, value in environment.items():
        if any(mark in value for mark in "\n\r\0"):
            message = f"cannot pass the variable `{name}` to a container: its value has more than one line"
            raise EffectError(message, hint="put it in a file, and name that file in `volumes`")
        if not name or any(mark in name for mark in "= \t\n\r\0#"):
            message = f"cannot pass the variable `{name}` to a container: that is not a variable's name"
            raise EffectError(message)
    return "".join(f"{name}={value}\n" for name, value in environment.items())
