"""Words of a command line → settings of the fleet file: the inverse of `remuda.engines.flags`.

A flag is called by its long name, whichever of its names was written; a value gets the kind that renders the same
words again. How many words belong to a flag is known from `remuda.knowledge.spellings`, and guessed, with a remark, for
a flag that is not there.

Words are in the language of the fleet file: a reference in them stays one (see `remuda.spec.reference.literal`).
Nothing is judged: whether a release has a flag, or takes a value, is said of the fleet.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.engines import llama_cpp
from remuda.engines.contract import Engine
from remuda.errors import Problem
from remuda.knowledge.spellings import Spelling, spellings

_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_FRACTION: Final = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?")
_NEGATIVE: Final = re.compile(r"-\d+(?:\.\d*)?|-\.\d+")
_JOINED: Final = re.compile(r"(-O)=?([^-].*)")
"""vLLM's `-O3`: vllm/utils/argparse_utils.py."""

_COMMA_LISTS: Final = frozenset(
    {
        *("api-key", "control-vector", "control-vector-scaled", "lora", "lora-scaled", "override-kv"),
        *("override-tensor", "override-tensor-draft", "spec-draft-override-tensor"),
    }
)
"""Flags of llama.cpp that older builds take several times, and all of them with commas."""

_TWO: Final = 2
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What a command line says. `others` are words that belong to no flag; a problem's `path` is a setting's key."""

    settings: Mapping[str, Any]
    others: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(words: Iterable[str], engine: Engine) -> Reading:
    """The settings of a command line, without the program; all problems are warnings."""
    reader = _Reader(engine, deque(words))
    reader.read()
    return Reading(reader.settings, tuple(reader.others), tuple(reader.problems))


@dataclass(slots=True)
class _Reader:
    engine: Engine
    words: deque[str]
    settings: dict[str, Any] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        while self.words:
            word = self.words.popleft()
            if word == "--":
                self.others += self.words
                self.words.clear()
            elif _is_flag(word):
                self.flag(word)
            else:
                self.others.append(word)

    def flag(self, word: str) -> None:
        name, equals, value = word.partition("=")
        if (joined := _JOINED.fullmatch(word)) and self.engine.NAME == "vllm":
            name, equals, value = joined[1], "=", joined[2]
        name = _dashed(name)
        if equals:
            self.words.appendleft(value)
        spelled = self.spelling(name)
        if spelled is None:
            self.unknown(name, has_value=bool(equals))
        elif spelled.takes in ("switch", "off"):
            self.switch(name, spelled, has_value=bool(equals))
        elif spelled.takes == "two":
            self.two(name)
        elif spelled.takes == "list" and not equals:
            self.list(name, spelled)
        else:
            self.value(name, spelled, has_value=bool(equals))

    def spelling(self, name: str) -> Spelling | None:
        known = spellings(self.engine.NAME)
        if found := known.get(name):
            return found
        positive = known.get(f"--{name.removeprefix('--no-')}") if name.startswith("--no-") else None
        if positive and positive.takes == "switch" and self.engine.DIALECT.false == "negate":
            return Spelling(positive.key, "off")
        section, dot, _ = name.partition(".")
        return Spelling(name.lstrip("-"), "one") if dot and section in known else None

    def unknown(self, name: str, *, has_value: bool) -> None:
        key = name.lstrip("-")
        takes_value = has_value or bool(self.words and not _is_flag(self.words[0]))
        what = f"`{self.words[0]}` is taken for its value" if takes_value else "it is taken for a switch"
        self.problem(f"`{name}` is not known to be a flag of `{self.engine.NAME}`; {what}", key)
        self.store(name, key, _typed(self.words.popleft()) if takes_value else True)

    def switch(self, name: str, spelled: Spelling, *, has_value: bool) -> None:
        is_on = spelled.takes == "switch"
        if has_value or (self.words and self.words[0].lower() in ("true", "false")):
            said = self.words.popleft()
            if said.lower() not in ("true", "false"):
                self.problem(f"`{name}` is a switch: its value `{said}` is left out", spelled.key)
            is_on = is_on != (said.lower() == "false")
        self.store(name, spelled.key, is_on)

    def two(self, name: str) -> None:
        said = [self.words.popleft() for _ in range(min(_TWO, len(self.words)))]
        message = f"`{' '.join((name, *said))}` is left out: a setting cannot hold two values for one flag"
        self.problem(message, name.lstrip("-"))

    def list(self, name: str, spelled: Spelling) -> None:
        said = []
        while self.words and not _is_flag(self.words[0]):
            said.append(_typed(self.words.popleft()))
        if said:
            self.store(name, spelled.key, said[0] if len(said) == 1 else said)
        else:
            self.missing(name, spelled.key)

    def value(self, name: str, spelled: Spelling, *, has_value: bool) -> None:
        key = spelled.key
        is_switch_too = self.engine.NAME == llama_cpp.NAME and key in llama_cpp.ON_OFF
        takes_any = has_value or (self.engine.NAME == llama_cpp.NAME and not is_switch_too)
        if not self.words or (not takes_any and _is_flag(self.words[0])):
            if is_switch_too:
                self.store(name, key, value=True)
            else:
                self.missing(name, key)
            return
        text = self.words.popleft()
        if is_switch_too and text in ("on", "off"):
            self.store(name, key, text == "on")
        else:
            self.store(name, key, _typed(text, is_number=spelled.takes == "number"))

    def store(self, name: str, key: str, value: Any) -> None:
        before = self.settings.get(key)
        if before is not None and self.engine.NAME == llama_cpp.NAME and key in _COMMA_LISTS:
            value = f"{before},{value}"
        elif before is not None and before != value:
            self.problem(f"`{name}` is given more than once; the last one counts", key)
        self.settings[key] = value

    def missing(self, name: str, key: str) -> None:
        self.problem(f"`{name}` has no value and is left out", key)

    def problem(self, message: str, key: str) -> None:
        self.problems.append(Problem(message, (key,), severity="warning"))


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word.startswith("-") and not _NEGATIVE.fullmatch(word)


def _dashed(name: str) -> str:
    """`--max_model_len` is `--max-model-len`; what follows a point is a key of the flag's object."""
    if not name.startswith("--"):
        return name
    flag, dot, rest = name.partition(".")
    return flag.replace("_", "-") + dot + rest


def _typed(text: str, *, is_number: bool = False) -> Any:
    """A value of the kind that renders as this text; only a number may be spelled in another way."""
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if _FRACTION.fullmatch(text) and (is_number or repr(float(text)) == text):
        return float(text) if abs(float(text)) != float("inf") else text
    return _object(text) if text.startswith("{") and "${" not in text else text


def _object(text: str) -> Any:
    """The object that a JSON text holds; the text itself where it is none, or one that YAML could not hold."""
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return found if _depth(found) <= _DEEPEST else text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, children), default=0)
