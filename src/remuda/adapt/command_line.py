"""A command line that starts an engine → the engine, its model and typed settings.

The words are in the language of the fleet file, so that a reference in them stays one; whoever reads them from
elsewhere makes them so first (`remuda.spec.reference.literal`). What Remuda sets itself (address, port, the served
name) is taken out and told apart. A command line that starts nothing that is known is None: it can stay a `cmd`.

No shell is understood here, and no container: those are `remuda.adapt.script` and `remuda.adapt.container`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt.visible_gpus import visible
from remuda.adapt.wrappers import unwrapped
from remuda.engines import ENGINES, flag_reader, llama_cpp, ollama, sglang, vllm
from remuda.errors import Problem
from remuda.spec.document import Path

_PYTHON: Final = re.compile(r"python(?:3(?:\.\d+)?)?")
_MODULES: Final[Mapping[tuple[str, ...], str]] = {
    ("vllm.entrypoints.openai.api_server",): vllm.NAME,
    ("vllm.entrypoints.cli.main", "serve"): vllm.NAME,
    ("sglang.launch_server",): sglang.NAME,
}
_PROGRAMS: Final[Mapping[tuple[str, ...], str]] = {
    ("vllm", "serve"): vllm.NAME,
    ("sglang", "serve"): sglang.NAME,
    ("ollama", "serve"): ollama.NAME,
    ("llama-server",): llama_cpp.NAME,
}
_MANY_MODELS: Final = frozenset({"models-dir", "models-preset"})
"""With these llama-server is a server of many models, each in a process of its own."""

_MODEL: Final = {
    vllm.NAME: ("model",),
    sglang.NAME: ("model-path",),
    llama_cpp.NAME: ("model", "hf-repo"),
    ollama.NAME: (),
}
_NAMES: Final = {vllm.NAME: "served-model-name", sglang.NAME: "served-model-name", llama_cpp.NAME: "alias"}
_IN_ENVIRONMENT: Final = {
    "LLAMA_ARG_MODEL": "model",
    "LLAMA_ARG_HF_REPO": "hf-repo",
    "LLAMA_ARG_HOST": "host",
    "LLAMA_ARG_PORT": "port",
    "LLAMA_ARG_ALIAS": "alias",
}
"""What llama-server takes from variables and Remuda sets by flags: tools/server/README.md."""

_FLAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_LEFT_OUT: Final = {
    **dict.fromkeys(("uds",), "the gateway reaches the engine over TCP"),
    **dict.fromkeys(
        ("ssl-keyfile", "ssl-certfile", "ssl-ca-certs", "ssl-cert-reqs", "ssl-key-file", "ssl-cert-file"),
        "the gateway speaks http to its engines; give it the certificate in `gateway.tls`",
    ),
    **dict.fromkeys(("root-path", "api-prefix"), "clients reach every model below the gateway's own paths"),
    **dict.fromkeys(("model-url", "docker-repo"), "a model is a file or the name of a Hugging Face repository"),
}


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a command line starts.

    `executable` is None where the engine's own program is named. `model` is None where the words do not name it.
    `devices`: those that variables choose; None where none does. `host`, `port`, `served_names`: what Remuda sets
    itself; a port that is not a plain number is None. Paths of `notes` and `remarks` begin in the model's entry.
    """

    engine: str
    executable: str | None = None
    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] | None = None
    host: str | None = None
    port: int | None = None
    served_names: tuple[str, ...] = ()
    notes: Mapping[Path, str] = field(default_factory=dict)
    remarks: tuple[Problem, ...] = ()

    def entry(self) -> dict[str, Any]:
        """The keys of a model's entry; it has neither a port nor names, which are the adapter's to decide."""
        told = {
            "engine": self.engine,
            "executable": self.executable,
            "model": self.model,
            "devices": list(self.devices) if self.devices is not None else None,
            "settings": dict(self.settings) or None,
            "environment": dict(self.environment) or None,
        }
        return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Started:
    engine: str
    executable: str | None
    words: tuple[str, ...]


