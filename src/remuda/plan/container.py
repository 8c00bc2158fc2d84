"""How an instance is contained: name, image, devices and limits, the same for podman and docker.

A container sees only the devices that it is given, so here is decided which of its instance's devices become which
entries: NVIDIA's by their CDI name, which holds the GPU's UUID, AMD's by their device nodes, of which its environment
then shows it some. Any other node of `/dev` that its model names is given as it is. And it has a shell, so that lines
of the user's may run in it before the engine.

This module does not say how either program spells any of it: that is `remuda.edge.containers.argv`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from remuda.facts.host import Host
from remuda.facts.names import expand, visibility
from remuda.spec.merge import Effective

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "llama-cpp": ("/app/llama-server",),
    "ollama": ("ollama",),
    "sglang": ("python3", "-m", "sglang.launch_server"),
    "vllm": ("vllm",),
}
"""What runs an engine in the image that its project publishes; `executable` says it for any other image."""

ANYWHERE = "0.0.0.0"  # noqa: S104  inside of a container of its own; only a loopback port of the machine leads there

SOCKETS = frozenset({"docker.sock", "podman.sock", "containerd.sock", "crio.sock"})
"""Whoever has one of these is root on the machine."""

_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""The name of a volume that the program keeps itself."""

CUDA = "CUDA_VISIBLE_DEVICES"
_KFD = ("/dev/kfd", "/dev/dri")
SHARING = frozenset({"vllm", "sglang"})
"""Engines whose workers share memory."""

SHM_BYTES = 32 * 1024**3
"""What seed deployments of vLLM give it; a limit, not an allocation. Podman's and docker's 64 MiB end NCCL."""


@dataclass(frozen=True, slots=True)
class Contained:
    """What surrounds one instance.

    `image` is a full reference. `devices` are CDI names or device nodes. `volumes` are `host:container[:options]`.
    With `is_on_host_network` it listens on the machine itself, otherwise one port of it is published. `steps` run
    before the engine.
    """

    name: str
    image: str
    devices: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    shm_bytes: int | None = None
    is_on_host_network: bool = False
    steps: tuple[str, ...] = ()


def contained(model: Effective, image: str, host: Host, devices: Sequence[str]) -> Contained:
    """The container of a model that is placed on these devices."""
    return Contained(
        name=container_name(model.model_id, model.entry.unit),
        image=image,
        devices=tuple(dict.fromkeys((*_entries(host, devices), *nodes(model, host)))),
        volumes=model.entry.volumes,
        shm_bytes=model.entry.shm_size or (SHM_BYTES if model.engine in SHARING else None),
        is_on_host_network=model.entry.network == "host",
        steps=model.entry.steps,
    )


def is_contained(model: Effective) -> bool:
    """Whether a model runs in a container: by one of the programs, or as a unit with an image."""
    return model.runtime in {"podman", "docker"} or (model.runtime == "systemd" and model.image is not None)


def nodes(model: Effective, host: Host) -> tuple[str, ...]:
    """The nodes of `/dev` among a model's devices that are no GPU of the host; a process by itself is given none."""
    if model.runtime == "process":
        return ()
    return tuple(name for name in expand(host, model.devices or ())[1] if name.startswith("/dev/"))


def host_path(volume: str) -> str | None:
    """The path of the host that a volume shows, as it is written; None for one that the program keeps itself."""
    path, colon, _ = volume.partition(":")
    return path if colon and not _VOLUME.fullmatch(path) else None


def container_name(model_id: str, unit: str | None = None) -> str:
    """The unit's name, else one made of the model ID.

    A model ID may hold what a container's name may not; where that is replaced, a hash keeps two of them apart.
    """
    if unit is not None:
        return unit
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", model_id)
    suffix = "" if plain == model_id else f"-{hashlib.sha256(model_id.encode()).hexdigest()[:8]}"
    return f"remuda-{plain}{suffix}"


def program(engine: str, executable: str | None) -> tuple[str, ...]:
    """The argv prefix that runs an engine in its image; empty for `command`, which brings a whole command line."""
    return (executable,) if executable else PROGRAMS.get(engine, ())


def after_steps(steps: Sequence[str], argv: tuple[str, ...]) -> tuple[str, ...]:
    """What a container runs: the engine's argv, if there are steps by a shell that they run in before.

    The engine's words come to the shell as its parameters, so that none of them is ever part of a script. Its own
    complaints begin by `steps:`.
    """
    if not steps:
        return argv
    script = "\n".join(("set -e", *(step.rstrip("\n") for step in steps), 'exec "$@"'))
    return ("/bin/sh", "-c", script, "steps", *argv)


def inside(visible: Mapping[str, str]) -> dict[str, str]:
    """The environment that shows an instance its devices, as it has to be in a container.

    CDI leaves out every other GPU and counts the rest from 0, so an index of the machine would name the wrong one.
    """
    return {name: value for name, value in visible.items() if name != CUDA or not value}


def _entries(host: Host, devices: Sequence[str]) -> Iterator[str]:
    names = visibility(host, [name for name in devices if name.startswith("cuda")]).get(CUDA, "")
    for name in filter(None, names.split(",")):
        yield f"nvidia.com/gpu={name}"
    if any(name.startswith("rocm") for name in devices):
        yield from _KFD
