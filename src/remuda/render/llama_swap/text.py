"""How a model's words stand in llama-swap's configuration: with the port as its macro, and secrets as its variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from remuda.quoting.llama_swap import fragment, macros_in
from remuda.render.starting import PORT
from remuda.spec.reference import Reference

PORT_MACRO: Final = "${PORT}"


def command(words: Iterable[str]) -> str:
    """A command of these words; `starting.PORT` in them becomes the macro."""
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """One word."""
    return PORT_MACRO.join(map(fragment, word.split(PORT))) or "''"


def variable(reference: Reference) -> str:
    """The value of a variable of llama-swap's environment, in a text that the file holds in double quotes."""
    return f"${{env.{reference.name}}}"


def has_macro(value: Any) -> bool:
    """Whether llama-swap would take something in a value for one of its macros."""
    return any(macros_in(value))
