"""How llama-swap starts and stops a model: `cmd`, `cmdStop`, `env`.

A model of a container runtime becomes a `run` of that program, whose container is removed when it ends, and `cmdStop`
the program's `stop`, since a signal to its client may leave the container behind. Secrets are in `env` only, from
where `run` passes them on by name: a command line can be read by everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remuda.engines import ENGINES
from remuda.engines.contract import Executable
from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.facts.names import expand, visibility
from remuda.plan.care import care
from remuda.plan.container import Contained, contained, inside
from remuda.plan.plan import CONTAINERS
from remuda.render import order
from remuda.render.llama_swap.text import PORT_MACRO, command, variable
from remuda.render.order import LOOPBACK, Place
from remuda.render.paths import environment_files, sockets
from remuda.render.runtimes import without_image, without_runtime
from remuda.render.starting import ANY_PORT, PORT, Starting, Word, joined, starting, weights
from remuda.spec.defaults import PROCESS
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

MACROS: Final[Mapping[str, str]] = {
    tool: f"{tool} run --rm --init{more} --cap-drop all --security-opt no-new-privileges"
    for tool, more in (("podman", " --replace"), ("docker", ""))
}
"""What begins the command of every container."""

_NAME: Final = "llama-swap"
_ENV_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
"""What the schema allows in `env`."""

_WHOLE: Final[Mapping[str, tuple[str, ...]]] = {
    "cuda:all": ("nvidia.com/gpu=all",),
    "rocm:all": ("/dev/kfd", "/dev/dri"),
}
"""All GPUs of a kind on a machine of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Process:
    """The keys of a model that start and stop it."""

    cmd: str
    cmd_stop: str | None
    env: tuple[str, ...]
    proxy: str
    starting: Starting


def process(model: Effective, host: Host) -> Process:
    """How a model is started on the host, of which perhaps nothing is known."""
    names, unknown = expand(host, model.devices or ())
    is_contained = model.runtime in CONTAINERS
    port = model.entry.port or ANY_PORT
    place = order.inside(model, port) if is_contained else Place(_program(model), LOOPBACK, port)
    started = starting(model, place)
    visible = visibility(host, names) if names else {}
    proxy = f"http://{LOOPBACK}:{model.entry.port or PORT_MACRO}"
    if not is_contained or model.image is None:
        return _native(started, visible, proxy)
    around = contained(model, model.image, host, names)
    devices = (*around.devices, *(entry for selector in unknown for entry in _WHOLE.get(selector, ())))
    environment = {**_words(inside(visible)), **started.environment}
    secret = {name: word for name, word in environment.items() if _is_secret(word)}
    words = [
        *_run_words(model, around, devices),
        *(word for name, value in environment.items() for word in ("--env", _env(name, value, secret))),
        *("--entrypoint", _text(started.argv[0]), around.image),
        *map(_text, started.argv[1:]),
    ]
    stop = [model.runtime, "stop", "--time", f"{ENGINES[model.engine].STOP_GRACE_S:.0f}", around.name]
    return Process(f"${{{model.runtime}}} {command(words)}", command(stop), _entries(secret), proxy, started)


def problems(model: Effective, host: Host) -> Iterator[Problem]:
    """What keeps a model from being started by llama-swap."""
    path = ("models", model.model_id)
    for selector in expand(host, model.devices or ())[1]:
        if selector not in _WHOLE:
            message = f"{label((*path, 'devices'))} has `{selector}`, which llama-swap cannot be told of"
            hint = "write `cuda0`, `cuda:all`, `rocm0`, `rocm:all` or `cpu`"
            yield Problem(message, path=(*path, "devices"), hint=hint)
    yield from filter(None, (without_runtime(model, _NAME, (PROCESS, *CONTAINERS)), without_image(model, _NAME)))
    yield from sockets(model)
    for where, _ in environment_files(model) if model.runtime not in CONTAINERS else ():
        message = f"{label(where)} cannot be rendered: llama-swap reads no environment files"
        yield Problem(message, path=where, hint="write the variables under `environment`")


def _native(started: Starting, visible: Mapping[str, str], proxy: str) -> Process:
    environment = {**_words(visible), **started.environment}
    own = {name: word for name, word in environment.items() if _is_listed(name, word)}
    others = [f"{name}={_text(word)}" for name, word in environment.items() if name not in own]
    words = [*(["env", *others] if others else []), *map(_text, started.argv)]
    return Process(command(words), None, _entries(own), proxy, started)


def _is_listed(name: str, word: Word) -> bool:
    """Whether a variable can be in `env`; the port has to be in `cmd`, or llama-swap gives none."""
    return _is_secret(word) or (_ENV_NAME.fullmatch(name) is not None and PORT not in _text(word))


def _words(environment: Mapping[str, str]) -> dict[str, Word]:
    return {name: (value,) for name, value in environment.items()}


def _entries(environment: Mapping[str, Word]) -> tuple[str, ...]:
    """What `env` lists."""
    return tuple(f"{name}={_text(word).replace(PORT, PORT_MACRO)}" for name, word in environment.items())


def _program(model: Effective) -> tuple[str, ...]:
    if model.executable:
        return (model.executable,)
    return next(((each.name,) for each in ENGINES[model.engine].PROGRAMS if isinstance(each, Executable)), ())


def _run_words(model: Effective, around: Contained, devices: Sequence[str]) -> Iterator[str]:
    limits = care(model)
    port = str(model.entry.port or PORT)
    yield from ("--name", around.name)
    if around.is_on_host_network:
        yield from ("--network", "host")
    else:
        yield from ("--publish", f"{LOOPBACK}:{port}:{port}")
    for flag, value in (
        ("--shm-size", around.shm_bytes),
        ("--memory", limits.memory_bytes),
        ("--cpus", limits.cpus),
        ("--stop-signal", int(ENGINES[model.engine].STOP_SIGNAL)),
    ):
        if value is not None:
            yield from (flag, str(value))
    for device in devices:
        yield from ("--device", device)
    for volume in around.volumes:
        yield from ("--volume", volume)
    for path in weights(model):
        yield from ("--mount", f"type=bind,source={path},target={path},readonly")
    for _, file in environment_files(model):
        yield from ("--env-file", file)


def _env(name: str, word: Word, secret: Mapping[str, Word]) -> str:
    return name if name in secret else f"{name}={_text(word)}"


def _text(word: Word) -> str:
    return joined(word, variable)


def _is_secret(word: Word) -> bool:
    return any(isinstance(part, Reference) for part in word)
