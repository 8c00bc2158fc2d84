"""A container that runs an engine → the entry of a model.

Adapters fill a `ContainerRun` from a command line, a service or a unit; here is decided which engine it runs and what
of it the fleet file says. All its texts are in the language of the fleet file (see `remuda.spec.reference.literal`).
What Remuda does itself (names, addresses, restarts, the GPUs' device files) has no key; what it cannot do is told.

Entry points of images: the Dockerfiles of vllm-project/vllm, ggml-org/llama.cpp (.devops), sgl-project/sglang and
ollama/ollama.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from remuda.adapt import around, command_line, script
from remuda.adapt.command_line import CommandLine
from remuda.adapt.container_gpus import given
from remuda.engines import llama_cpp, ollama, sglang, vllm
from remuda.errors import Problem
from remuda.spec.document import Path

_SIZE: Final = re.compile(r"(\d+)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_PORT: Final = re.compile(r"(?:(?:\[[^\]]*\]|[^:/]*[^:/\d][^:/]*):)?(?:(?P<outer>\d*):)?(?P<inner>\d{1,5})(?:/tcp)?")
_OURS: Final = frozenset({"", "bridge", "default", "private", "slirp4netns", "pasta"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRun:
    """One container, as its program would start it; texts as `docker run` takes them.

    `entrypoint` is None for the image's. A variable without a value is passed through from outside. `gpus` is the
    request of docker's `--gpus`; `memory` and `cpus` limit what it may use of the host. `ports` are
    `[[address:]outer:]inner`. `unknown`: what was said besides, a message each.
    """

    image: str
    tag: str | None = None
    digest: str | None = None
    entrypoint: tuple[str, ...] | None = None
    argv: tuple[str, ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    environment_files: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    gpus: str | None = None
    shm_size: str | None = None
    memory: str | None = None
    cpus: str | None = None
    ipc: str | None = None
    network: str | None = None
    ports: tuple[str, ...] = ()
    name: str | None = None
    workdir: str | None = None
    user: str | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Modelled:
    """A model's entry made of a container; None where nothing that serves was found in it.

    `served_names` are what the engine itself was told to be called, `outer_port` where it was reached from outside.
    Paths of `notes` and `remarks` begin in the entry.
    """

    entry: Mapping[str, Any] | None
    served_names: tuple[str, ...] = ()
    outer_port: int | None = None
    notes: Mapping[Path, str] = field(default_factory=dict)
    remarks: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Image:
    """What an image runs by itself: its entry point, and its command where none is given."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()


_KNOWN: Final = (
    (re.compile(r"(?:.*/)?vllm-openai[^/]*"), _Image(("vllm", "serve"))),
    (re.compile(r"(?:.*/)?llama\.cpp:server.*"), _Image(("/app/llama-server",))),
    (re.compile(r"(?:.*/)?llama\.cpp:full.*"), _Image(("/app/tools.sh",))),
    (re.compile(r"(?:.*/)?ollama/ollama(?::.*)?"), _Image(("ollama",), ("serve",))),
    (re.compile(r"(?:.*/)?lmsysorg/sglang(?::.*)?"), _Image(())),
)


def model_of(run: ContainerRun, runtime: Literal["podman", "docker", "systemd"]) -> Modelled:
    """The model that a container serves."""
    image = _image(run)
    argv = _joined(run, image)
    runs = script.split(argv, run.environment) or script.Script((), argv)
    passed = {name: f"${{env:{name}}}" if text is None else text for name, text in run.environment.items()}
    line = command_line.read(runs.argv, passed)
    program = PurePosixPath(runs.argv[0]).name if runs.argv else ""
    if line is None and (not program or (run.entrypoint is None and program not in script.SHELLS)):
        message = f"what the image `{run.image}` runs is not known, so that it is left out"
        return Modelled(None, remarks=(_warning(message),))
    if line and line.model is None:
        message = f"which model `{line.engine}` serves is not on its command line, so that it is left out"
        return Modelled(None, remarks=(_warning(message),))
    return _modelled(run, line, runs, runtime, is_project_image=image is not None)


def _image(run: ContainerRun) -> _Image | None:
    name = run.image + (f":{run.tag}" if run.tag else "")
    return next((image for form, image in _KNOWN if form.fullmatch(name)), None)


def _joined(run: ContainerRun, image: _Image | None) -> tuple[str, ...]:
    """The words of the process: an entry point of one's own drops the image's command."""
    if run.entrypoint is not None:
        return (*run.entrypoint, *run.argv)
    if image is None:
        return run.argv
    if image.entrypoint == ("/app/tools.sh",) and run.argv[:1] in (("--server",), ("-s",)):
        return ("/app/llama-server", *run.argv[1:])
    return (*image.entrypoint, *(run.argv or image.command))


def _modelled(
    run: ContainerRun, line: CommandLine | None, runs: script.Script, runtime: str, *, is_project_image: bool
) -> Modelled:
    entry = _engine(line, is_project_image=is_project_image) if line else {"engine": "command", "cmd": list(runs.argv)}
    gpus = given(run.gpus, run.devices, run.environment if line is None else line.environment)
    environment = dict(gpus.environment)
    if line and line.devices is not None:
        gpus = gpus.narrowed(line.devices)
    volumes, model = _weights(run.volumes, line.model if line else None)
    outer, inner = _ports(run.ports, line.port if line else None)
    told: dict[str, Any] = {
        **entry,
        "runtime": runtime,
        "model": model,
        "image": run.image,
        "tag": (run.tag or "latest") if run.digest is None else None,
        "digest": run.digest,
        "devices": list(gpus.devices) if gpus.devices is not None else None,
        "port": outer if line else inner,
        "network": "host" if run.network == "host" else None,
        "shm_size": byte_size(run.shm_size),
        "volumes": volumes,
        "steps": list(runs.steps),
        "environment_file": run.environment_files[-1] if run.environment_files else None,
        "environment": environment,
        "limits": _limits(run),
    }
    notes, remarks = _said(run, line, gpus.notes)
    if model is not None and line and model != line.model:
        notes["model",] = f"{line.model} in the container"
    if runs.steps:
        notes["steps",] = "from the script that the container was started with"
    return Modelled(
        entry={key: told[key] for key in (*_ORDER, *told) if told.get(key) not in (None, [], {})},
        served_names=line.served_names if line else (),
        outer_port=outer,
        notes=notes,
        remarks=(*(line.remarks if line else ()), *remarks, *_unsaid(run)),
    )


