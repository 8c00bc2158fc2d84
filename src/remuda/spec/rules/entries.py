"""The models of a raw document, as rules look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from remuda.spec.defaults import engine_name, runtime_name
from remuda.spec.document import Document, Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the file, unvalidated; its properties are defaults applied to whatever is there."""

    model_id: str
    keys: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Where the model is in the document."""
        return ("models", self.model_id)

    @property
    def is_enabled(self) -> bool:
        """Whether the model takes part; a value that is not a boolean counts as enabled."""
        return self.keys.get("enabled") is not False

    @property
    def engine(self) -> str | None:
        """The engine, given or implied."""
        return engine_name(self.text("engine"), cmd=self.keys.get("cmd"), url=self.keys.get("url"))

    @property
    def runtime(self) -> str:
        """The runtime, given or implied."""
        return runtime_name(self.text("runtime"), url=self.keys.get("url"))

    @property
    def unit(self) -> str:
        """The name of the unit or container."""
        return self.text("unit") or self.model_id

    def text(self, key: str) -> str | None:
        """The text of a key; None if there is something else, or nothing."""
        value = self.keys.get(key)
        return value if isinstance(value, str) else None


def entries(document: Document) -> Iterator[Entry]:
    """The models that are mappings, in the order of the file."""
    for model_id, keys in document.mapping("models").items():
        if isinstance(keys, dict):
            yield Entry(model_id, keys)


def texts(value: object) -> Iterator[tuple[int, str]]:
    """The texts of a list with their index; nothing if it is not a list."""
    if isinstance(value, list):
        yield from ((index, item) for index, item in enumerate(value) if isinstance(item, str))
