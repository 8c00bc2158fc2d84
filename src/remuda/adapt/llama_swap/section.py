"""One mapping of the configuration, read key by key, each by the kind that llama-swap takes there.

Kinds are converted as its YAML library does: any single value is a text, a fraction of a whole number is dropped, and
`yes` and `on` are true. `null` is as good as no key. What nobody has asked for in the end is told: llama-swap does not
know that key either.

Source: decode.go of gopkg.in/yaml.v3 (v3.0.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remuda.adapt.llama_swap import variables
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import Node, kind
from remuda.quoting.llama_swap import MACRO, spelled
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.nearest import suggestion

_OTHERS: Final = (str, int, float, list)
_HINTS: Final = 20
_NOTHING: Final = object()
"""Stands for what is left out."""
_TRUE: Final = ("y", "Y", "yes", "on")
_FALSE: Final = ("n", "N", "no", "off")


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for the whole configuration. `environment`: the variables whose values are known."""

    said: Said
    environment: Mapping[str, str]

    def resolved(self, text: str, at: Node, what: str) -> str | None:
        """A text with the values of its variables; None, and said, where one is not known."""
        missing = [name for name in variables.names(text) if name not in self.environment]
        for name in missing:
            message = f"{what} needs the value of the variable `{name}`, which is not set here"
            self.said.refuse(at, message, hint=f"set `{name}` for the import")
        return None if missing else variables.filled(text, self.environment.__getitem__)

    def literal(self, text: str, at: Node, what: str) -> str | None:
        """A text for a place of the fleet file that takes no references."""
        found = self.resolved(text, at, what)
        if found is not None and "${" in found and not MACRO.search(found):  # or it has been told already
            self.said.warn(at, f"{what} is left out: it holds `${{`, which a fleet file does not take there")
            return None
        return found


@dataclass(slots=True)
class Section:
    """A mapping of the configuration. `path` is its own, `fleet_path` is where in the fleet its keys end up."""

    node: Node
    context: Context
    path: Path = ()
    fleet_path: Path = ()
    _read: dict[str, None] = field(default_factory=dict)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value; it counts as read."""
        return self.raw(key) is not None

    def raw(self, key: str) -> Node | None:
        """The value, whatever it is."""
        self._read[key] = None
        return self.node.get(key)

    def label(self, *keys: str) -> str:
        """The key as a message names it; without any, the section itself."""
        return label((*self.path, *keys))

    def marked(self, key: str) -> str | None:
        """A text in which variables are still marks."""
        found = self.raw(key)
        if found is None:
            return None
        if isinstance(found.value, dict | list):
            self._wrong(key, found, "a text")
            return None
        return spelled(found.value)

    def text(self, key: str) -> str | None:
        """A text for a place that takes no references."""
        found = self.marked(key)
        return None if found is None else self.context.literal(found, self.node.pairs[key], self.label(key))

    def whole(self, key: str) -> int | None:
        """A whole number."""
        found = self.raw(key)
        match self._typed(key, found):
            case bool():
                pass
            case int() as value:
                return value
            case float() as value if abs(value) < 2**53:
                return int(value)
        if found is not None:
            self._wrong(key, found, "a whole number")
        return None

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A truth."""
        found = self.raw(key)
        value = self._typed(key, found)
        if found is None:
            return default
        if value in _TRUE or value is True:
            return True
        if value not in _FALSE and value is not False:
            self._wrong(key, found, "`true` or `false`")
        return False

    def marked_texts(self, key: str) -> list[tuple[str, Node]]:
        """A list of texts in which variables are still marks."""
        found = self.raw(key)
        if found is None:
            return []
        if not isinstance(found.value, list):
            self._wrong(key, found, "a list")
        return [(spelled(item.value), item) for item in found.items if not isinstance(item.value, dict | list | None)]

    def texts(self, key: str) -> list[tuple[str, Node]]:
        """A list of texts for a place that takes no references, each with where it is."""
        found = ((self.context.literal(text, item, self.label(key)), item) for text, item in self.marked_texts(key))
        return [(text, item) for text, item in found if text is not None]

    def section(self, key: str) -> Section:
        """The mapping at a key; an empty one where there is none."""
        found = self.raw(key)
        if found is not None and not isinstance(found.value, dict):
            self._wrong(key, found, "a mapping")
            found = None
        below = found or self.node.pairs.get(key, self.node).of({})
        return Section(below, self.context, (*self.path, key), self.fleet_path)

    def sections(self, key: str) -> dict[str, Section]:
        """A mapping of names to mappings."""
        above = self.section(key)
        found = {name: above.section(name) for name in above.node.pairs}
        return {name: below for name, below in found.items() if not isinstance(above.node.pairs[name].value, _OTHERS)}

    def data(self, key: str) -> dict[str, Any]:
        """A mapping of anything, as plain data without what no fleet file takes."""
        above = self.section(key)
        found = {name: self._plain(node, above.label(name)) for name, node in above.node.pairs.items()}
        return {name: value for name, value in found.items() if value is not _NOTHING}

    def rest(self) -> None:
        """Tells of the keys that nobody has asked for."""
        unknown = [key for key in self.node.pairs if key not in self._read]
        for number, key in enumerate(unknown):
            message = f"{self.label(key)} is left out: it is none of llama-swap's keys"
            hint = suggestion(key, self._read) if number < _HINTS else None
            self.context.said.warn(self.node.pairs[key].key, message, hint=hint, path=self.fleet_path)

    def _plain(self, node: Node, what: str) -> Any:
        """A value as plain data."""
        match node.value:
            case dict() as pairs:
                found = {key: self._plain(child, what) for key, child in pairs.items()}
                return {key: value for key, value in found.items() if value is not _NOTHING}
            case list() as items:
                return [value for item in items if (value := self._plain(item, what)) is not _NOTHING]
            case str() as text:
                value = self.context.literal(text, node, what)
                return _NOTHING if value is None else value
            case value:
                return value

    def _typed(self, key: str, found: Node | None) -> object:
        """A single value; what comes from a variable may be a number or a truth."""
        if found is None or not isinstance(found.value, str) or not variables.names(found.value):
            return found.value if found else None
        text = self.context.resolved(found.value, found, self.label(key))
        if text in ("true", "false"):
            return text == "true"
        return int(text) if text and text.lstrip("-").isascii() and text.lstrip("-").isdigit() else text

    def _wrong(self, key: str, node: Node, expected: str) -> None:
        message = f"{self.label(key)} must be {expected}, not {kind(node)}"
        self.context.said.refuse(node, message, path=self.fleet_path)
