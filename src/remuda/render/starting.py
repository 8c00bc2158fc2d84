"""What starts an instance, as the targets that write command lines need it: words in which secrets are still named.

The engine's module makes the command line, as it does when Remuda itself starts the instance. References to secrets
travel through it as marks that no fleet file can hold, and come out as parts of words, so that a target can put in its
own way of naming them and never has to look for them in text.

Quoting is the targets' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.engines import ENGINES
from remuda.engines.contract import Readiness
from remuda.errors import Problem
from remuda.plan.container import after_steps
from remuda.render.order import Place, order
from remuda.render.values import Values
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import Placeholder, Reference, fill, parse

Word = tuple[str | Reference, ...]
"""A word or value: texts and the references between them."""

ANY_PORT: Final = 2**53 - 111
"""Stands for a port that is not known yet: so large a number is no port, and no setting either."""

PORT: Final = "\0"
"""What `ANY_PORT` becomes in a word; no word can hold it otherwise."""

_MARK: Final = re.compile("\0([0-9]+)\0")
_PART: Final = re.compile(r"(?P<name>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True)
class Starting:
    """What starts an instance. `served_name`: the model's name in requests to it; None where it accepts any."""

    argv: tuple[Word, ...]
    environment: Mapping[str, Word] = field(default_factory=dict)
    readiness: Readiness = field(default_factory=lambda: Readiness(None))
    served_name: str | None = None


def starting(model: Effective, place: Place) -> Starting:
    """What starts a model of a checked fleet there."""
    marks = _Marks({"PORT": str(place.port), "MODEL_ID": model.model_id})
    engine = ENGINES[model.engine]
    marked = Values(
        settings=marks.tree(model.settings),
        environment=marks.tree(model.environment),
        cmd=tuple(map(marks.text, model.entry.cmd or ())),
    )
    ordered = order(model, place, marked)
    launch = engine.launch(ordered)
    return Starting(
        argv=tuple(map(marks.word, after_steps(model.entry.steps, launch.argv))),
        environment={name: marks.word(value) for name, value in launch.environment.items()},
        readiness=engine.readiness(ordered),
        served_name=engine.served_name(ordered),
    )


def references(model: Effective) -> Iterator[tuple[Path, Reference]]:
    """Every reference in what starts a model, with the place of the text that holds it."""
    for path, value in _parts(model):
        yield from ((path, reference) for reference in _references(value))


def nested_references(model: Effective) -> Iterator[Problem]:
    """References deep inside of settings, where the engine wants JSON: what they stand for would have to be escaped."""
    for path, value in _parts(model):
        if not isinstance(value, str) and any(_references(value)):
            message = f"{label(path)} holds a reference inside of a list or an object, which cannot be rendered"
            yield Problem(message, path=path, hint="give the whole value as one text")


def _parts(model: Effective) -> Iterator[tuple[Path, Any]]:
    entry = model.entry
    for section, own, merged in (
        ("settings", entry.settings, model.settings),
        ("environment", entry.environment, model.environment),
    ):
        for key, value in merged.items():
            above: Path = ("models", model.model_id) if key in own else ("engines", model.engine)
            yield (*above, section, key), value
    for text in entry.cmd or ():
        yield ("models", model.model_id, "cmd"), text


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, str):
        yield from (part for part in parse(value) if isinstance(part, Reference))
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for child in children:
        yield from _references(child)


def word(text: str) -> Word:
    """A text of the fleet file with its references; what stands for the port or the model has no business there."""
    return tuple(str(part) if isinstance(part, Placeholder) else part for part in parse(text))


def joined(word: Word, spell: Callable[[Reference], str], literal: Callable[[str], str] = str) -> str:
    """The word with its references spelled, and its texts as the target writes them."""
    return "".join(literal(part) if isinstance(part, str) else spell(part) for part in word)


def weights(model: Effective) -> tuple[str, ...]:
    """The files or directory of the weights, where `model` is an absolute path; a GGUF in parts comes with them all."""
    path = model.entry.model or ""
    if not path.startswith("/"):
        return ()
    part = _PART.fullmatch(path)
    if part is None:
        return (path,)
    count = part["count"]
    return tuple(f"{part['name']}-{number:05}-of-{count}.gguf" for number in range(1, int(count) + 1))


class _Marks:
    """Turns references into marks, and marks back into references."""

    def __init__(self, placeholders: Mapping[str, str]) -> None:
        self._placeholders = placeholders
        self._references: list[Reference] = []

    def text(self, text: str) -> str:
        return fill(text, self._mark)

    def tree(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.tree(item) for key, item in value.items()}
        return [self.tree(item) for item in value] if isinstance(value, list | tuple) else value

    def word(self, text: str) -> Word:
        pieces = _MARK.split(text)
        found = (
            self._references[int(piece)] if number % 2 else piece.replace(str(ANY_PORT), PORT)
            for number, piece in enumerate(pieces)
        )
        return tuple(piece for piece in found if piece != "")

    def _mark(self, part: Reference | Placeholder) -> str:
        if isinstance(part, Placeholder):
            return self._placeholders[part.name]
        self._references.append(part)
        return f"\0{len(self._references) - 1}\0"
