"""Runs a daemon in the terminal and shows what it does: what `up`, `serve` and `demo` share."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence

import uvloop

from remuda.cli import output
from remuda.cli.fleet_file import Loaded
from remuda.cli.plain_lines import Display, PlainLines
from remuda.daemon.daemon import Daemon
from remuda.daemon.job import Job
from remuda.daemon.report import Noted, Report, Serving
from remuda.errors import SpecError, UnsatisfiableError
from remuda.spec.fleet import Fleet
from remuda.spec.form import FormError
from remuda.spec.gateway import Gateway
from remuda.spec.listen import Listen, parse_listen
from remuda.spec.nearest import suggestion

INTERRUPTED = 130


def serve(
    loaded: Loaded,
    *,
    only: Sequence[str] = (),
    listen: str | None = None,
    greeting: Callable[[str], str] | None = None,
    watches: bool = False,
) -> int:
    """Serve a fleet until a signal; returns the exit code. With `watches`, edits of its file are applied.

    `greeting` makes what is printed once the gateway's URL is known. What the plan refuses is raised with its places in
    the file.
    """
    address = _address(listen, loaded.fleet.gateway) if listen else None
    job = Job(loaded.fleet, loaded.path, os.environ, tuple(only), address, watches)
    models = [name for name, model in loaded.fleet.models.items() if model.enabled and (not only or name in only)]
    with _display(models) as display:

        def reporter(report: Report) -> None:
            with contextlib.suppress(OSError):  # who closes the terminal or the pipe does not end the daemon
                if isinstance(report, Noted):
                    output.remark(loaded.placed([report.problem]), str(loaded.path))
                else:
                    display.show(report)
                if greeting and isinstance(report, Serving):
                    display.print(greeting(report.url))

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                ended_by = runner.run(Daemon(job, reporter).run())
        except UnsatisfiableError as refused:
            problems = loaded.placed(refused.problems)
            raise UnsatisfiableError(refused.message, file=str(loaded.path), problems=problems) from None
    return INTERRUPTED if ended_by == signal.SIGINT else 0


def _display(models: Sequence[str]) -> Display:
    if not output.is_terminal():
        return PlainLines(models)
    from remuda.cli.live_table import LiveTable  # noqa: PLC0415  rich takes 80 ms that only a terminal needs

    return LiveTable(models)


def _address(text: str, gateway: Gateway) -> Listen:
    try:
        listen = parse_listen(text)
    except FormError as error:
        raise SpecError(f"cannot listen at `{text}`: it {error}", hint=error.hint) from None
    if not listen.is_loopback and not gateway.keys:
        message = f"cannot listen at `{text}` without keys: everybody who reaches it could use the models"
        raise SpecError(message, hint="add `gateway.keys` to the fleet file, or listen at a loopback address")
    return listen


def narrowed(fleet: Fleet, only: Sequence[str]) -> tuple[str, ...]:
    """The models of `--only`; raises SpecError for one that is not in the fleet or not enabled."""
    enabled = [name for name, model in fleet.models.items() if model.enabled]
    for name in only:
        if name not in enabled:
            raise SpecError(f"there is no enabled model `{name}`", hint=suggestion(name, enabled))
    return tuple(only)
