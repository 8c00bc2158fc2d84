"""Models without a container as services of systemd's, with engines from nixpkgs.

Users are static, since what engines compile for a GPU has to stay and be executable, which a dynamic user's directories
are not; homes are their caches. A service is started anew whatever it ended with, as vLLM's exit status is 0 when its
engine has died. NixOS quotes variables for systemd, but leaves its specifiers alone.

Source of the hardening: what llmhop found out (docs/src/internals.md of mirkolenz/llmhop at 2401443).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from signal import Signals
from typing import Any, Final

from remuda.engines import ENGINES, llama_cpp, ollama, vllm
from remuda.errors import Problem, SpecError
from remuda.facts.names import expand, visibility
from remuda.quoting.systemd import command
from remuda.render.contract import Request
from remuda.render.nix.expression import Binding, Entry, Expression, Part, Set, Text, ref
from remuda.render.nix.value import value
from remuda.render.order import LOOPBACK, Place
from remuda.render.starting import Starting, joined, starting
from remuda.render.values import source, values
from remuda.spec.defaults import COMMAND, PROCESS
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.unit import unit_name

RUNTIMES: Final = (PROCESS, "systemd")

_PACKAGED: Final = {llama_cpp.NAME: "llama-server", ollama.NAME: "ollama", vllm.NAME: "vllm"}
"""Engines that nixpkgs has a package of, which is called as they are, and their programs."""
_PLACEHOLDER: Final = "/engine"
_DRIVER: Final = {"LD_LIBRARY_PATH": "/run/opengl-driver/lib", "TRITON_LIBCUDA_PATH": "/run/opengl-driver/lib"}
"""Where NixOS keeps the libraries of a GPU's driver."""
_HARDENING: Final = {
    "NoNewPrivileges": True,
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "read-only",
    "PrivateTmp": True,
    "ProtectKernelModules": True,
    "ProtectKernelTunables": True,
    "ProtectControlGroups": True,
    "RestrictSUIDSGID": True,
    "LockPersonality": True,
}


def entries(request: Request, models: Sequence[Effective], ports: dict[str, int]) -> Iterator[Entry]:
    """The services and their users."""
    for user in dict.fromkeys(_user(model) for model in models):
        data = {"isSystemUser": True, "group": user, "home": f"/var/cache/{user}"}
        yield Binding(("users", "users", user), value(data), is_apart=True)
        yield Binding(("users", "groups", user), value({}))
    for model in models:
        service = _service(request, model, ports[model.model_id])
        yield Binding(("systemd", "services", unit_name(model)), service, is_apart=True)


def problems(request: Request, models: Sequence[Effective]) -> Iterator[Problem]:
    """What a service cannot be told."""
    for model in models:
        path = ("models", model.model_id)
        if model.image is not None and model.runtime != PROCESS:
            message = f"cannot render `{model.model_id}` for NixOS: a unit of Remuda's with an image is started by it"
            yield Problem(message, path, hint="choose the runtime `podman`, or run Remuda by `services.remuda`")
        yield from values(model, 0).problems
        for name in values(model, 0).secrets:
            where = source(model, "environment", name)
            message = f"{label(where)} is a secret, which the configuration of NixOS would show to everybody"
            yield Problem(message, where, hint="write it to a file, and name that as `environment_file`")
        for selector in expand(request.host, model.devices or ())[1]:
            if not selector.endswith(":all"):
                message = f"{label((*path, 'devices'))} has `{selector}`, which a service cannot be told of"
                yield Problem(message, (*path, "devices"), hint="write `cuda0`, `cuda:all`, `rocm0` or `cpu`")
        yield from _without_program(model)


