r"""`${env.NAME}` in llama-swap's files.

llama-swap puts the value of a variable into the text before it reads YAML. Here the name is kept to the end, so that a
secret becomes a reference where the fleet file takes one; only elsewhere the value itself is needed. Until then it is a
mark of the same length, which YAML takes for plain text wherever the value may stand, and which leaves every column
where it was.

What a value would mean to YAML is not taken into account: one that holds a `: ` or a quote would make another file.

Source: substituteEnvMacros in internal/config/macros.go of mostlygeek/llama-swap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from remuda.spec.reference import literal

_LATER: Final = {"\ue002": "${PORT}", "\ue003": "${PID}"}
"""The marks of what is known only when an instance runs."""

_VARIABLE: Final = re.compile(r"\$\{env\.([a-zA-Z_][a-zA-Z0-9_]*)\}")
_MARK: Final = re.compile("\ue000\ue000env\\.([a-zA-Z_][a-zA-Z0-9_]*)\ue001")


def marked(text: str) -> str:
    """The text with marks for its variables."""
    return _VARIABLE.sub("\ue000\ue000env.\\1\ue001", text)


def later(text: str) -> str:
    """The text with marks for what is filled in later."""
    for mark, name in _LATER.items():
        text = text.replace(name, mark)
    return text


def names(text: str) -> tuple[str, ...]:
    """The variables that a marked text names, in order."""
    return tuple(_MARK.findall(text))


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """The text with something for each variable."""
    return _MARK.sub(lambda match: value_of(match[1]), text)


def with_value(text: str, name: str, value: str) -> str:
    """The text with a variable's value in place of its mark."""
    return text.replace(marked(f"${{env.{name}}}"), value)


def shown(text: str) -> str:
    """The text as llama-swap's file writes it."""
    for mark, name in _LATER.items():
        text = text.replace(mark, name)
    return filled(text, lambda name: f"${{env.{name}}}")


def referring(text: str) -> str:
    """The text as the fleet file writes it where it takes references."""
    *pieces, last = re.split(f"({_MARK.pattern.replace('(', '(?:')}|[{''.join(_LATER)}])", text)
    # A `$` right before a reference would belong to it.
    before = (_reference(piece) if number % 2 else piece.replace("$", "$$") for number, piece in enumerate(pieces))
    return "".join((*before, literal(last)))


def _reference(mark: str) -> str:
    return _LATER.get(mark) or filled(mark, lambda name: f"${{env:{name}}}")
