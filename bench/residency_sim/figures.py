"""What is reported of a run, and the bars that Remuda has to meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.residency_sim.world import Run, Trace
from remuda.residency.policy import Policy

OURS = "remuda"
FIRST_COME = "llama-swap"
MAX_WAIT_S = Policy({}, {}).max_wait_s
_MOST_OF_FIRST_COME = 0.6
_MOST_OF_BEST = 1.1


@dataclass(frozen=True, slots=True)
class Figures:
    """How long the requests of a trace waited, in seconds, and how many engines were started for them.

    `overtaken_s`: the longest that anybody had waited when a later one was preferred (`world.Run`).
    """

    total_s: float
    p50_s: float
    p95_s: float
    worst_s: float
    overtaken_s: float
    starts: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bar and whether it was met."""

    sentence: str
    met: bool


def figures(runs: Iterable[Run]) -> Figures:
    """Of several runs together."""
    kept = list(runs)
    waits_s = sorted(wait_s for run in kept for wait_s in run.waits_s)
    starts = sum(run.starts for run in kept)
    overtaken_s = max(run.overtaken_s for run in kept)
    return Figures(sum(waits_s), _quantile(waits_s, 0.5), _quantile(waits_s, 0.95), waits_s[-1], overtaken_s, starts)


def worst_allowed_s(trace: Trace) -> float:
    """The bound of the worst wait: `max_wait_s`, and then a turn of every model, with the longest answer and a swap."""
    turns = len(trace.fleet.models)
    return MAX_WAIT_S + turns * (trace.longest_service_s + trace.fleet.longest_swap_s)


def judge_trace(found: Mapping[str, Figures], trace: Trace) -> list[Verdict]:
    """The bars of one trace, or of several with its fleet and its longest answer."""
    ours = found[OURS]
    best = min((name for name in found if name != OURS), key=lambda name: found[name].total_s)
    total = _at_most(
        "total waiting", ours.total_s, _MOST_OF_BEST * found[best].total_s, f"{_MOST_OF_BEST} times {best}'s"
    )
    overtaken_s = MAX_WAIT_S + trace.fleet.longest_swap_s
    return [
        total,
        _at_most("worst wait", ours.worst_s, worst_allowed_s(trace), "max_wait and a turn of everybody"),
        _at_most("overtaken after", ours.overtaken_s, overtaken_s, "max_wait and a swap"),
    ]


def judge_mix(found: Mapping[str, Figures]) -> Verdict:
    """The bar of all traces together."""
    limit_s = _MOST_OF_FIRST_COME * found[FIRST_COME].total_s
    return _at_most("total waiting", found[OURS].total_s, limit_s, f"{_MOST_OF_FIRST_COME} times {FIRST_COME}'s")


def table(title: str, found: Mapping[str, Figures]) -> Sequence[str]:
    """The lines of a table; `share` is the total in relation to llama-swap's."""
    columns = ("total h", "share", "p50 s", "p95 s", "worst s", "overtaken", "starts")
    lines = [f"{title:26}" + "".join(f"{column:>10}" for column in columns)]
    for name, row in found.items():
        share = row.total_s / found[FIRST_COME].total_s
        times = "".join(f"{time_s:10.1f}" for time_s in (row.p50_s, row.p95_s, row.worst_s, row.overtaken_s))
        lines.append(f"  {name:24}{row.total_s / 3600:10.1f}{share:10.2f}{times}{row.starts:10}")
    return lines


def _at_most(what: str, value: float, limit: float, of: str) -> Verdict:
    met = value <= limit
    return Verdict(f"{what} ≤ {of} = {limit:.0f} s: {value:.0f} s, {'met' if met else 'MISSED'}", met)


def _quantile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]
