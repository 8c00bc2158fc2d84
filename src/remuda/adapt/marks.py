"""References to secrets in a text that another language is to read.

The fleet file's language is turned into plain text in which each reference is a single character that nobody writes, so
that a shell's quotes and separators can be found; and back again, word by word.
"""

from __future__ import annotations

from remuda.spec.form import FormError
from remuda.spec.reference import literal, parse

_FIRST = 0xF0000  # a plane for private use


class Marks:
    """The references of some texts that belong together."""

    def __init__(self) -> None:
        self._references: list[str] = []

    def raw(self, text: str) -> str:
        """The plain text, with marks for references; what is no text of a fleet file stays as it is."""
        try:
            parts = parse(text)
        except FormError:
            return text
        return "".join(part if isinstance(part, str) else self._mark(str(part)) for part in parts)

    def has_reference(self, text: str) -> bool:
        """Whether a plain text holds a mark."""
        return any(self._number(letter) is not None for letter in text)

    def text(self, raw: str) -> str:
        """A plain text in the language of the fleet file again."""
        parts, plain = [], ""
        for letter in raw:
            number = self._number(letter)
            if number is None:
                plain += letter
                continue
            # A `$` right before a reference would belong to it.
            parts += [plain.replace("$", "$$") if "$" in plain else plain, self._references[number]]
            plain = ""
        return "".join(parts) + literal(plain)

    def _mark(self, reference: str) -> str:
        self._references.append(reference)
        return chr(_FIRST + len(self._references) - 1)

    def _number(self, letter: str) -> int | None:
        number = ord(letter) - _FIRST
        return number if 0 <= number < len(self._references) else None
