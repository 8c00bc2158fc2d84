"""The files of lines: an expression for each wanted variant, and `VARIANTS.md` with the table of them.

Nix refuses an archive without a hash, and no hash is made up here: without one a line is refused by name, with the
command that tells it. `fake_hash` writes zeros instead, with which Nix stops at once and says which hash it found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from remuda.errors import Problem
from remuda.plan.variants import listing
from remuda.plan.variants.jobs import jobs
from remuda.plan.variants.matrix import Variant, variants
from remuda.render.contract import Rendered, Rendering
from remuda.render.nix.printer import to_nix
from remuda.render.variants.expression import ARCHIVE, expression
from remuda.spec.variants import Variants

FAKE_HASH: Final = f"sha256-{'A' * 43}="
PAGE: Final = PurePosixPath("VARIANTS.md")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines; `force`: also variants of no use, and `fake_hash`: zeros for a hash that is not known."""

    lines: tuple[str, ...]
    force: bool = False
    fake_hash: bool = False


def render(file: Variants, wanted: Wanted) -> Rendering:
    """The files; a line has a folder of its own unless it is the only one. What stays out is a warning."""
    problems: list[Problem] = []
    files: dict[PurePosixPath, str] = {}
    for name in wanted.lines:
        found = variants(name, file.lines[name])
        problems += _pin(file, name, wanted)
        problems += _left_out(found, wanted)
        folder = PurePosixPath(name if len(wanted.lines) > 1 else "")
        made = _line(file, [each for each in found if each.is_wanted(force=wanted.force)])
        files |= {folder / path: text for path, text in made.items()}
    refused = any(problem.severity == "error" for problem in problems)
    return Rendering({} if refused else files, tuple(problems))


def _line(file: Variants, found: list[Variant]) -> Rendered:
    allowed = jobs(file.build)
    pins = {variant.spec.nixpkgs: file.pins.get(variant.spec.nixpkgs) or FAKE_HASH for variant in found}
    expressions = {
        PurePosixPath(f"{variant.name}.nix"): to_nix(expression(variant, allowed, pins[variant.spec.nixpkgs]))
        for variant in found
    }
    return {**expressions, PAGE: page(found, file)}


def page(found: list[Variant], file: Variants) -> str:
    """The table of the variants of a line, as Markdown."""
    allowed = jobs(file.build)
    rows = [listing.HEAD, ("---",) * len(listing.HEAD), *(row.cells for row in listing.rows(found, allowed))]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    title = f"# Variants of `{found[0].line}`\n\nvLLM {found[0].spec.vllm}; " if found else "# Variants\n\n"
    return f"{title}{len(found)} variants; {allowed}.\n\n{table}"


def _pin(file: Variants, name: str, wanted: Wanted) -> Iterator[Problem]:
    revision = file.lines[name].nixpkgs
    if file.pins.get(revision) is not None:
        return
    unknown = f"the hash of nixpkgs {revision[:7]} is not known"
    hint = f"write under `pins` what `nix-prefetch-url --unpack {ARCHIVE.format(revision)}` prints"
    if wanted.fake_hash:
        yield Problem(f"{unknown}: `{name}` has zeros instead", ("pins", revision), hint=hint, severity="warning")
    else:
        message = f"cannot write the line `{name}`: {unknown}"
        yield Problem(message, ("pins", revision), hint=f"{hint}, or let Nix tell it: `--fake-hash`")


def _left_out(found: tuple[Variant, ...], wanted: Wanted) -> Iterator[Problem]:
    """One warning for each reason, with how many it concerns."""
    reasons: dict[tuple[str, str], tuple[int, bool]] = {}
    for variant in found:
        if not variant.is_wanted(force=wanted.force):
            key = (variant.name.capability, variant.reasons[0].message)
            count, _ = reasons.get(key, (0, False))
            reasons[key] = (count + 1, variant.is_forcible)
    for (number, why), (count, is_forcible) in reasons.items():
        path = ("lines", found[0].line, "capabilities", number)
        hint = "build them all the same with `allow` or `--force`" if is_forcible else None
        yield Problem(f"{count} variants for {number} are left out: {why}", path, hint=hint, severity="warning")
