"""Keys without a value.

`tag:` with nothing after it is a value somebody forgot, or a block whose lines are all commented out. Only in
`settings` it says something, the flag is not rendered, as in a model's `environment`, where it removes the engine's
variable; and in what is passed on as JSON it is `null`.
"""

from __future__ import annotations

from collections.abc import Iterator

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label


def empty(document: Document) -> Iterator[Problem]:
    """A key or list item without a value."""
    yield from _empty(document, document.data, ())


def _empty(document: Document, node: object, path: Path) -> Iterator[Problem]:
    if _takes_null(path):
        return
    if node is None:
        hint = "write a value, or remove the key"
        yield document.problem_of_key(path, f"{label(path)} is empty", hint=hint)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _empty(document, value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _empty(document, value, (*path, index))


def _takes_null(path: Path) -> bool:
    match path:
        case (_, _, "settings" | "set_params" | "metadata", _, *_) | ("models", _, "environment", _):
            return True
    return False
