"""`remuda doctor`: what can run on this machine or another one, why not, and with what instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from remuda.cli import fleet_file, output
from remuda.errors import EffectError, ProbeError, SpecError, UnsatisfiableError

if TYPE_CHECKING:
    from remuda.facts.host import Host


class _Wanted(TypedDict):
    """Which machine is looked at, where its facts go, and the log that is read instead."""

    facts: Path | None
    save: Path | None
    log: Path | None


@click.command("doctor")
@click.argument("what", nargs=-1, metavar="[MODEL | engine PATH]")
@fleet_file.option
@click.option("--facts", type=fleet_file.PATH, metavar="FILE", help="Judge the machine of this file, not this one.")
@click.option("--save", type=fleet_file.PATH, metavar="FILE", help="Write the facts of the machine; `-` prints them.")
@click.option("--log", type=fleet_file.PATH, metavar="FILE", help="Say what an engine's log complains about.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def command(what: tuple[str, ...], file: Path | None, *, as_json: bool, **wanted: Unpack[_Wanted]) -> int:
    """Show what can run here: each engine on each device, the reasons, and what else could be done.

    With MODEL, judge that model of the fleet file on the devices that it is placed on. With `engine PATH`, examine an
    installed engine, whose import is tried in another process. No engine is imported here and no GPU is used. The exit
    code is 3 if MODEL cannot run or the engine is broken, and 4 if a driver does not tell its devices.
    """
    _refuse_two_things(what, wanted)
    if wanted["log"]:
        from remuda.cli.forensics import examine_log  # noqa: PLC0415 (each of these loads what it needs)

        return examine_log(wanted["log"], as_json=as_json)
    if _is_engine(what):
        from remuda.cli.forensics import examine_engine  # noqa: PLC0415

        return examine_engine(what[1], as_json=as_json)
    from remuda.cli import verdicts  # noqa: PLC0415 (the tables and the probes load only here)
    from remuda.edge.probes.host import lost  # noqa: PLC0415

    host = read_facts(wanted["facts"]) if wanted["facts"] else _probe()
    if wanted["save"]:
        _save(host, wanted["save"])
    elif not what:
        verdicts.show_host(host, as_json=as_json)
    elif not verdicts.show_model(fleet_file.load(file), what[0], host, as_json=as_json):
        raise UnsatisfiableError(f"`{what[0]}` cannot run here")
    if missing := lost(host):
        raise ProbeError(f"devices may be missing: {missing[0].message}")
    return 0


def _is_engine(what: tuple[str, ...]) -> bool:
    return len(what) > 1 and what[0] == "engine"


def _refuse_two_things(what: tuple[str, ...], wanted: _Wanted) -> None:
    """Raises SpecError where one thing that was asked for would be dropped for another."""
    if len(what) > 1 + _is_engine(what):
        named = "engines" if _is_engine(what) else "models"
        raise SpecError(f"cannot judge several {named} at once", hint="name one, or none for the whole machine")
    asked = [option for option in ("facts", "save", "log") if wanted[option]]
    subject = "an engine" if _is_engine(what) else "a model" if what else None
    if subject and asked and (_is_engine(what) or asked != ["facts"]):
        raise SpecError(f"cannot judge {subject} with `--{asked[-1]}`", hint="leave out one of them")
    if "log" in asked and len(asked) > 1:
        raise SpecError(f"cannot read a log with `--{asked[0]}`", hint="leave out one of them")


def read_facts(path: Path) -> Host:
    """The host of a file of facts. Raises SpecError when that is none."""
    from remuda.facts.host import Host  # noqa: PLC0415

    return Host.from_json(fleet_file.read(path))


def _probe() -> Host:
    from remuda.edge.probes.host import probe_host  # noqa: PLC0415

    return probe_host()


def _save(host: Host, path: Path) -> None:
    """Facts hold no secrets, but a user's name and paths, so they are the user's own; no file is written over."""
    if path == fleet_file.STDIN:
        output.line(host.to_json().rstrip())
        return
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(host.to_json(), encoding="utf-8")
    except FileExistsError:
        raise SpecError(f"cannot save the facts: `{path}` is already there", hint="name another file") from None
    except OSError as error:
        raise EffectError(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}") from None
    output.note(f"the facts of this machine are in {path}")
