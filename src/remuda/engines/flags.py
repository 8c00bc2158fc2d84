"""Settings of the fleet file → words of a command line.

Settings are an engine's own flags, verbatim and without their dashes; how the engine's parser wants values spelled is
its `Dialect`. Flags come out sorted by key, so that two files that say the same render the same command.

This module does not know which flags an engine has: that is `remuda.plan.releases`, for releases that are pinned. Nor
does it quote anything for a shell or a unit file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from remuda.engines.contract import Dialect, Engine
from remuda.errors import Problem, SpecError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def render(settings: Mapping[str, Any], dialect: Dialect) -> tuple[str, ...]:
    """The words for all settings; raises SpecError for a value that the dialect cannot express."""
    return tuple(word for key in sorted(settings) for word in _flag(key, settings[key], dialect))


def without_managed(settings: Mapping[str, Any], managed: Mapping[str, str]) -> dict[str, Any]:
    """The settings without the flags that Remuda sets itself, however they are spelled."""
    return {key: value for key, value in settings.items() if _canonical(key) not in managed}


def check(settings: Mapping[str, Any], engine: Engine) -> tuple[Problem, ...]:
    """Everything wrong with the settings of one engine or model; each `path` is the key alone."""
    if settings and engine.DIALECT.refuses:
        return (Problem(f"engine `{engine.NAME}` takes no settings", hint=engine.DIALECT.refuses),)
    found = (_problem(key, value, engine) for key, value in settings.items())
    return tuple(problem for problem in found if problem)


def _problem(key: str, value: object, engine: Engine) -> Problem | None:
    instead = engine.MANAGED.get(_canonical(key))
    if instead:
        return Problem(f"`{key}` is set by Remuda", path=(key,), hint=instead)
    if not _KEY.fullmatch(key):
        return Problem(
            f"`{key}` is no flag's name", path=(key,), hint="write the long name of the flag without its dashes"
        )
    try:
        render({key: value}, engine.DIALECT)
    except SpecError as error:
        return Problem(error.message, path=(key,), hint=error.hint)
    return None


def _canonical(key: str) -> str:
    return key.lstrip("-").replace("_", "-")


def _flag(key: str, value: object, dialect: Dialect) -> tuple[str, ...]:
    if value is None:
        return ()
    if value is True:
        return (_name(key, dialect),)
    if value is False:
        return _negated(key, dialect)
    if isinstance(value, list | tuple):
        return _list(key, value, dialect)
    return _joined(_name(key, dialect), _text(key, value, dialect), dialect)


def _name(key: str, dialect: Dialect) -> str:
    return f"-{key}" if len(key) == 1 or key in dialect.short else f"--{key}"


def _negated(key: str, dialect: Dialect) -> tuple[str, ...]:
    if dialect.false == "drop" or key in dialect.positive:
        return ()
    if key.startswith("no-"):
        return (f"--{key.removeprefix('no-')}",)
    if _name(key, dialect) == f"-{key}":
        message = f"cannot negate the short flag `-{key}`"
        raise SpecError(message, hint="write the long name of the flag, or `null` to leave it out")
    return (f"--no-{key}",)


def _list(key: str, values: list[Any] | tuple[Any, ...], dialect: Dialect) -> tuple[str, ...]:
    if dialect.lists == "repeat":
        return tuple(word for value in values for word in _flag(key, value, dialect))
    texts = [_text(key, value, dialect) for value in values if value is not None]
    if not texts:
        return ()
    name = _name(key, dialect)
    if dialect.lists == "comma":
        return _joined(name, _comma_joined(key, texts), dialect)
    for text in texts:
        if text.startswith("-"):
            message = f"cannot pass `{text}` in the list `{key}`: it begins with a dash, as a flag does"
            raise SpecError(message, hint="remove the dash, or pass the option in another way")
    return (name, *texts)


def _comma_joined(key: str, texts: list[str]) -> str:
    for text in texts:
        if "," in text:
            message = f"cannot pass `{text}` in the list `{key}`: the engine separates its values by commas"
            raise SpecError(message, hint="write a value without a comma")
    return ",".join(texts)


def _joined(name: str, text: str, dialect: Dialect) -> tuple[str, ...]:
    if dialect.join == "equals" or (dialect.join == "dash" and text.startswith("-")):
        return (f"{name}={text}",)
    return (name, text)


def _text(key: str, value: object, dialect: Dialect) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return repr(value) if dialect.floats == "exact" else f"{value:f}"
    if isinstance(value, Mapping) and dialect.objects == "refuse":
        message = f"cannot render `{key}`: an object has no form on this command line"
        raise SpecError(message, hint="write it as JSON text")
    try:
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        message = f"cannot render `{key}`: `{value}` has no form on a command line"
        raise SpecError(message, hint="put it in quotes") from None
