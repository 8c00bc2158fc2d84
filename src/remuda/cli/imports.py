"""Another program's configuration as a fleet: what `import` and `up --from` share."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from remuda.adapt import ADAPTERS, llama_swap_module, llmhop_module
from remuda.adapt.contract import Adapted, Files, Remark, Source
from remuda.adapt.write import fleet_text, narrowed
from remuda.cli import output
from remuda.edge.import_files import DirectoryFiles, OneFile, opened
from remuda.edge.nix import evaluated
from remuda.edge.paths import cache_root, private_directory, write_private
from remuda.errors import SpecError
from remuda.spec.document import MAX_BYTES
from remuda.spec.nearest import suggestion

STDIN: Final = Path("-")
_NAME_OF_STDIN: Final = "standard input"
_NIX: Final = ".nix"
_IN_NIX: Final = {"llama-swap": llama_swap_module.adapt, "llmhop": llmhop_module.adapt}
"""The formats that modules of NixOS configure, and what reads their options."""


def adapted(name: str, path: Path, only: Iterable[str] = ()) -> Adapted:
    """What the adapter of that name makes of a path, its files named as the user named them; raises SpecError."""
    if name not in ADAPTERS:
        hint = suggestion(name, ADAPTERS, otherwise=f"use one of `{'`, `'.join(ADAPTERS)}`")
        raise SpecError(f"cannot import `{name}`: there is no such format", hint=hint)
    chosen = frozenset(only)
    if path.suffix == _NIX:
        return _of_nix(name, path, chosen)
    source, shown = _source(path, chosen)
    made = ADAPTERS[name].adapt(source)
    if chosen:
        made = narrowed(made, chosen)
    remarks = tuple(replace(remark, file=_shown(remark.file, source, shown)) for remark in made.remarks)
    places = {at: replace(place, file=_shown(place.file, source, shown)) for at, place in made.places.items()}
    return replace(made, remarks=remarks, places=places)


def say(remarks: Iterable[Remark]) -> None:
    """Print what there is to say of a source, to stderr."""
    for remark in remarks:
        output.remark([remark.problem], remark.file)


def refuse(made: Adapted, path: Path) -> None:
    """Raises SpecError for a source that cannot become a fleet."""
    count = sum(remark.problem.severity == "error" for remark in made.remarks)
    if count:
        raise SpecError(f"cannot import `{path}`: {count} error{'s' if count != 1 else ''}")


def written(name: str, path: Path) -> Path:
    """Write the fleet of another program's configuration into the cache, and give its path; raises SpecError.

    The same configuration has the same path each time: what runs is known by it.
    """
    made = adapted(name, path)
    say(made.remarks)
    refuse(made, path)
    directory = cache_root() / "imported"
    private_directory(directory)
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
    file = directory / f"{name}-{digest}.yaml"
    write_private(file, fleet_text(made, comment=f"Made of {path} by `remuda up --from {name}`; edits are lost."))
    return file


def _of_nix(name: str, path: Path, only: frozenset[str]) -> Adapted:
    """What the adapter makes of the configuration that a file of Nix becomes, which has no places of its own."""
    if name not in _IN_NIX:
        known = "`, `".join(_IN_NIX)
        raise SpecError(f"cannot import `{name}` from `{path}`: only `{known}` are configured in Nix", hint="name one")
    inner = PurePosixPath(path.name)
    files = OneFile(inner, evaluated(path, name))
    directory = PurePosixPath(path.resolve().parent)
    made = _IN_NIX[name](Source(inner, files, directory, dict(os.environ), only))
    made = narrowed(made, only) if only else made
    problems = (replace(remark.problem, position=None) for remark in made.remarks)
    return replace(made, remarks=tuple(Remark(str(path), problem) for problem in problems), places={})


def _source(path: Path, only: frozenset[str]) -> tuple[Source, str]:
    files: Files
    if path == STDIN:
        inner = PurePosixPath(_NAME_OF_STDIN)
        files = OneFile(inner, sys.stdin.buffer.read(MAX_BYTES + 1))
        directory, shown = PurePosixPath(Path.cwd()), _NAME_OF_STDIN
    else:
        files, inner, directory = opened(path)
        shown = str(path)
    return Source(inner, files, directory, dict(os.environ), only), shown


def _shown(file: str, source: Source, shown: str) -> str:
    """A file by the name that the user gave; another one of the same files by its path from here."""
    if file in ("", str(source.path)):
        return shown
    return os.path.relpath(source.files.root / file) if isinstance(source.files, DirectoryFiles) else file
