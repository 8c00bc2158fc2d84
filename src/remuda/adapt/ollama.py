"""Ollama's models → models of a fleet: what is installed (the directory `models`), or a Modelfile.

An installed model stays Ollama's: a private `ollama serve` runs it, with its template and parameters. A Modelfile that
begins `FROM` a GGUF file becomes a model of llama.cpp, whose flags have the same defaults for requests as its
parameters; what has no flag there (its template, its system prompt, its adapters) is told.

Sources: docs/modelfile.mdx, parser/parser.go and manifest of ollama/ollama; tools/server/README.md of
ggml-org/llama.cpp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt.contract import Adapted, Source
from remuda.adapt.naming import names
from remuda.adapt.reading import Reading
from remuda.engines import llama_cpp
from remuda.engines import ollama as engine
from remuda.errors import Position
from remuda.spec.reference import literal

NAME: Final = "ollama"
SUMMARY: Final = "Ollama's installed models (its directory `models`), or a Modelfile"

_MANIFESTS: Final = PurePosixPath("manifests")
_REGISTRY: Final = ("registry.ollama.ai", "library")
_DEPTH: Final = 4
"""registry / namespace / model / tag"""

_INSTRUCTION: Final = re.compile(r"[ \t]*([A-Za-z]+)[ \t]+(.*)", re.DOTALL)
_PARAMETERS: Final = {
    "num_ctx": "ctx-size",
    "num_predict": "n-predict",
    "num_batch": "batch-size",
    "num_gpu": "n-gpu-layers",
    "num_thread": "threads",
    "num_keep": "keep",
    "main_gpu": "main-gpu",
    "seed": "seed",
    "top_k": "top-k",
    "temperature": "temp",
    "top_p": "top-p",
    "min_p": "min-p",
    "typical_p": "typical",
    "mirostat": "mirostat",
    "repeat_last_n": "repeat-last-n",
    "repeat_penalty": "repeat-penalty",
    "mirostat_eta": "mirostat-lr",
    "presence_penalty": "presence-penalty",
    "frequency_penalty": "frequency-penalty",
    "use_mmap": "mmap",
    "mirostat_tau": "mirostat-ent",
}


def adapt(source: Source) -> Adapted:
    """The models of a directory, or that of a Modelfile."""
    reading = Reading(str(source.path))
    if source.files.read(source.path) is None and source.files.names(source.path):
        _installed(source, reading)
        return reading.done("there are no models in it: expected Ollama's directory `models`, with `manifests` in it")
    text = reading.text_of(source)
    if text is not None:
        _modelfile(text, source, reading)
    return reading.done("it is no Modelfile: expected a line `FROM …`")


def _installed(source: Source, reading: Reading) -> None:
    root = source.path if source.path.name == _MANIFESTS.name else source.path / _MANIFESTS
    for parts in _manifests(source, root, ()):
        name = _name(parts)
        entry: dict[str, Any] = {"engine": engine.NAME, "model": name}
        if source.directory is not None and root != source.path:
            # Where a private server finds what is installed, whoever runs it.
            entry["environment"] = {"OLLAMA_MODELS": literal(str(source.directory))}
        path = reading.model(name, entry, Position(1, 1))
        if name.endswith(":latest"):
            reading.data["models"][name]["aliases"] = [name.removesuffix(":latest")]
        reading.notes[path] = "installed"


def _name(parts: tuple[str, ...]) -> str:
    """What `ollama list` calls it: without the registry and the namespace that are usual."""
    registry, namespace, model, tag = parts
    above = (
        [] if (registry, namespace) == _REGISTRY else [namespace] if registry == _REGISTRY[0] else [registry, namespace]
    )
    return "/".join((*above, f"{model}:{tag}"))


def _manifests(source: Source, directory: PurePosixPath, parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name in source.files.names(directory):
        if name.startswith("."):
            continue
        below = (*parts, name)
        if len(below) < _DEPTH:
            yield from _manifests(source, directory / name, below)
        elif source.files.read(directory / name) is not None:
            yield below


def _modelfile(text: str, source: Source, reading: Reading) -> None:
    found: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value, at in _instructions(text):
        match name:
            case "from":
                found["from"], found["at"] = value, at
            case "parameter":
                _parameter(value, at, settings, reading)
            case _:
                hint = (
                    "give a template to llama.cpp by `settings: {chat-template-file: …}`"
                    if name == "template"
                    else None
                )
                reading.say(f"`{name.upper()}` is left out: a model of a fleet has no key for it", at, hint=hint)
    if "from" not in found:
        return
    weights = str(found["from"])
    if weights.endswith(".gguf") or weights.startswith((".", "/", "~")):
        entry: dict[str, Any] = {"engine": llama_cpp.NAME, "model": _absolute(weights, source)}
        if settings:
            entry["settings"] = settings
    else:
        entry = {"engine": engine.NAME, "model": weights}
        if settings:
            reading.say("its parameters are left out: Ollama has them for the models that it has made", found["at"])
    otherwise = source.path.stem if source.path.stem.lower() != "modelfile" else None
    reading.model(names(entry, (), otherwise)[0], entry, found["at"])


def _parameter(text: str, at: Position, settings: dict[str, Any], reading: Reading) -> None:
    name, _, value = text.partition(" ")
    key = _PARAMETERS.get(name)
    if key is None:
        reading.say(f"the parameter `{name}` is left out: llama.cpp has no flag for it", at)
        return
    plain = value.strip().strip('"')
    if re.fullmatch(r"-?\d{1,15}", plain):
        settings[key] = int(plain)
    elif re.fullmatch(r"-?\d{1,15}\.\d{1,15}", plain):
        settings[key] = float(plain)
    elif plain in ("true", "false"):
        settings[key] = plain == "true"
    else:
        reading.say(f"the value `{plain}` of `{name}` is left out: expected a number", at)


def _instructions(text: str) -> Iterator[tuple[str, str, Position]]:
    """Instructions in lower case, with their texts; three quotes hold several lines."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        found = _INSTRUCTION.fullmatch(line)
        if found is None or line.lstrip().startswith("#"):
            continue
        value = found[2].strip()
        if value.startswith('"""'):
            rest = value[3:]
            while '"""' not in rest and (more := next(lines, None)):
                rest += "\n" + more[1]
            value = rest.partition('"""')[0]
        elif len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        yield found[1].lower(), value, Position(number, 1)


def _absolute(path: str, source: Source) -> str:
    if source.directory is None or path.startswith(("/", "~")):
        return path
    return str(source.directory / path)
