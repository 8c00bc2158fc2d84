"""The reference page of what Remuda knows, made from the tables, so that the two never differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from remuda.knowledge import builds, cuda, defects, features, flags, formats, isas, nixpkgs, rocm, symptoms
from remuda.knowledge.release import Span

_HEAD: Final = """\
# What Remuda knows of the field

<!-- Generated from src/remuda/knowledge/data by scripts/generate. -->

Every row has a source. `read` was read there, `reported` was told by somebody, `general` is general knowledge that was
not looked up. What has no row is not known, which is neither yes nor no. A range of releases includes both ends.

Compute capabilities and code are written as NVIDIA does: `8.6` is binary code, `9.0a` is for that architecture only,
`+PTX` has PTX as well, `ptx7.0` is PTX alone, `7.5+` is that capability and all newer ones.
"""

_FLAGS: Final = """
## Flags and variables by release

`remuda check` compares `settings` and `environment` with what the pinned release knows. Harvested from the releases'
own sources by `tools/harvest_flags.py`:

| Engine | Releases read | Flags | Variables |
|---|---|---|---|
"""

_SECTIONS: Final = (
    ("NVIDIA: compute capabilities", "capability architecture cards toolkits driver machine"),
    ("NVIDIA: toolkits", "version driver floor"),
    ("CUDA: defects", "part toolkits below message remedy"),
    ("Instruction sets", "isa machine title suffix flags needs"),
    ("AMD: targets", "gfx family cards rocm override overrides_failing kernel note"),
    ("Builds", "engine artefact platform versions machine toolkit targets torch python glibc cpu_flags note"),
    ("Features", "engine feature versions capability targets fallback"),
    ("Formats", "engine format versions support note"),
    ("Symptoms", "pattern cause proof advice"),
    ("Broken in nixpkgs", "package platform since reference"),
)


def page() -> str:
    """The whole page."""
    tables: tuple[tuple[Any, ...], ...] = (
        cuda.capabilities(),
        cuda.toolkits(),
        defects.defects(),
        isas.isas(),
        rocm.gfxs(),
        builds.builds(),
        features.features(),
        formats.formats(),
        symptoms.symptoms(),
        nixpkgs.broken(),
    )
    sections = (_section(title, names.split(), rows) for (title, names), rows in zip(_SECTIONS, tables, strict=True))
    return _HEAD + _FLAGS + "".join(_harvested()) + "".join(sections)


def _harvested() -> Iterator[str]:
    for engine in flags.HARVESTED:
        table = flags.table(engine)
        if table:
            read = f"{len(table.releases)}, from {table.releases[0]} to {table.releases[-1]}"
            yield f"| {engine} | {read} | {len(table.known('flag'))} | {len(table.known('variable'))} |\n"


def _section(title: str, names: list[str], rows: Iterable[object]) -> str:
    columns = [*names, "confidence", "source"]
    head = f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n".replace("_", " ")
    return head + "".join(f"| {' | '.join(_cell(getattr(row, name)) for name in columns)} |\n" for row in rows)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return ", ".join(map(str, value))
        case Span():
            return f"{value}"
    return str(value).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
