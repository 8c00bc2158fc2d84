"""What the gateway costs, beside what else could stand in its place: one table a figure, each with its bar.

    scripts/bench gateway [--only FIGURE] [--without PROXY] [--seconds S] [--rounds N] [--json FILE]

Remuda runs as users run it, `remuda up` with an external model and a key; beside it nginx (which routes nothing),
HAProxy and sglang-router (which route by the JSON's `model`), LiteLLM, and the engine asked directly. All of them live
in one network namespace; the proxies have one core, the clients and the engine have the other. The engine and the
clients do next to nothing, and yet they are what a fast proxy waits for; so the figure to look at is the CPU time of
the proxy's whole process tree for each request or chunk. Every figure is measured in several rounds, in each of which
all take their turn, each started anew: where a process's memory happens to lie makes it a tenth faster or slower for as
long as it lives. The medians are printed. Linux only; needs two cores, and root or user namespaces.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.relay.figures import DIRECT, FIGURES, Bar, Figure, Subject, Values
from bench.relay.proxies import ENGINE, PROXIES, Proxy, Running, start

_INSIDE = "REMUDA_BENCH_INSIDE"
_OURS = "remuda"
_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured, how long and how often, on which core, and where the proxies get their folders."""

    proxies: Sequence[Proxy]
    core: int
    seconds: float
    rounds: int
    folders: Iterator[Path]

    def start(self, proxy: Proxy) -> Running:
        """Start a proxy in a folder of its own."""
        return start(proxy, self.core, next(self.folders))


def measure(figure: Figure, setting: Setting) -> dict[str, Values]:
    """The medians of all rounds, of each proxy and the engine itself."""
    found: dict[str, list[Values]] = {DIRECT: [], **{proxy.name: [] for proxy in setting.proxies}}

    def take(name: str, port: int, running: Running | None) -> None:
        found[name].append(uvloop.run(figure.measure(Subject(name, port, setting.seconds, running))))

    for _ in range(setting.rounds):
        take(DIRECT, ENGINE.port, None)
        for proxy in setting.proxies:
            with setting.start(proxy) as running:
                take(proxy.name, proxy.port, running)
    return {
        name: {column: statistics.median(values[column] for values in rounds) for column in figure.columns}
        for name, rounds in found.items()
    }


def show(figure: Figure, values: Mapping[str, Values]) -> None:
    """Print a table, and whether the bars are met."""
    print(f"\n{figure.title}\n{figure.key:16}" + "".join(f"{column:>16}" for column in figure.columns))
    for name, row in values.items():
        print(f"{name:16}" + "".join(f"{row[column]:16.2f}" for column in figure.columns))
    for bar in figure.bars:
        print(f"  {verdict(bar, values)}", flush=True)


def verdict(bar: Bar, values: Mapping[str, Values]) -> str:
    """A sentence about a bar."""
    limit = bar.limit(values)
    if _OURS not in values or limit is None:
        return f"{bar.column} ≤ {bar}: not measured"
    ours = values[_OURS][bar.column]
    factor = f", {ours / values[bar.of][bar.column]:.2f} times" if bar.of else ""
    return f"{bar.column} ≤ {bar} = {limit:.2f}: {ours:.2f}{factor}, {'met' if ours <= limit else 'MISSED'}"


def installed(without: Sequence[str]) -> list[Proxy]:
    """The proxies that can be measured; says loudly which cannot."""
    wanted = [proxy for proxy in PROXIES if proxy.name not in without]
    for proxy in wanted:
        if not proxy.is_installed:
            print(f"SKIPPED: {proxy.name} is not installed; `{proxy.hint}` does it", file=sys.stderr, flush=True)
    return [proxy for proxy in wanted if proxy.is_installed]


def isolate() -> None:
    """Start this program once more in a network namespace of its own, with the loopback interface up."""
    unshare = ["unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",))]
    again = [sys.executable, "-m", "bench.gateway", *sys.argv[1:]]
    os.environ[_INSIDE] = "1"
    os.execvp(unshare[0], [*unshare, *again])  # noqa: S606  no shell is needed


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="see the module's docstring")
    parser.add_argument("--only", action="append", choices=[figure.key for figure in FIGURES], help="repeatable")
    parser.add_argument("--without", action="append", default=[], choices=[proxy.name for proxy in PROXIES])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write the medians as well")
    return parser.parse_args()


def main() -> None:
    """Measure, and print the tables."""
    options = parse()
    if _INSIDE not in os.environ:
        print(f"Remuda on {sys.implementation.name} {platform.python_version()}, {os.path.realpath(sys.executable)}")
        sys.stdout.flush()
        isolate()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    core, *others = sorted(os.sched_getaffinity(0))
    if not others:
        raise SystemExit("two cores are needed: one for the proxies, the other for the engine and the clients")
    os.sched_setaffinity(0, others[:1])
    with tempfile.TemporaryDirectory() as scratch:
        folders = (Path(scratch, str(number)) for number in itertools.count())
        setting = Setting(installed(options.without), core, options.seconds, options.rounds, folders)
        results = {}
        with start(ENGINE, others[0], next(folders)):
            for figure in FIGURES:
                if not options.only or figure.key in options.only:
                    results[figure.key] = measure(figure, setting)
                    show(figure, results[figure.key])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
