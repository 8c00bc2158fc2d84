"""Programs, container engines, images and CDI specifications."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any, TypeVar

from msgspec.structs import replace

from remuda.edge.probes.limits import Files
from remuda.edge.probes.machine import Machine
from remuda.errors import ProbeError
from remuda.facts.parse import cdi, docker, podman, rocblas
from remuda.facts.parse.versions import Asking, version
from remuda.facts.software import Cdi, Image, Rocblas, Runtime, Tool
from remuda.spec.nodes import MalformedError, Mapping, Node, Scalar, compose

_CDI = ("etc/cdi", "var/run/cdi", "run/cdi")
_QUADLET = ("usr/libexec/podman/quadlet", "usr/lib/podman/quadlet")
_ROCBLAS = "rocblas/library"
_JSON = "{{json .}}"

T = TypeVar("T")


def tool(files: Files, machine: Machine, asking: Asking) -> Tool | None:
    """A program and what it says of its version; None when it is not there. A signal that ends it is a finding."""
    path = machine.which(asking.argv[0])
    if path is None:
        return None
    printed = machine.run(asking.argv)
    if printed.code < 0:
        files.note("broken", f"`{' '.join(asking.argv)}` was ended by {signal.Signals(-printed.code).name}")
    found = version(asking, printed.out + printed.err)
    # `docker` without the plugin `compose` prints its help.
    is_there = found or asking.name == asking.argv[0]
    return Tool(asking.name, path, found) if is_there else None


def podman_runtime(files: Files, machine: Machine) -> Runtime | None:
    """Podman as this user has it. Raises ProbeError."""
    quadlet = next((f"/{path}" for path in _QUADLET if files.has(path)), None)
    return _of(machine, ("podman", "info", "--format", "json"), lambda text: podman.runtime(text, quadlet))


def docker_runtime(machine: Machine) -> Runtime | None:
    """The docker daemon that this user can reach. Raises ProbeError."""
    return _of(machine, ("docker", "info", "--format", _JSON), docker.runtime)


def podman_images(machine: Machine) -> tuple[Image, ...]:
    """The images of podman that have a name. Raises ProbeError."""
    return _of(machine, ("podman", "images", "--format", "json"), podman.images) or ()


def docker_images(machine: Machine) -> tuple[Image, ...]:
    """The images of docker that have a name."""
    if machine.which("docker") is None:
        return ()
    printed = machine.run(("docker", "images", "--digests", "--format", _JSON))
    return docker.images(printed.out) if printed.code == 0 else ()


def cdi_specifications(files: Files) -> tuple[Cdi, ...]:
    """The CDI specifications, each file once; one that is none is a finding."""
    found: dict[str, Cdi] = {}
    for path in (f"{folder}/{name}" for folder in _CDI for name in files.names(folder)):
        if path.endswith((".yaml", ".json")) and path.removeprefix("var/") not in found:
            text = files.text(path)
            if text is not None:
                _add_cdi(files, path, text, found)
    return tuple(found.values())


def rocblas_copies(files: Files, machine: Machine, site_packages: Iterable[str]) -> tuple[Rocblas, ...]:
    """The copies of rocBLAS: ROCm's own, those that Ollama brings along, and those of torch."""
    parents = ["/opt/rocm/lib", *(f"{folder}/torch/lib" for folder in site_packages)]
    ollama = machine.which("ollama")
    if ollama:
        own = f"{PurePosixPath(ollama).parent.parent}/lib/ollama"
        parents += (own, *(f"{own}/{name}" for name in files.names(own) if name.startswith("rocm")))
    found = ((f"{parent}/{_ROCBLAS}", rocblas.targets(files.names(f"{parent}/{_ROCBLAS}"))) for parent in parents)
    return tuple(Rocblas(folder, targets) for folder, targets in found if targets)


def _add_cdi(files: Files, path: str, text: str, found: dict[str, Cdi]) -> None:
    try:
        document = json.loads(text) if path.endswith(".json") else _plain(compose(text))
        specification = cdi.specification(f"/{path}", document)
        missing = tuple(file for file in cdi.mounted(document) if not files.has(file))
    except (MalformedError, ValueError, KeyError, TypeError, AttributeError) as error:
        files.note("unreadable", f"`/{path}` is no CDI specification: {error!r}")
    else:
        found[path.removeprefix("var/")] = replace(specification, missing=missing)


def _of(machine: Machine, argv: tuple[str, ...], read: Callable[[str], T]) -> T | None:
    """What a program says, read; None when it is not there. Raises ProbeError when it fails."""
    if machine.which(argv[0]) is None:
        return None
    printed = machine.run(argv)
    if printed.code:
        reason = printed.err.strip().splitlines()[-1:] or [f"it ended with {printed.code}"]
        raise ProbeError(f"`{' '.join(argv[:2])}` fails: {reason[0]}")
    return read(printed.out)


def _plain(node: Node | None) -> Any:
    """The values of a YAML document without their places."""
    if node is None or isinstance(node, Scalar):
        return node.value if node else None
    if isinstance(node, Mapping):
        return {_plain(key): _plain(value) for key, value in node.items}
    return [_plain(item) for item in node.items]
