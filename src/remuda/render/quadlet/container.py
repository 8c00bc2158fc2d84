"""One model as the `.container` file of podman's Quadlet.

The keys are those that llmhop writes for its workers: no capabilities, no new privileges, a port on the loopback
address, ready once it is healthy, always restarted, since vLLM exits with 0 when its engine has died. Differently from
there, three starts that all run into their time limit use up the limit of starts too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from remuda.errors import SpecError
from remuda.plan.container import SHARING, SHM_BYTES
from remuda.quoting.systemd import line, setting, words
from remuda.quoting.unit_file import Section
from remuda.render.image import Course
from remuda.render.order import LOOPBACK
from remuda.render.quadlet import names
from remuda.render.quadlet.account import Account
from remuda.render.quadlet.device import Devices
from remuda.render.values import Values
from remuda.spec.defaults import COMMAND
from remuda.spec.engine import EngineDefaults
from remuda.spec.merge import Effective
from remuda.spec.unit import unit_name

START_S = 3600
"""How long a start may take: weights come over slow networks."""
_RESTART_S = 30
_BURST = 3
_INTERVAL_S = 4 * 3600
"""More than `_BURST` starts that all time out take, or they would be repeated for ever."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """All that decides one file. `image` is a full reference, `port` the host's, `after` the unit before this one.

    A unit that `is_on_demand` runs when a gateway wants it to: nothing else starts it, at boot or again.
    """

    model: Effective
    defaults: EngineDefaults
    account: Account
    values: Values
    course: Course
    devices: Devices
    image: str
    port: int
    after: str | None = None
    is_on_demand: bool = False


def sections(unit: Unit) -> tuple[Section, ...]:
    """The sections of its file; raises SpecError for a value that cannot be written."""
    return (
        ("Unit", tuple(_unit(unit))),
        ("Container", (*_what_runs(unit), *_surroundings(unit), *_readiness(unit))),
        ("Service", tuple(_service(unit))),
        ("Install", () if unit.is_on_demand else (("WantedBy", unit.account.wanted_by),)),
    )


def cache(unit: Unit) -> str | None:
    """The directory of the host that is its cache, as it is written; None where the user mounts another one there.

    Nobody knows whether a server of the engine `command` has one, so for that it has to be said.
    """
    is_unasked = unit.model.engine == COMMAND and unit.defaults.cache_dir is None
    if is_unasked or unit.course.cache in _shown(unit):
        return None
    return unit.account.cache(unit.model.engine, unit.defaults.cache_dir)


def mounts(unit: Unit) -> Iterator[str]:
    """Its volumes as they are written: the cache, what the user names, and weights that are on the host."""
    directory = cache(unit)
    if directory is not None:
        yield f"{directory if directory.startswith('%h') else _mount(directory)}:{unit.course.cache}"
    yield from map(_mount, unit.model.entry.volumes)
    source = _weights(unit.model.entry.model)
    if source is not None and not any(f"{source}/".startswith(f"{path.rstrip('/')}/") for path in _shown(unit)):
        yield _mount(f"{source}:{source}:ro")


def _mount(volume: str) -> str:
    """A volume; podman also writes its source to `RequiresMountsFor=`, and quotes nothing there."""
    source = volume.partition(":")[0]
    if re.search(r"[\s\"'\\$]", source):
        message = f"cannot mount `{source}` in a unit: podman quotes no blanks, quotes, backslashes and `$` there"
        raise SpecError(message, hint="rename it, or mount a directory above it")
    return line(volume)


def _shown(unit: Unit) -> tuple[str, ...]:
    """The paths inside at which the user mounts something."""
    return tuple(volume.split(":")[1] for volume in unit.model.entry.volumes if ":" in volume)


def _unit(unit: Unit) -> Iterator[Key]:
    title = unit.model.entry.name or f"Podman container {unit_name(unit.model)}"
    yield "Description", setting(title)
    if unit.after is not None:
        yield "After", f"{unit.after}.service"
    if unit.account.uid is not None:
        yield "ConditionUser", str(unit.account.uid)
    if unit.is_on_demand:
        yield "StartLimitIntervalSec", "0"  # who swaps models starts one as often as it is wanted
    else:
        yield "StartLimitIntervalSec", str(_INTERVAL_S)
        yield "StartLimitBurst", str(_BURST)


def _what_runs(unit: Unit) -> Iterator[Key]:
    yield "Image", line(unit.image)
    yield "Pull", "missing" if "@" in unit.image else "newer"
    if unit.course.entrypoint:
        yield "Entrypoint", line(json.dumps(unit.course.entrypoint, ensure_ascii=False))
    if unit.course.words:
        yield "Exec", words(unit.course.words)
    for name, value in sorted({**unit.devices.environment, **unit.course.environment}.items()):
        yield "Environment", words((f"{name}={value}",))
    for file in unit.model.environment_files:
        yield "EnvironmentFile", words((file,))
    for name, reference in sorted(unit.values.secrets.items()):
        yield "Secret", words((f"{names.secret(reference)},type=env,target={name}",))


def _surroundings(unit: Unit) -> Iterator[Key]:
    entry = unit.model.entry
    for device in unit.devices.entries:
        yield "AddDevice", words((device,))
    if unit.devices.groups and unit.account.wanted_by == "default.target":
        yield "GroupAdd", "keep-groups"
    yield "DropCapability", "all"
    yield "NoNewPrivileges", "true"
    if entry.network == "host":
        yield "Network", "host"
    else:
        yield "PublishPort", f"{LOOPBACK}:{unit.port}:{unit.course.port}"
    shm_bytes = entry.shm_size or (SHM_BYTES if unit.model.engine in SHARING else None)
    if shm_bytes is not None:
        yield "ShmSize", size(shm_bytes)
    yield "Tmpfs", "/tmp"  # noqa: S108  the container's own
    yield "Ulimit", "host"
    for volume in mounts(unit):
        yield "Volume", volume
    limits = entry.limits
    if limits is not None and limits.memory is not None:
        yield "PodmanArgs", f"--memory={limits.memory}b"
    if limits is not None and limits.cpus is not None:
        yield "PodmanArgs", f"--cpus={limits.cpus:g}"


def _readiness(unit: Unit) -> Iterator[Key]:
    if unit.course.health is None:
        return
    yield "HealthCmd", line(unit.course.health)
    yield "HealthInterval", "10s"
    yield "HealthStartPeriod", "30m"
    yield "HealthTimeout", "5s"
    yield "Notify", "healthy"


def _service(unit: Unit) -> Iterator[Key]:
    yield "LimitNOFILE", str(unit.defaults.open_files_limit)
    if unit.course.locks_memory:
        yield "LimitMEMLOCK", "infinity"
    if unit.is_on_demand:
        yield "Restart", "no"
    else:
        yield "Restart", "always"
        yield "RestartSec", str(_RESTART_S)
    yield "TimeoutStartSec", str(START_S)


def size(size_bytes: int) -> str:
    """As podman writes it: `32g`."""
    for letter, power in (("g", 30), ("m", 20), ("k", 10)):
        if size_bytes and size_bytes % 2**power == 0:
            return f"{size_bytes >> power}{letter}"
    return f"{size_bytes}b"


def _weights(model: str | None) -> str | None:
    """What of the host a model on its disk needs; a file may have others beside it, so that is its directory."""
    if model is None or not model.startswith("/"):
        return None
    directory = model.rpartition("/")[0]
    return directory if model.endswith(".gguf") and directory else model
