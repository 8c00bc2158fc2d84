"""Runs a daemon in the terminal and shows what it does: what `up`, `serve` and `demo` share."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypedDict, Unpack

import uvloop

from remuda.cli import output
from remuda.cli.fleet_file import Loaded
from remuda.cli.plain_lines import Display, PlainLines
from remuda.daemon.daemon import Daemon
from remuda.daemon.ending import End
from remuda.daemon.gateway import refuse_open
from remuda.daemon.job import Job
from remuda.daemon.report import Noted, Report, Serving
from remuda.edge import notice
from remuda.edge.handover import inherit, replace_process
from remuda.edge.itself import argv
from remuda.errors import Problem, SpecError, UnsatisfiableError
from remuda.spec.fleet import Fleet
from remuda.spec.form import FormError
from remuda.spec.gateway import Gateway
from remuda.spec.listen import Listen, parse_listen
from remuda.spec.nearest import suggestion

INTERRUPTED = 130

_NOTIFY = "NOTIFY_SOCKET"


class Wanted(TypedDict, total=False):
    """What a command line changes of a fleet file: which models, where to listen, whether to apply edits."""

    only: tuple[str, ...]
    listen: str | None
    watches: bool


def job_of(loaded: Loaded, **wanted: Unpack[Wanted]) -> Job:
    """The job of this process; raises SpecError for what the fleet cannot have.

    What the process was started with for itself alone is taken out of the environment: engines have no part in it.
    """
    only, listen = narrowed(loaded.fleet, wanted.get("only", ())), wanted.get("listen")
    address = _address(listen, loaded.fleet.gateway) if listen else None
    environment = {name: value for name, value in os.environ.items() if name != _NOTIFY}
    estate = inherit(environment)
    return Job(loaded.fleet, loaded.path, environment, only, address, wanted.get("watches", False), estate)


def serve(loaded: Loaded, job: Job, greeting: Callable[[str], str] | None = None) -> int:
    """Serve a fleet until a signal; returns the exit code, or never if another daemon takes this process.

    `greeting` makes what is printed once the gateway's URL is known. What the plan refuses is raised with its places in
    the file.
    """
    models = job.only or [name for name, model in loaded.fleet.models.items() if model.enabled]
    notify = os.environ.get(_NOTIFY)
    with _display(models) as display, placing(loaded):

        def reporter(report: Report) -> None:
            with contextlib.suppress(OSError):  # who closes the terminal or the pipe does not end the daemon
                if isinstance(report, Noted):
                    noted(loaded, [report.problem])
                else:
                    display.show(report)
                if greeting and isinstance(report, Serving):
                    display.print(greeting(report.url))
            if isinstance(report, Serving):
                notice.tell(notify, notice.READY)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            ended = runner.run(Daemon(job, reporter).run())
    if ended.how is End.REPLACE:
        kept = {_NOTIFY: notify} if notify else {}
        replace_process(argv(*job.words), {**job.environment, **kept}, ended.estate)
    return INTERRUPTED if ended.how is End.INTERRUPT else 0


@contextlib.contextmanager
def placing(loaded: Loaded) -> Iterator[None]:
    """Gives what a plan refuses its places in the file."""
    try:
        yield
    except UnsatisfiableError as refused:
        problems = loaded.placed(refused.problems)
        raise UnsatisfiableError(refused.message, file=str(loaded.path), problems=problems) from None


def noted(loaded: Loaded, problems: Sequence[Problem]) -> None:
    """Print what a plan notes."""
    output.remark(loaded.placed(problems), str(loaded.path))


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
    refuse_open([(listen.host, listen.port)], gateway)
    return listen


def narrowed(fleet: Fleet, only: Sequence[str]) -> tuple[str, ...]:
    """The models of `--only`; raises SpecError for one that is not in the fleet or not enabled."""
    enabled = [name for name, model in fleet.models.items() if model.enabled]
    for name in only:
        if name not in enabled:
            raise SpecError(f"there is no enabled model `{name}`", hint=suggestion(name, enabled))
    return tuple(only)
