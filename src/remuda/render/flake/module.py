"""The module of NixOS: a service for each model, off until it is enabled, that runs the package of the flake.

Every option that is used is declared. A service may open what its devices are made of and little else, and is held as
short as the native units of `remuda render systemd`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from signal import Signals
from typing import Any, Final

from remuda.engines import ENGINES
from remuda.facts.host import Host
from remuda.render.flake.built import Built
from remuda.render.flake.server import launch
from remuda.render.nix.expression import (
    Binding,
    Expression,
    Function,
    Let,
    List,
    Name,
    Pattern,
    Select,
    Set,
    Text,
    bind,
    call,
    ref,
    text,
)
from remuda.render.nix.value import value
from remuda.render.order import LOOPBACK
from remuda.render.systemd import hardening
from remuda.render.systemd.cache import redirections
from remuda.render.systemd.device import granted
from remuda.render.systemd.native import LOCKING

_OPTION: Final = "services.remuda-models"
_START_S: Final = 1800


def module(models: Iterable[Built], host: Host) -> Expression:
    """A function of the flake to the module."""
    made = tuple(models)
    options = Set(tuple(Binding((one.name, "enable"), _enable(one)) for one in made))
    config = call("lib.mkMerge", List(tuple(_if_enabled(one, host) for one in made)))
    body = Let(
        (
            bind("packages", Select(Name("self"), ("packages", Text((ref("pkgs.stdenv.hostPlatform.system"),))))),
            bind("enabled", ref(f"config.{_OPTION}")),
        ),
        Set((bind(f"options.{_OPTION}", options), bind("config", config))),
    )
    return Function("self", Function(Pattern({"config": None, "lib": None, "pkgs": None}, is_open=True), body))


def _enable(one: Built) -> Expression:
    return call("lib.mkEnableOption", text(f"the model {one.model.model_id}"))


def _if_enabled(one: Built, host: Host) -> Expression:
    user = _user(one)
    settings = Set(
        (
            Binding(("systemd", "services", f"remuda-{one.name}"), _service(one, host)),
            Binding(("users", "users", user), value({"isSystemUser": True, "group": user})),
            Binding(("users", "groups", user), Set()),
        )
    )
    return call("lib.mkIf", Select(Name("enabled"), (one.name, "enable")), settings)


def _service(one: Built, host: Host) -> Set:
    cache = f"/var/cache/remuda/{one.model.engine}"
    program = call("lib.getExe", Select(Name("packages"), (f"{one.name}-server",)))
    config = {key: found[0] if len(found) == 1 else found for key, found in _grouped(_keys(one, host)).items()}
    return Set(
        (
            bind("description", text(one.model.entry.name or f"Language model {one.model.model_id}")),
            bind("wantedBy", value(["multi-user.target"])),
            bind("wants", value(["network-online.target"])),
            bind("after", value(["network-online.target"])),
            bind("environment", value(redirections(one.model.engine, cache))),
            bind(
                "serviceConfig", Set((bind("ExecStart", program), *(bind(key, value(config[key])) for key in config)))
            ),
        )
    )


def _keys(one: Built, host: Host) -> Iterator[tuple[str, str]]:
    engine, entry = ENGINES[one.model.engine], one.model.entry
    allowed = granted(host, one.model.devices or ()).allowed
    launched = launch(one, LOOPBACK)
    yield "User", _user(one)
    yield "Group", _user(one)
    if allowed:
        yield "SupplementaryGroups", "render"
        yield "SupplementaryGroups", "video"
    yield "Restart", "on-failure"
    yield "RestartSec", "10s"
    yield "KillMode", "mixed"
    yield "KillSignal", Signals(engine.STOP_SIGNAL).name
    yield "TimeoutStartSec", str(_START_S)
    yield "TimeoutStopSec", str(math.ceil(engine.STOP_GRACE_S))
    yield "CacheDirectory", f"remuda/{one.model.engine}"
    yield "CacheDirectoryMode", "0750"
    yield "WorkingDirectory", f"/var/cache/remuda/{one.model.engine}"
    for reference in dict.fromkeys(one.values.secrets.values()):
        if reference.kind == "cred":
            yield "LoadCredential", reference.name
    if one.model.engine in LOCKING:
        yield "LimitMEMLOCK", "infinity"
    if entry.limits is not None and entry.limits.memory is not None:
        yield "MemoryMax", str(entry.limits.memory)
    if entry.limits is not None and entry.limits.cpus is not None:
        yield "CPUQuota", f"{entry.limits.cpus * 100:g}%"
    yield from hardening.of_engine(is_system=True)
    yield hardening.homes((*launched.argv, *launched.environment.values()))
    yield from hardening.devices(allowed)


def _grouped(keys: Iterable[tuple[str, str]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, each in keys:
        found.setdefault(key, []).append(each)
    return found


def _user(one: Built) -> str:
    return f"remuda-{one.model.engine}"
