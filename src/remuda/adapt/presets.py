"""llama-server's presets (`--models-preset FILE.ini`) → a model for each.

A section is a model, its keys are flags without their dashes, in any of their names, or the names of llama-server's
variables. `[*]` holds what all of them share, as `engines.llama-cpp` does. What a router sets itself (addresses, names)
is Remuda's to set too.

Sources: tools/server/README.md (Model presets) and common/preset.cpp of ggml-org/llama.cpp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.adapt.contract import Adapted, Source
from remuda.adapt.reading import Reading
from remuda.engines import flag_reader, llama_cpp
from remuda.errors import Position, Problem
from remuda.knowledge.spellings import spellings
from remuda.spec.document import Path
from remuda.spec.reference import literal
from remuda.spec.values import NAME_PATTERN

NAME: Final = "llama-server-presets"
SUMMARY: Final = "the presets of llama-server, an INI file"

_SHARED: Final = "*"
_SECTION: Final = re.compile(r"\[[ \t]*(?P<name>[^\]]*?)[ \t]*\][ \t]*(?:[;#].*)?")
_KEY: Final = re.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*(?:[;#].*)?")
_NOTHING: Final = re.compile(r"[ \t]*(?:[;#].*)?")
_TRUE: Final = frozenset({"on", "enabled", "true", "1"})
_VARIABLE: Final = "LLAMA_ARG_"
_WEIGHTS: Final = {"LLAMA_ARG_MODEL": "model", "LLAMA_ARG_HF_REPO": "hf-repo"}
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?")
_ROUTER: Final = frozenset({"host", "port", "alias", "api-key", "models-dir", "models-preset", "models-max"})
_NO_SETTINGS: Final = frozenset({"load-on-startup", "stop-timeout"})


@dataclass(slots=True)
class _Section:
    name: str
    at: Position
    keys: dict[str, tuple[str, Position]] = field(default_factory=dict)


def adapt(source: Source) -> Adapted:
    """The models, and what they share as defaults of the engine."""
    reading = Reading(str(source.path))
    text = reading.text_of(source)
    for section in _sections(text or "", reading):
        entry = _entry(section, reading)
        if section.name == _SHARED:
            _share(entry, reading)
        elif section.name:
            _model(section, entry, reading)
    return reading.done("there are no presets in it: expected sections with `model` or `hf-repo`")


def _sections(text: str, reading: Reading) -> Iterator[_Section]:
    """The sections in their order; lines that are none of the format's are errors."""
    section = _Section("", Position(1, 1))
    for number, line in enumerate(re.split("\r\n|\n|\r", text), 1):
        at = Position(number, 1)
        if found := _SECTION.fullmatch(line):
            yield section
            section = _Section(found["name"], at)
        elif found := _KEY.fullmatch(line):
            if not section.name and found["key"] != "version":
                reading.say(f"`{found['key']}` stands before all sections and is left out", at)
            section.keys[found["key"]] = (found["value"], at)
        elif not _NOTHING.fullmatch(line):
            reading.say("cannot read this line: expected `[name]` or `key = value`", at, severity="error")
    yield section


def _entry(section: _Section, reading: Reading) -> dict[str, Any]:
    """What the keys of a section say: weights, settings, variables."""
    entry: dict[str, Any] = {"settings": {}, "environment": {}}
    path: Path = ("models", section.name) if section.name != _SHARED else ("engines", llama_cpp.NAME)
    for key, (value, at) in section.keys.items() if section.name else ():
        if key in _WEIGHTS:
            entry[_WEIGHTS[key]] = value
        elif key.startswith(_VARIABLE):
            entry["environment"][key] = literal(value)
        elif key == "load-on-startup":
            entry["preload"] = value in _TRUE
        elif key not in _NO_SETTINGS:
            settings, problems = _setting(key, value)
            entry["settings"] |= settings
            for problem in problems:
                reading.say(problem.message, at, path=(*path, "settings", *problem.path))
    for name in _ROUTER & entry["settings"].keys():
        del entry["settings"][name]
    return entry


def _setting(key: str, value: str) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """A key as the flag that it names; a switch has a value here."""
    known = spellings(llama_cpp.NAME)
    name = next((name for name in (f"--{key}", f"-{key}") if name in known), f"--{key}")
    spelled = known.get(name)
    if spelled and spelled.takes in ("switch", "off"):
        return {spelled.key: (value in _TRUE) == (spelled.takes == "switch")}, ()
    read = flag_reader.read([name, literal(value)], llama_cpp)
    return read.settings, read.problems


def _share(entry: Mapping[str, Any], reading: Reading) -> None:
    shared = {key: entry[key] for key in ("settings", "environment") if entry[key]}
    if shared:
        reading.data["engines"] = {llama_cpp.NAME: shared}


def _model(section: _Section, entry: dict[str, Any], reading: Reading) -> None:
    settings = entry["settings"]
    names = [settings.pop(key, entry.pop(key, None)) for key in ("model", "hf-repo")]
    weights = next((str(name) for name in names if name is not None), None)
    if weights is None and _REPOSITORY.fullmatch(section.name):
        weights = section.name
    if weights is None:
        reading.say(f"`[{section.name}]` is left out: expected `model` or `hf-repo` in it", section.at)
        return
    if not re.fullmatch(NAME_PATTERN, section.name):
        reading.say(f"`[{section.name}]` is left out: clients could not ask for a model of that name", section.at)
        return
    told = {"engine": llama_cpp.NAME, "model": weights, "preload": entry.get("preload") or None, **entry}
    keys = {key: value for key, value in told.items() if value not in (None, {}, False)}
    path = reading.model(section.name, keys, section.at)
    if weights.startswith(("./", "../")):
        reading.notes[*path, "model"] = "from where llama-server was started"
