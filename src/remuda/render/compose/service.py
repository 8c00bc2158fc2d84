"""One model as a service.

A service gets no capabilities and no new privileges, only its own devices, and a port on the machine's loopback
address, the same inside and outside. Its health is what its engine answers; after that, and only after, come the
services that use the same GPU, because an engine that measures free memory while another one loads measures wrong.

A model is in a profile of its own, so that `up` starts only those that are always on or preloaded, with the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from remuda.engines import ENGINES
from remuda.engines.contract import Readiness
from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.facts.names import expand, visibility
from remuda.plan.care import care
from remuda.plan.container import contained, container_name, inside
from remuda.quoting.compose import escaped
from remuda.render import order
from remuda.render.compose.command import command
from remuda.render.compose.interpolation import secret_name
from remuda.render.paths import environment_files
from remuda.render.starting import Starting, starting, weights
from remuda.spec.engine import EngineDefaults
from remuda.spec.fleet import Fleet
from remuda.spec.form import label
from remuda.spec.merge import Effective

_START_PERIOD: Final = "30m"
"""How long an engine may load before its health counts: what llmhop's units give vLLM."""


@dataclass(frozen=True, slots=True)
class Serviced:
    """One model on its way into the file. `gpus`: what it shares with others of the same."""

    model: Effective
    name: str
    port: int
    starting: Starting
    gpus: frozenset[str]
    uuids: tuple[str, ...] | None
    visible: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def service_name(model: Effective) -> str:
    """The model's unit, or what a service may be called of its ID."""
    return container_name(model.model_id, model.entry.unit).removeprefix("remuda-")


def serviced(model: Effective, port: int, host: Host) -> Serviced:
    """What has to be known of a model before the services can be written."""
    path = ("models", model.model_id)
    names, unknown = expand(host, model.devices or ())
    whole = tuple(selector for selector in unknown if selector in ("cuda:all", "rocm:all"))
    cuda = [name for name in names if name.startswith("cuda")]
    return Serviced(
        model=model,
        name=service_name(model),
        port=port,
        starting=starting(model, order.inside(model, port)),
        gpus=frozenset(name for name in (*names, *whole) if name != "cpu"),
        uuids=None if "cuda:all" in whole else tuple(_uuids(host, cuda)),
        visible=inside(visibility(host, names)) if names else {},
        problems=tuple(
            Problem(
                f"{label((*path, 'devices'))} has `{selector}`, which no container can be given",
                path=(*path, "devices"),
                hint="write `cuda0`, `cuda:all`, `rocm0`, `rocm:all` or `cpu`",
            )
            for selector in unknown
            if selector not in whole
        ),
    )


def _uuids(host: Host, names: Sequence[str]) -> Iterator[str]:
    listed = visibility(host, names).get("CUDA_VISIBLE_DEVICES", "") if names else ""
    yield from filter(None, listed.split(","))


def service(fleet: Fleet, one: Serviced, before: Iterable[Serviced]) -> dict[str, Any]:
    """The service of a model; `before` are those that start first if they start at all."""
    entry, started = one.model.entry, command(one.starting)
    engine, limits = ENGINES[one.model.engine], care(one.model)
    defaults = fleet.engines.get(one.model.engine, EngineDefaults())
    around = contained(one.model, one.model.image or "", Host(()), ())
    test = healthcheck(one.model.engine, one.starting.readiness, one.port)
    keys: dict[str, Any] = {
        "image": escaped(around.image),
        "profiles": [] if entry.always_on or entry.preload else [one.name],
        "entrypoint": list(started.entrypoint),
        "command": list(started.arguments),
        "environment": {**{name: escaped(value) for name, value in one.visible.items()}, **started.environment},
        "env_file": [escaped(file) for _, file in environment_files(one.model)],
        "secrets": [secret_name(file) for file in started.secrets],
        **_network(one),
        "volumes": [*map(escaped, entry.volumes), *(_weights(path) for path in weights(one.model))],
        "shm_size": around.shm_bytes,
        "mem_limit": limits.memory_bytes,
        "cpus": limits.cpus,
        **_devices(one),
        "ulimits": {"nofile": defaults.open_files_limit} if "open_files_limit" in defaults.model_fields_set else None,
        "depends_on": {other.name: _depends(other) for other in before} if defaults.startup_ordering else None,
        "healthcheck": test,
        "init": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "stop_signal": str(int(engine.STOP_SIGNAL)),
        "stop_grace_period": f"{engine.STOP_GRACE_S:.0f}s",
    }
    return {key: value for key, value in keys.items() if value not in (None, [], {}) or key == "command"}


def healthcheck(engine: str, readiness: Readiness, port: int) -> dict[str, Any] | None:
    """How the container is asked whether its engine can serve; None where an open port is all that there is to see."""
    if readiness.path is None:
        return None
    if engine == "ollama":  # its image has no program that makes HTTP requests but itself
        test = ["CMD", "ollama", "list"]
    else:
        url = escaped(f"'http://127.0.0.1:{port}{readiness.path}'")
        get = f"curl --fail --silent --show-error --output /dev/null {url} || wget -q --spider {url}"
        test = ["CMD-SHELL", get]
    return {"test": test, "interval": "10s", "timeout": "5s", "start_period": _START_PERIOD}


def _network(one: Serviced) -> dict[str, Any]:
    if one.model.entry.network == "host":
        return {"network_mode": "host"}
    return {"ports": [f"{order.LOOPBACK}:{one.port}:{one.port}"]}


def _weights(path: str) -> dict[str, Any]:
    """Long, since the short form makes an empty directory where the weights are missing."""
    where = escaped(path)
    return {
        "type": "bind",
        "source": where,
        "target": where,
        "read_only": True,
        "bind": {"create_host_path": False},
    }


def _devices(one: Serviced) -> dict[str, Any]:
    """AMD's device nodes, and NVIDIA's GPUs in the form that podman-compose turns into their CDI names."""
    keys: dict[str, Any] = {}
    if any(name.startswith("rocm") for name in one.gpus):
        keys["devices"] = ["/dev/kfd", "/dev/dri"]
    if one.uuids != ():
        which = {"count": "all"} if one.uuids is None else {"device_ids": list(one.uuids)}
        reserved = {"driver": "nvidia", **which, "capabilities": ["gpu"]}
        keys["deploy"] = {"resources": {"reservations": {"devices": [reserved]}}}
    return keys


def _depends(other: Serviced) -> dict[str, Any]:
    """Without `required`, one that is in no active profile, or fails, holds nobody up."""
    has_health = healthcheck(other.model.engine, other.starting.readiness, other.port) is not None
    return {"condition": "service_healthy" if has_health else "service_started", "required": False}