def _without_program(model: Effective) -> Iterator[Problem]:
    given = model.executable or (model.entry.cmd[0] if model.entry.cmd else None)
    if given is None and model.engine not in _PACKAGED:
        path = ("models", model.model_id)
        message = f"cannot render `{model.model_id}` for NixOS: nixpkgs has no `{model.engine}`"
        yield Problem(message, path, hint="name its program by `executable`, or run it in a container")
        return
    if given is not None and not given.startswith("/"):
        path = ("models", model.model_id)
        message = f"cannot render `{model.model_id}` for NixOS: `{given}` is no absolute path"
        yield Problem(message, path, hint="write one, such as `/run/current-system/sw/bin/whisper-server`")
        return
    try:
        _exec_start(model, _started(model, 1))
    except SpecError as error:
        path = ("models", model.model_id)
        yield Problem(f"{label(path)}: {error.message}", path, hint=error.hint)


def _service(request: Request, model: Effective, port: int) -> Expression:
    started = _started(model, port)
    seen, _ = expand(request.host, model.devices or ())
    shown = visibility(request.host, seen) if seen else {}
    home = {"HOME": f"/var/cache/{_user(model)}", "XDG_CACHE_HOME": f"/var/cache/{_user(model)}"}
    environment = (
        {**home, **_DRIVER, **shown, **_environment(started)} if _sees_gpu(model) else {**home, **_environment(started)}
    )
    config = Set(
        (
            Binding(("ExecStart",), _exec_start(model, started)),
            *(Binding((key,), value(data)) for key, data in _config(request, model).items()),
        )
    )
    return Set(
        (
            Binding(("description",), value(model.entry.name or f"Language model {model.model_id}")),
            Binding(("wantedBy",), value(["multi-user.target"])),
            Binding(("wants",), value(["network-online.target"])),
            Binding(("after",), value(["network-online.target"])),
            Binding(("environment",), value({name: text.replace("%", "%%") for name, text in environment.items()})),
            Binding(("serviceConfig",), config),
        )
    )


def _config(request: Request, model: Effective) -> dict[str, Any]:
    defaults = request.fleet.engines.get(model.engine, EngineDefaults())
    limits, sees_gpu = model.entry.limits, _sees_gpu(model)
    found: dict[str, Any] = {
        "EnvironmentFile": list(model.environment_files),
        "User": _user(model),
        "Group": _user(model),
        "SupplementaryGroups": ["render", "video"] if sees_gpu else [],
        "CacheDirectory": _user(model),
        "Restart": "always",
        "RestartSec": 30,
        "KillSignal": Signals(ENGINES[model.engine].STOP_SIGNAL).name,
        "LimitNOFILE": defaults.open_files_limit,
        "LimitMEMLOCK": "infinity",
        "MemoryMax": None if limits is None else limits.memory,
        "CPUQuota": None if limits is None or limits.cpus is None else f"{limits.cpus * 100:g}%",
        **_HARDENING,
        "PrivateDevices": not sees_gpu,
    }
    return {key: data for key, data in found.items() if data not in (None, [])}


def _exec_start(model: Effective, started: Starting) -> Text:
    """The command line. What a file of variables says would win over `Environment=`, but not over `env`'s words."""
    words = [joined(word, str) for word in started.argv]
    line = command(words)
    parts: tuple[Part, ...] = (line,)
    if words[0] == _PLACEHOLDER:
        parts = (ref(f"pkgs.{model.engine}"), f"/bin/{_PACKAGED[model.engine]}{line.removeprefix(_PLACEHOLDER)}")
    if not model.environment_files:
        return Text(parts)
    variables = command((_PLACEHOLDER, *(f"{name}={text}" for name, text in _environment(started).items())))
    return Text((ref("pkgs.coreutils"), f"/bin/env{variables.removeprefix(_PLACEHOLDER)} ", *parts))


def _environment(started: Starting) -> dict[str, str]:
    return {name: joined(word, str) for name, word in started.environment.items()}


def _started(model: Effective, port: int) -> Starting:
    program = () if model.engine == COMMAND else (model.executable or _PLACEHOLDER,)
    return starting(model, Place(program, LOOPBACK, port))


def _user(model: Effective) -> str:
    return f"remuda-{model.engine}"


def _sees_gpu(model: Effective) -> bool:
    return any(name != "cpu" for name in model.devices or ())
