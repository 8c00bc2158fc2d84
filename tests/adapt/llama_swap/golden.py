"""Cases of the adapter: a folder with `config.yaml`, or with a directory `config`, and with what comes of it.

`remuda.yaml` is the fleet, and `remarks.txt` what there is to say of it, with the notes at the end. With
REMUDA_UPDATE_GOLDENS=1 they are written, to be read in the diff.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from remuda.adapt.contract import Adapted, Remark, Source
from remuda.adapt.llama_swap.adapter import adapt
from remuda.spec.form import label
from remuda.spec.yaml_text import to_yaml

HERE = Path(__file__).parent
ENVIRONMENT = {
    "HOME": "/home/me",
    "MODELS_DIR": "/srv/models",
    "LLAMA_SERVER": "/opt/llama-server",
    "TTL": "120",
}
CASES = sorted(path.parent.name for path in HERE.glob("*/config*") if path.is_dir() or path.name == "config.yaml")


@dataclass(frozen=True)
class Folder:
    """The files below a directory."""

    root: Path

    def read(self, path: PurePosixPath) -> bytes | None:
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        folder = self.root / directory
        return tuple(sorted(file.name for file in folder.iterdir())) if folder.is_dir() else ()


@dataclass(frozen=True)
class Texts:
    """Files that are only here; their directory is `config`."""

    files: Mapping[str, str | bytes] = field(default_factory=dict)

    def read(self, path: PurePosixPath) -> bytes | None:
        text = self.files.get(str(path))
        return text.encode() if isinstance(text, str) else text

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        return tuple(sorted(PurePosixPath(name).name for name in self.files if PurePosixPath(name).parent == directory))


def adapted(text: str | bytes, environment: Mapping[str, str] | None = None) -> Adapted:
    """What comes of one file."""
    return adapt(Source(PurePosixPath("config.yaml"), Texts({"config.yaml": text}), environment=environment or {}))


def case(name: str) -> Adapted:
    """What comes of a case."""
    path = PurePosixPath("config.yaml" if (HERE / name / "config.yaml").exists() else "config")
    return adapt(Source(path, Folder(HERE / name), environment=ENVIRONMENT))


def check(name: str) -> None:
    found = case(name)
    notes = "".join(f"note {label(path)}: {note}\n" for path, note in found.notes.items())
    made = {
        "remuda.yaml": to_yaml(found.data, comment="Refused." if found.is_refused else ""),
        "remarks.txt": "".join(map(shown, found.remarks)) + notes,
    }
    if os.environ.get("REMUDA_UPDATE_GOLDENS") == "1":
        for file, text in made.items():
            (HERE / name / file).write_text(text)
    assert made == {file: (HERE / name / file).read_text() for file in made}


def shown(remark: Remark) -> str:
    problem = remark.problem
    place = f"{problem.position.line}:{problem.position.column}" if problem.position else "?"
    severity = "warning: " if problem.severity == "warning" else ""
    text = f"{remark.file}:{place} {severity}{problem.message}\n"
    return text + (f"  hint: {problem.hint}\n" if problem.hint else "")


def said(found: Adapted) -> str:
    return "".join(map(shown, found.remarks))
