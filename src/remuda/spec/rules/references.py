"""Where `${…}` may be used, and in which form.

References are resolved in environments, settings, the command line, hooks, upstream headers and secrets of keys;
placeholders in the command line and the environment of a `command`. In `steps` a `${` is the shell's (see
`remuda.spec.rules.steps`). Everywhere else it would reach the engine as it is, which nobody means.
"""

from __future__ import annotations

from collections.abc import Iterator

from remuda.errors import Problem
from remuda.spec.defaults import COMMAND, engine_name
from remuda.spec.document import Document, Path
from remuda.spec.form import FormError, label
from remuda.spec.reference import Placeholder, parse
from remuda.spec.values import parse_command


def references(document: Document) -> Iterator[Problem]:
    """References of the wrong form or in the wrong place."""
    for path, text in _texts(document.data, ()):
        if "${" in text and path[-1] != "secret" and path[2:3] != ("steps",):
            yield from _in_text(document, path, text)


def _in_text(document: Document, path: Path, text: str) -> Iterator[Problem]:
    if not _takes_references(path):
        message = f"{label(path)} has `${{`, which is not replaced here"
        places = "`environment`, `settings`, `cmd`, `hooks`, `upstream_headers` and the `secret` of keys"
        hint = f"use references in {places} only"
        yield document.problem(path, message, hint=hint, offset=text.index("${"))
        return
    try:
        parts = parse(text)
        _words_whole(path, text)
    except FormError as error:
        yield document.problem(path, f"{label(path)} {error.message}", hint=error.hint, offset=error.offset)
        return
    for part in parts:
        if isinstance(part, Placeholder) and not _takes_placeholders(document, path):
            message = f"{label(path)} has `{part}`, which is not replaced here"
            hint = "use it in `cmd` and `environment` of the engine `command`; Remuda tells other engines by itself"
            yield document.problem(path, message, hint=hint, offset=text.index(str(part)))


def _words_whole(path: Path, text: str) -> None:
    """A command line is split into words first: a reference that holds a blank must be quoted."""
    is_line = path[2:] == ("cmd",) or (path[2:3] == ("hooks",) and len(path) == 4)  # noqa: PLR2004
    for word in _words(text) if is_line else ():
        try:
            parse(word)
        except FormError:
            message = f"is split in the middle of `{word}…`"
            raise FormError(message, hint="quote the reference", offset=max(text.find(word), 0)) from None


def _words(text: str) -> tuple[str, ...]:
    try:
        return parse_command(text)
    except FormError:
        return ()  # said where the shape is judged


def _takes_references(path: Path) -> bool:
    match path:
        case ("engines" | "models", _, "environment" | "settings", _, *_):
            return True
        case ("models", _, "cmd" | "hooks", *_) | ("models", _, "upstream_headers", _):
            return True
    return False


def _takes_placeholders(document: Document, path: Path) -> bool:
    if path[2] in ("settings", "upstream_headers"):
        return False
    if path[2] == "hooks":
        return True
    if path[0] == "engines":
        return path[1] == COMMAND
    model = document.mapping(*path[:2])
    return engine_name(model.get("engine"), cmd=model.get("cmd"), url=model.get("url")) == COMMAND


def _texts(node: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _texts(value, (*path, index))
