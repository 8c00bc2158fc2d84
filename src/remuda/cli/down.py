"""`remuda down`: end the daemon, with its engines or without them."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from remuda.cli import fleet_file, output, running
from remuda.edge.control_client import ControlClient
from remuda.edge.lock import holder
from remuda.edge.paths import places
from remuda.edge.waiting import Pidfd, first_of
from remuda.errors import EffectError

_LIMIT_S = 180.0


@click.command("down")
@running.option
@click.option("--keep-engines", is_flag=True, help="Leave the engines running; the next `remuda up` takes them over.")
@click.option("--kill", is_flag=True, help="Do not wait for requests in flight: end them.")
@click.option("--json", "as_json", is_flag=True, help="Print which daemon it was as JSON.")
def command(file: Path | None, *, keep_engines: bool, kill: bool, as_json: bool) -> None:
    """End the daemon, and wait until it is gone.

    Requests in flight are finished first, then every engine is stopped. Ctrl-C ends the waiting only.
    """
    try:
        api = running.daemon(file)
        status = api.get("/api/status")
    except EffectError:
        daemon = None if keep_engines else _beginning(file)
        if daemon is None:
            raise
        status = {"pid": daemon.pid}
        daemon.send(signal.SIGTERM)
    else:
        daemon = Pidfd(status["pid"])
        _ask(api, keep_engines=keep_engines, kill=kill)
    _wait(daemon)
    if as_json:
        output.data(status)
    else:
        output.note(f"the daemon with pid {status['pid']} has ended" + ", its engines go on" * keep_engines)


def _beginning(file: Path | None) -> Pidfd | None:
    """A daemon that has not come so far that it answers."""
    path = file or fleet_file.usual()
    pid = holder(places(path).lock) if path else None
    try:
        return Pidfd(pid) if pid else None
    except ProcessLookupError:
        return None


def _ask(api: ControlClient, **how: bool) -> None:
    api.post("/api/shutdown", **{name: str(value).lower() for name, value in how.items()})


def _wait(daemon: Pidfd) -> None:
    try:
        first_of((daemon,), _LIMIT_S)
    except TimeoutError:
        message = f"the daemon with pid {daemon.pid} still runs after {_LIMIT_S:.0f} s"
        raise EffectError(message, hint="read its log, or use `remuda down --kill`") from None
    except KeyboardInterrupt:
        output.note(f"the daemon with pid {daemon.pid} ends without being waited for; `remuda down --kill` hurries it")
        raise
    finally:
        daemon.close()
