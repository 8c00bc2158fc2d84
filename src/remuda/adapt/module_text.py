"""The options of a module of NixOS as the file of the program that it configures, for that program's own adapter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from remuda.adapt.contract import Source


@dataclass(frozen=True, slots=True)
class _Text:
    path: PurePosixPath
    content: bytes

    def read(self, path: PurePosixPath) -> bytes | None:
        return self.content if path == self.path else None

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        return (self.path.name,) if directory == self.path.parent else ()


def options(source: Source) -> Mapping[str, Any]:
    """The options; they are what Nix evaluated, so they are JSON. Empty if they are no set."""
    data = json.loads(source.files.read(source.path) or b"{}")
    return data if isinstance(data, dict) else {}


def with_data(source: Source, data: Mapping[str, Any]) -> Source:
    """The source as if this were in its file."""
    path = source.path.with_suffix(".json")
    return replace(source, path=path, files=_Text(path, json.dumps(data, ensure_ascii=False).encode()))
