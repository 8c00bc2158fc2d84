"""How long requests wait under Remuda's residency and under the rules of others, in simulated time.

The real `remuda.residency` is driven over generated traces (`bench.residency_sim.traces`), on fleets whose sizes and
load times are measured ones (`bench.residency_sim.fleets`); beside it llama-swap's rule, plain LRU and Ollama's rule
(`bench.residency_sim.peers`). A wait is the time from the arrival of a request until its engine may have it. The bars:
over all traces at most 0.6 of the total waiting under llama-swap's rule, on no trace more than 1.1 times the best of
the others, no wait without a bound, and nobody preferred to those who have waited for `max_wait` and a swap. Exits
with 1 if one is missed.

It does not show what a request waits for in a busy engine, nor failing engines or impatient clients.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Mapping

from bench.residency_sim import figures, peers
from bench.residency_sim.figures import FIRST_COME, OURS, Figures, Verdict
from bench.residency_sim.fleets import Fleet
from bench.residency_sim.traces import TRACES
from bench.residency_sim.world import Run, Scheduler, Trace, run
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency


def remuda(fleet: Fleet) -> Scheduler:
    """The residency of a fleet, with the defaults; it has seen how long starts take."""
    residents = {
        name: Resident(name, model.claims, load_s=model.load_s, fingerprint=name)
        for name, model in fleet.models.items()
    }
    return Residency(Policy(residents, fleet.budget))


SCHEDULERS: Mapping[str, Callable[[Fleet], Scheduler]] = {
    OURS: remuda,
    FIRST_COME: peers.LlamaSwap,
    "lru": peers.LeastRecentlyUsed,
    "ollama": peers.Ollama,
}

Runs = Mapping[str, list[Run]]
"""What came of the same traces under each scheduler."""


def run_all(traces: Iterable[Trace]) -> Runs:
    """Every trace under every scheduler."""
    kept = list(traces)
    return {name: [run(trace, scheduler(trace.fleet)) for trace in kept] for name, scheduler in SCHEDULERS.items()}


def summary(runs: Runs) -> Mapping[str, Figures]:
    """The figures of each scheduler."""
    return {name: figures.figures(kept) for name, kept in runs.items()}


def show(title: str, found: Mapping[str, Figures], verdicts: Iterable[Verdict]) -> None:
    """Print a table and its bars."""
    print("\n".join(["", *figures.table(title, found), *(f"  {verdict.sentence}" for verdict in verdicts)]), flush=True)


def main() -> None:
    """Run everything and print the tables and the bars."""
    parser = argparse.ArgumentParser(description="see the module's docstring")
    parser.add_argument("--seeds", type=int, default=5, help="how often each trace is made anew")
    parser.add_argument("--only", action="append", choices=[make.__name__ for make in TRACES], help="repeatable")
    options = parser.parse_args()
    verdicts = []
    mix: Runs = {name: [] for name in SCHEDULERS}
    for make in TRACES:
        if options.only and make.__name__ not in options.only:
            continue
        traces = [make(random.Random(seed)) for seed in range(options.seeds)]
        runs = run_all(traces)
        judged = figures.judge_trace(found := summary(runs), max(traces, key=lambda trace: trace.longest_service_s))
        show(traces[0].name, found, judged)
        verdicts += judged
        for name, kept in runs.items():
            mix[name].extend(kept)
    verdicts.append(figures.judge_mix(summary(mix)))
    show("all together", summary(mix), verdicts[-1:])
    sys.exit(not all(verdict.met for verdict in verdicts))


if __name__ == "__main__":
    main()