_ORDER: Final = (
    *("engine", "runtime", "image", "tag", "digest", "executable", "model", "cmd", "steps", "devices", "port"),
    *("network", "shm_size", "volumes", "settings", "environment_file", "environment"),
)


def _engine(line: CommandLine, *, is_project_image: bool) -> dict[str, Any]:
    """The keys of the engine; the program of the image that its project publishes needs no name."""
    entry = line.entry()
    own = {vllm.NAME: "vllm", llama_cpp.NAME: "llama-server", ollama.NAME: "ollama", sglang.NAME: "sglang"}[line.engine]
    written = line.executable or (own if line.engine == llama_cpp.NAME else None)
    entry.pop("executable", None)
    if written is not None and not (is_project_image and PurePosixPath(written).name == own):
        entry["executable"] = written
    return {key: value for key, value in entry.items() if key not in ("devices", "environment")}


def _weights(volumes: Sequence[str], model: str | None) -> tuple[list[str], str | None]:
    """The volumes, and the model by its path on the machine, where one of them holds it."""
    mounted = [volume.split(":")[:2] for volume in volumes if volume.startswith(("/", "./", "../", "~"))]
    for source, target in (pair for pair in mounted if len(pair) == 2):  # noqa: PLR2004 (source and target)
        if model is not None and (model == target or model.startswith(target.rstrip("/") + "/")):
            outside = source.rstrip("/") + model[len(target.rstrip("/")) :]
            # Remuda shows a container its weights by itself, at their own path.
            return [volume for volume in volumes if volume.split(":")[:2] != [outside, outside]], outside
    return list(volumes), model


def _limits(run: ContainerRun) -> dict[str, int | float | str]:
    """What it may use of the host; a memory of 0 is no limit."""
    memory = around.size(run.memory) if run.memory else None
    cpus = around.cpus(run.cpus) if run.cpus else None
    return {**({"memory": memory} if memory else {}), **({"cpus": cpus} if cpus else {})}


def _ports(published: Sequence[str], inner: int | None) -> tuple[int | None, int | None]:
    """Where the engine is reached from outside, and its port inside; by its own port if there are several."""
    matches = [match for text in published if (match := _PORT.fullmatch(text))]
    found = [(int(match["outer"] or 0) or None, int(match["inner"])) for match in matches]
    return next((pair for pair in found if pair[1] == inner), found[0] if found else (None, inner))


def byte_size(size: str | None) -> int | str | None:
    """Docker's `16g` in the units of the fleet file; as it is where it has another form, which is then reported."""
    if size is None:
        return None
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        return size
    unit = match[2].upper()
    return f"{match[1]}{unit}iB" if unit not in ("", "B") else int(match[1])


def _said(
    run: ContainerRun, line: CommandLine | None, gpu_notes: Sequence[str]
) -> tuple[dict[Path, str], list[Problem]]:
    notes: dict[Path, str] = {path: text for path, text in (line.notes if line else {}).items() if path != ("devices",)}
    own = [line.notes["devices",]] if line and ("devices",) in line.notes else []
    if gpu_notes or own:
        notes["devices",] = "; ".join((*gpu_notes, *own))
    if run.ipc == "host" and run.shm_size is None:
        notes["image",] = "with the IPC namespace of the host there; here with shared memory of its own"
    remarks = [_warning(message) for message in run.unknown]
    if run.network not in (None, "host", *_OURS):
        remarks.append(_warning(f"the network `{run.network}` is left out: the gateway reaches the engine itself"))
    if run.ipc not in (None, "", "host", "private", "shareable"):
        remarks.append(_warning(f"the IPC namespace `{run.ipc}` is left out: a container has its own"))
    if len(run.environment_files) > 1:
        dropped = "`, `".join(run.environment_files[:-1])
        remarks.append(_warning(f"`{dropped}` is left out: a model has one environment file", "environment_file"))
    return notes, remarks


def _unsaid(run: ContainerRun) -> list[Problem]:
    """What a container of Remuda's does not have."""
    remarks = []
    if run.workdir is not None:
        remarks.append(_warning(f"the working directory `{run.workdir}` is left out: the image's is used"))
    if run.user not in (None, "root", "0", "0:0"):
        remarks.append(_warning(f"the user `{run.user}` is left out: the image's is used"))
    if run.memory and around.size(run.memory) is None:
        remarks.append(_warning(f"the limit `{run.memory}` is left out: expected a size, as `32g`"))
    if run.cpus and around.cpus(run.cpus) is None:
        remarks.append(_warning(f"the limit `{run.cpus}` is left out: expected a number of processors"))
    if run.tag is None and run.digest is None:
        remarks.append(_warning(f"the image `{run.image}` has no tag: `latest` is another one with every release"))
    if len(run.ports) > 1:
        remarks.append(_warning(f"of the ports `{'`, `'.join(run.ports)}` only the engine's is kept", "port"))
    return remarks


def _warning(message: str, key: str | None = None) -> Problem:
    return Problem(message, (key,) if key else (), severity="warning")
