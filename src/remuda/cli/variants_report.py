"""What `remuda variants` prints: a list, a choice, a comparison, what was gained, the findings in a tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from remuda.adapt.variants.check import Checked
from remuda.cli import output
from remuda.edge.rendered import Written
from remuda.plan.variants import listing
from remuda.plan.variants.additions import Gain
from remuda.plan.variants.compare import Comparison
from remuda.plan.variants.jobs import Jobs
from remuda.plan.variants.matrix import Variant
from remuda.plan.variants.pick import Choice


def listed(wanted: list[Variant], left_out: list[Variant], allowed: Jobs, *, as_json: bool) -> None:
    """A table for each line, then what was left out by the reason, and the jobs that build."""
    if as_json:
        told = [asdict(row) for row in listing.rows(wanted, allowed)]
        refused = [{"line": each.line, **_refused(each)} for each in left_out]
        build = allowed.build.model_dump()
        output.data({"variants": told, "left_out": refused, "jobs": allowed.each, "build": build})
        return
    for line, members in groupby(wanted, key=lambda each: each.line):
        found = list(members)
        output.line(f"{line}: vLLM {found[0].spec.vllm}, {len(found)} variants")
        output.table(listing.HEAD, (row.cells for row in listing.rows(found, allowed)))
        output.line("")
    _print_refused(left_out)
    output.line(f"each build: {allowed}" + ("; it may not fit" * allowed.is_tight))


def picked(choices: tuple[Choice, ...], *, as_json: bool) -> None:
    """The variant for each kind of card; the others by the reason why not, those for other cards as one."""
    if as_json:
        output.data([_choice(choice) for choice in choices])
        return
    for choice in choices:
        where = f"{', '.join(choice.devices)} ({choice.title}, {choice.capability})"
        found = choice.variant
        output.line(f"{where}: {f'{found.name} of {found.line}' if found else 'none'}")
        for remark in choice.remarks:
            output.line(f"  {remark}")
        others = [each for each in choice.rejected if each.about != "card"]
        for why, count in Counter(each.why for each in others).most_common():
            output.line(f"  not {count} others: {why}")
        output.line(f"  not {len(choice.rejected) - len(others)} others: they have no code for {choice.capability}")


def compared(found: Comparison, lines: tuple[str, str], *, as_json: bool) -> None:
    """Two lines side by side."""
    if as_json:
        output.data(asdict(found))
        return
    for key, before, after in found.changes:
        output.line(f"{key}: {before} -> {after}")
    output.line(f"{found.both} builds are in both")
    for sign, differences in (("+", found.gained), ("-", found.lost)):
        for difference in differences:
            output.line(f"{sign} {difference.name}: {difference.why}")
    output.line(f"{lines[1]} gains {len(found.gained)} and loses {len(found.lost)} against {lines[0]}")


def gained(gains: Iterable[Gain], path: Path, *, as_json: bool) -> None:
    """What an addition brought, and what of it cannot work."""
    if as_json:
        output.data({"file": str(path), "lines": [_gain(gain) for gain in gains]})
        return
    for gain in gains:
        for difference in gain.comparison.gained:
            output.line(f"+ {difference.name}")
        _print_refused(gain.refused)
        output.line(f"{path}: {gain.line} gains {len(gain.comparison.gained)} variants")


def written(done: Written, directory: Path, *, as_json: bool) -> None:
    """What became of the files of a directory."""
    changes = {"written": done.written, "unchanged": done.unchanged, "removed": done.removed}
    if as_json:
        output.data({name: [str(path) for path in paths] for name, paths in changes.items()})
        return
    output.line(f"{directory}: {', '.join(f'{len(paths)} {name}' for name, paths in changes.items())}")


def checked(found: Checked, directory: Path, *, as_json: bool) -> int:
    """The findings, each at its file and line; returns how many are errors."""
    if as_json:
        told = [output.problem_json(each.problem, str(directory / each.path)) for each in found.findings]
        output.data({"variants": found.variants, "findings": told})
    else:
        for each in found.findings:
            output.problems((each.problem,), str(directory / each.path))
        if not found.findings:
            output.line(f"{found.variants} variants: nothing to say against them")
    return sum(each.problem.severity == "error" for each in found.findings)


def _choice(choice: Choice) -> dict[str, Any]:
    rejected = [
        {"line": each.variant.line, "name": str(each.variant.name), "about": each.about, "why": each.why}
        for each in choice.rejected
    ]
    found = choice.variant
    return {
        "devices": list(choice.devices),
        "title": choice.title,
        "capability": choice.capability,
        "variant": {"line": found.line, "name": str(found.name)} if found else None,
        "remarks": list(choice.remarks),
        "rejected": rejected,
    }


def _gain(gain: Gain) -> dict[str, Any]:
    names = [difference.name for difference in gain.comparison.gained]
    return {"line": gain.line, "gained": names, "refused": list(map(_refused, gain.refused))}


def _refused(variant: Variant) -> dict[str, str]:
    return {"name": str(variant.name), "why": variant.reasons[0].message}


def _print_refused(found: Iterable[Variant]) -> None:
    for why, count in Counter(each.reasons[0].message for each in found).items():
        output.line(f"left out: {count} variants: {why}")
