"""One model as a unit that runs its engine itself: `remuda-notify` becomes the engine, and says when it can serve.

Nothing but the gateway starts it: it has no `[Install]`, is not restarted and may be started as often as models are
swapped. Residency has to know what is in memory, so there is one owner who decides when a unit runs, and who starts it
again after a failure. Neither do units wait for each other: what starts one after the other is up to residency too.

The environment is the same as that of a container with the same fleet file (`remuda.edge.notifier`): systemd's own
`EnvironmentFile=` would win over `Environment=`, and reads quotes that podman leaves alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from signal import Signals

from remuda.engines import ENGINES, llama_cpp, sglang, vllm
from remuda.engines.contract import Executable, Module, Order
from remuda.quoting.systemd import command as command_line
from remuda.quoting.systemd import setting, variables
from remuda.quoting.unit_file import Section
from remuda.render.order import LOOPBACK, Place, order
from remuda.render.quadlet.container import START_S
from remuda.render.systemd import hardening
from remuda.render.systemd.cache import redirections
from remuda.render.systemd.credential import credential, loaded
from remuda.render.systemd.device import Granted
from remuda.render.systemd.service_manager import Manager
from remuda.render.values import Values
from remuda.spec.defaults import COMMAND
from remuda.spec.engine import EngineDefaults
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

LOCKING = frozenset({llama_cpp.NAME, sglang.NAME, vllm.NAME})
"""Engines that lock memory, for weights or for transfers to a GPU."""

_NOTIFY = "remuda-notify"
_CACHES = PurePosixPath("/var/cache")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Native:
    """All that decides one unit. `programs` is the directory of Remuda's own programs."""

    model: Effective
    defaults: EngineDefaults
    manager: Manager
    values: Values
    devices: Granted
    port: int
    programs: PurePosixPath

    @property
    def user(self) -> str:
        """The user of the system whose an engine's processes are."""
        return f"remuda-{self.model.engine}"

    @property
    def cache(self) -> str | None:
        """The directory for what the engine keeps; None where that is in the home of whoever installs the unit."""
        given = self.defaults.cache_dir
        return str(_CACHES / "remuda" / self.model.engine) if given is None and self.manager.is_system else given

    @property
    def has_own_cache(self) -> bool:
        """Whether the system's manager makes that directory, as it does below /var/cache."""
        return self.cache is not None and PurePosixPath(self.cache).is_relative_to(_CACHES)


@dataclass(frozen=True, slots=True)
class _Command:
    """What is run. `engine` is to be looked for where the unit is started; None if `argv` begins with a program."""

    argv: tuple[str, ...]
    engine: str | None
    environment: Mapping[str, str]
    path: str | None


def sections(unit: Native) -> tuple[Section, ...]:
    """The sections of its file; raises SpecError for a value that cannot be written."""
    command = _command(unit)
    return ("Unit", tuple(_unit(unit))), ("Service", (*_service(unit, command), *_surroundings(unit, command)))


def _unit(unit: Native) -> Iterator[Key]:
    yield "Description", setting(unit.model.entry.name or f"Language model {unit.model.model_id}")
    if unit.manager.is_system:
        yield "Wants", "network-online.target"
        yield "After", "network-online.target"
    yield "StartLimitIntervalSec", "0"


def _service(unit: Native, command: _Command) -> Iterator[Key]:
    engine = ENGINES[unit.model.engine]
    yield "Type", "notify"
    yield "NotifyAccess", "all"
    yield "ExecStart", command_line(tuple(_start(unit, command)))
    redirected = {} if unit.cache is None else redirections(unit.model.engine, unit.cache)
    for name, value in sorted({**redirected, **command.environment}.items()):
        yield "Environment", variables({name: value})
    for file in unit.model.environment_files:
        yield "LoadCredential", loaded(Reference("file", file), unit.manager)
    for reference in dict.fromkeys(reference for _, reference in sorted(unit.values.secrets.items())):
        yield "LoadCredential", loaded(reference, unit.manager)
    yield "SyslogIdentifier", "%N"
    yield "Restart", "no"
    yield "KillMode", "mixed"  # the signal is for the engine alone, which ends its own; what it leaves is killed
    yield "KillSignal", Signals(engine.STOP_SIGNAL).name
    yield "TimeoutStartSec", str(START_S)
    yield "TimeoutStopSec", str(math.ceil(engine.STOP_GRACE_S))


def _start(unit: Native, command: _Command) -> Iterator[str]:
    yield str(unit.programs / _NOTIFY)
    yield f"--port={unit.port}"
    if command.path is not None:
        yield f"--path={command.path}"
    for file in unit.model.environment_files:
        yield f"--file={credential(Reference('file', file))}"
    if unit.model.environment_files and command.environment:
        yield f"--own={','.join(sorted(command.environment))}"
    for name, reference in sorted(unit.values.secrets.items()):
        yield f"--secret={name}={credential(reference)}"
    if command.engine is not None:
        yield f"--engine={command.engine}"
    yield "--"
    yield from command.argv


def _surroundings(unit: Native, command: _Command) -> Iterator[Key]:
    limits, cache = unit.model.entry.limits, unit.cache
    yield "LimitNOFILE", str(unit.defaults.open_files_limit)
    if unit.model.engine in LOCKING:
        yield "LimitMEMLOCK", "infinity"
    if limits is not None and limits.memory is not None:
        yield "MemoryMax", str(limits.memory)
    if limits is not None and limits.cpus is not None:
        yield "CPUQuota", f"{limits.cpus * 100:g}%"
    yield from hardening.of_engine(is_system=unit.manager.is_system)
    if not unit.manager.is_system or cache is None:
        return
    yield "User", unit.user
    if unit.devices.allowed:
        yield "SupplementaryGroups", "render video"
    if unit.has_own_cache:
        yield "CacheDirectory", setting(str(PurePosixPath(cache).relative_to(_CACHES)))
        yield "CacheDirectoryMode", "0750"
    else:
        yield "ReadWritePaths", setting(cache)
    yield "WorkingDirectory", setting(cache)
    yield hardening.homes((*command.argv, *command.environment.values(), str(unit.programs)))
    yield from hardening.devices(unit.devices.allowed)


def _command(unit: Native) -> _Command:
    """The command line of the engine's module, and what surrounds it."""
    model, values = unit.model, unit.values
    engine = ENGINES[model.engine]
    program = (model.executable,) if model.executable else ()
    ordered = order(model, Place(program, LOOPBACK, unit.port), values)
    ordered = replace(ordered, environment={**unit.devices.environment, **ordered.environment})
    looked_for: str | None = None
    if not ordered.program and model.engine != COMMAND:
        ordered, looked_for = _without_program(ordered, model.engine)
    launched = engine.launch(ordered)
    return _Command(
        argv=launched.argv,
        engine=looked_for,
        environment={name: text for name, text in launched.environment.items() if name not in values.secrets},
        path=engine.readiness(ordered).path,
    )


def _without_program(order: Order, name: str) -> tuple[Order, str | None]:
    """For an engine whose program nobody names: what finds it, or the program's name where its words depend on it."""
    programs = ENGINES[name].PROGRAMS
    prefixes = [("python", "-m", each.run) if isinstance(each, Module) else (each.name,) for each in programs]
    tails = {ENGINES[name].launch(replace(order, program=each)).argv[len(each) :] for each in prefixes}
    if len(tails) == 1:
        return order, name
    return replace(order, program=next((each.name,) for each in programs if isinstance(each, Executable))), None
