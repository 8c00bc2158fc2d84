"""Services that extend others: what is taken over, what is added and what replaces.

A command replaces, mappings are merged key by key, lists are joined, and in those that name something (a variable, the
place of a volume) the last of a name counts. Variables are replaced before, so that each value has its own file's.

Sources: compose-spec/compose-go, loader/extends.go and override/{merge,uncity}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final

from remuda.adapt.compose.document import File
from remuda.adapt.compose.tree import Report, Value

MAX_DEPTH: Final = 16
"""How many services may extend each other in a row."""

_REPLACED: Final = frozenset({("command",), ("entrypoint",), ("healthcheck", "test")})
_VARIABLES: Final = frozenset({"environment", "labels", "annotations", "sysctls"})

Open = Callable[[PurePosixPath, Value], File | None]
"""The compose file at a path; None, with the reason in the report, where there is none. The value is what asks."""


def resolved(file: File, name: str, opened: Open, report: Report) -> Value:
    """A service with all that it extends."""
    return _resolved(file, name, opened, report, ())


def _resolved(
    file: File, name: str, opened: Open, report: Report, before: tuple[tuple[PurePosixPath, str], ...]
) -> Value:
    service = _normal(file.value(("services", name), report))
    extends = service.get("extends")
    base = extends.get("service") if extends.pairs else extends
    if not base.text:
        if extends.data is not None:
            report.refuse(extends, "`extends` names no service", "write `extends: {service: NAME}`")
        return service
    here = (file.path, name)
    if here in before or len(before) >= MAX_DEPTH:
        reason = "it extends itself" if here in before else f"more than {MAX_DEPTH} services extend each other"
        report.refuse(extends, f"cannot read `{name}`: {reason}", "remove `extends` from one of them")
        return service
    source = _source(file, extends, opened, report)
    if source is None:
        return service
    if base.text not in source.document.mapping("services"):
        report.refuse(base, f"cannot extend `{base.text}`: `{source.path}` has no such service")
        return service
    return merged(_resolved(source, base.text, opened, report, (*before, here)), service)


def _source(file: File, extends: Value, opened: Open, report: Report) -> File | None:
    other = extends.get("file")
    if not other.text:
        return file
    if other.text.startswith(("/", "~")) or "://" in other.text:
        report.refuse(other, f"cannot read `{other.text}`: expected a path relative to this file")
        return None
    return opened(file.path.parent / other.text, other)


def _normal(service: Value) -> Value:
    """A service whose variables are mappings in any case, so that they can be merged."""
    pairs = {key: as_mapping(value) if key in _VARIABLES else value for key, value in service.pairs.items()}
    return service.of(pairs)


def as_mapping(value: Value) -> Value:
    """`NAME=value` items as a mapping; a bare name has no data."""
    if not isinstance(value.data, tuple):
        return value.of(value.pairs)
    pairs = {}
    for item in value.items:
        name, equals, text = item.text.partition("=")
        pairs[name] = item.of(text if equals else None)
    return value.of(pairs)


def merged(base: Value, over: Value, path: tuple[str, ...] = ()) -> Value:
    """What comes of a value and one that extends it."""
    if path in _REPLACED:
        return over
    if over.data is None and not (len(path) > 1 and path[0] in _VARIABLES):
        return base
    if base.pairs and over.pairs:
        pairs = dict(base.pairs)
        for key, value in over.pairs.items():
            pairs[key] = merged(pairs[key], value, (*path, key)) if key in pairs else value
        return over.of(pairs)
    if isinstance(base.data, tuple) or isinstance(over.data, tuple):
        return over.of(_unique((*base.items, *over.items), path))
    return over


def _unique(items: Iterable[Value], path: tuple[str, ...]) -> tuple[Value, ...]:
    found: dict[object, Value] = {}
    for item in items:
        found[_identity(item, path) or len(found)] = item
    return tuple(found.values())


def _identity(item: Value, path: tuple[str, ...]) -> str:
    """What two items of a list have in common of which only the last one counts."""
    match path:
        case ("volumes",) | ("devices",):
            parts = item.text.split(":")
            return item.get("target").text or (parts[1] if len(parts) > 1 else parts[0])
        case ("env_file",):
            return item.get("path").text or item.text
        case ("ports",) | ("cap_add",) | ("cap_drop",) | ("profiles",) | ("expose",):
            return item.text
        case ("secrets",) | ("configs",):
            return item.get("target").text or item.get("source").text or item.text
        case _:
            return ""
