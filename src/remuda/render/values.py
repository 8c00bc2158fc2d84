"""What of a model's values can stand in a file, and what is secret.

`$$` becomes a dollar sign and placeholders become what they stand for. The value of an environment variable that is a
reference and nothing else is a secret, which the target passes in its own way. Everywhere else a reference is refused:
a command line can be read by everybody, and half a secret in a file would be the beginning of it.

No secret is resolved here; nothing of it is known but its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from remuda.errors import Problem
from remuda.spec.form import label
from remuda.spec.merge import Effective, flag
from remuda.spec.reference import Placeholder, Reference, parse

Path = tuple[str | int, ...]

_IN_ENVIRONMENT = "pass it in `environment`, as far as the engine reads it there"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one model. `secrets` are variables with where their values are."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Reference] = field(default_factory=dict)
    cmd: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def values(model: Effective, port: int) -> Values:
    """The values of a model that listens on the port."""
    reader = _Reader(model, {"PORT": str(port), "MODEL_ID": model.model_id})
    environment = {name: reader.variable(name, value) for name, value in model.environment.items()}
    settings = {key: reader.inside(value, source(model, "settings", key)) for key, value in model.settings.items()}
    cmd = tuple(reader.text(word, ("models", model.model_id, "cmd")) for word in model.entry.cmd or ())
    return Values(
        settings=settings,
        environment={name: value for name, value in environment.items() if isinstance(value, str)},
        secrets={name: value for name, value in environment.items() if isinstance(value, Reference)},
        cmd=cmd,
        problems=tuple(reader.problems),
    )


def source(model: Effective, section: Literal["settings", "environment"], key: str) -> Path:
    """Where a merged key comes from: the model, else its engine."""
    own = map(flag, model.entry.settings) if section == "settings" else model.entry.environment
    is_own = (flag(key) if section == "settings" else key) in own
    above = ("models", model.model_id) if is_own else ("engines", model.engine)
    return (*above, section, key)


class _Reader:
    """Reads texts of one model, and collects what cannot be written."""

    def __init__(self, model: Effective, placeholders: Mapping[str, str]) -> None:
        self._model = model
        self._placeholders = placeholders
        self.problems: list[Problem] = []

    def variable(self, name: str, value: str) -> str | Reference:
        parts = parse(value)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return parts[0]
        return self.text(value, source(self._model, "environment", name), "write the whole value to the secret")

    def inside(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self.text(value, path)
        if isinstance(value, Mapping):
            return {key: self.inside(child, path) for key, child in value.items()}
        return [self.inside(child, path) for child in value] if isinstance(value, list | tuple) else value

    def text(self, text: str, path: Path, hint: str = _IN_ENVIRONMENT) -> str:
        parts = parse(text)
        for part in _references(parts):
            message = f"{label(path)} has `{part}`, which would be written to a file"
            self.problems.append(Problem(message, path, hint=hint))
        return "".join(self._placeholders[part.name] if isinstance(part, Placeholder) else str(part) for part in parts)


def _references(parts: tuple[object, ...]) -> Iterator[Reference]:
    return (part for part in parts if isinstance(part, Reference))