def read(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> CommandLine | None:
    """What the words start, with these variables besides those that they set; None if no engine is known by them."""
    bare = unwrapped(argv)
    started = _started(bare.words)
    if started is None:
        return None
    engine = ENGINES[started.engine]
    reading = flag_reader.read(started.words, engine)
    if _MANY_MODELS & reading.settings.keys():
        return None
    seen = visible({**(environment or {}), **bare.environment})
    settings, remarks = _without_left_out(reading.settings)
    managed, variables = _managed(started.engine, settings, seen.environment)
    others = list(reading.others)
    if started.engine == vllm.NAME and others:
        managed["model"] = others.pop(0)
    warnings = [
        Problem(problem.message, ("settings", *problem.path), severity="warning") for problem in reading.problems
    ]
    unused = [_warning(f"the word `{word}` belongs to no flag and is left out") for word in others]
    return CommandLine(
        engine=started.engine,
        executable=started.executable,
        model=_model(started.engine, managed),
        settings=settings,
        environment=variables,
        devices=seen.devices,
        host=_text(managed.get("host")),
        port=_port(managed.get("port")),
        served_names=_names(managed.get("names")),
        notes={("devices",): seen.note} if seen.note else {},
        remarks=(*map(_warning, bare.remarks), *warnings, *remarks, *unused),
    )


def _started(words: Sequence[str]) -> _Started | None:
    if not words:
        return None
    program, name = words[0], PurePosixPath(words[0]).name
    if _PYTHON.fullmatch(name):
        return _module(program, [word for word in words[1:] if word not in ("-u", "-B", "-I", "-s")])
    for head, engine in _PROGRAMS.items():
        if (name, *words[1 : len(head)]) == head:
            return _Started(engine, None if program == name else program, tuple(words[len(head) :]))
    if name == "server" and {"-m", "--model", "-hf", "--hf-repo"} & set(words):  # the name up to b3091
        return _Started(llama_cpp.NAME, program, tuple(words[1:]))
    return None


def _module(python: str, words: Sequence[str]) -> _Started | None:
    for head, engine in _MODULES.items():
        if tuple(words[: len(head) + 1]) == ("-m", *head):
            beside = str(PurePosixPath(python).with_name(engine)) if "/" in python else None
            return _Started(engine, beside, tuple(words[len(head) + 1 :]))
    return None


def _without_left_out(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    left = {key: f"`{key}` is left out: {_LEFT_OUT[key]}" for key in settings if key in _LEFT_OUT}
    misnamed = [key for key in settings if not _FLAG.fullmatch(key)]
    left |= {key: f"`--{key}` is left out: it is not the name of a flag" for key in misnamed}
    kept = {key: value for key, value in settings.items() if key not in left}
    return kept, list(map(_warning, left.values()))


def _managed(
    engine: str, settings: dict[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What Remuda sets itself, taken out of the settings, and the variables without it."""
    variables = dict(environment)
    managed: dict[str, Any] = {}
    if engine == llama_cpp.NAME:
        managed |= {key: variables.pop(name) for name, key in _IN_ENVIRONMENT.items() if name in variables}
    if engine == ollama.NAME and "OLLAMA_HOST" in variables:
        managed["host"], _, managed["port"] = variables.pop("OLLAMA_HOST").rpartition("//")[2].rpartition(":")
    for key in ("host", "port", *_MODEL[engine], _NAMES.get(engine, "")):
        if key in settings:
            managed[key] = settings.pop(key)
    managed["names"] = managed.pop(_NAMES.get(engine, ""), None)
    return managed, variables


def _model(engine: str, managed: Mapping[str, Any]) -> str | None:
    if engine == llama_cpp.NAME and (path := _text(managed.get("model"))) is not None:
        return path if llama_cpp.is_file(path) else f"./{path}"
    if engine == sglang.NAME:
        return _text(managed.get("model-path"))
    return _text(managed.get("model", managed.get("hf-repo")))


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, bool | list) else str(value)


def _port(value: object) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[1-9]\d{0,4}", text) else None


def _names(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value] if isinstance(value, str | int) else []
    return tuple(name for text in texts for name in str(text).split(",") if name)


def _warning(message: str) -> Problem:
    return Problem(message, severity="warning")
