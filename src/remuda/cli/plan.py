"""`remuda plan`: what the fleet comes to on this machine, without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remuda.cli import fleet_file, output, running
from remuda.errors import SpecError, UnsatisfiableError

if TYPE_CHECKING:
    from remuda.facts.host import Host
    from remuda.plan.plan import Instance, Plan


@click.command("plan")
@fleet_file.option
@click.option("--explain", "model", metavar="MODEL", help="Ask the running daemon what would go for MODEL now.")
@click.option("--facts", type=fleet_file.PATH, metavar="FILE", help="Plan for the machine of this file, not this one.")
@click.option("--diff", "with_diffs", is_flag=True, help="Show what applying would change, line by line.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan, or the explanation, as JSON.")
def command(file: Path | None, model: str | None, facts: Path | None, *, with_diffs: bool, as_json: bool) -> int:
    """Show where each model is placed and what it needs there; nothing is started or changed.

    Where `remuda apply` was used, also show what it would change now: files, units, and which clients wait for that.

    With `--explain`, say what would be evicted if MODEL were asked for now, or what blocks it. The exit code is 3 if
    the fleet cannot be run here. `remuda doctor --save FILE` writes the facts of a machine.
    """
    if model is not None and facts is not None:
        raise SpecError("cannot explain another machine's memory", hint="leave out `--facts`, or `--explain`")
    if model is not None:
        _explain(file, model, as_json=as_json)
        return 0
    from remuda.cli import outlook  # noqa: PLC0415
    from remuda.cli.doctor import read_facts  # noqa: PLC0415 (the plan and the probes load only here)
    from remuda.edge.probes.host import probe_devices  # noqa: PLC0415
    from remuda.plan.plan import decide  # noqa: PLC0415

    loaded = fleet_file.load(file)
    here = read_facts(facts) if facts else probe_devices()
    plan = decide(loaded.fleet, here)
    problems = loaded.placed([*plan.refusals, *plan.notes])
    name = str(loaded.path)
    applied = None if facts else outlook.of(loaded)
    if as_json:
        told = [output.problem_json(problem, name) for problem in problems]
        changes = applied.as_data(with_diffs=with_diffs) if applied else None
        output.data({**_as_data(plan), "changes": changes, "problems": told})
    else:
        _print(plan, here)
        for line in applied.lines(with_diffs=with_diffs) if applied else ():
            output.line(line)
    if plan.refusals:
        raise UnsatisfiableError("this fleet cannot be run here", file=name, problems=() if as_json else problems)
    if not as_json:
        output.remark(problems, name)
    return 0


def _explain(file: Path | None, model: str, *, as_json: bool) -> None:
    found = running.daemon(file).get("/api/explain", model=model)
    if as_json:
        output.data(found)
        return
    for reason in found["reasons"]:
        output.line(reason)


def _print(plan: Plan, here: Host) -> None:
    from remuda.spec.quantity import format_bytes  # noqa: PLC0415

    rows = [(i.model_id, i.runtime, ",".join(i.devices) or "-", _needs(i)) for i in plan.instances.values()]
    output.table(("MODEL", "RUNTIME", "DEVICES", "NEEDS"), rows)
    output.line("")
    titles = {device.name: device.title for device in here.devices}
    budgets = [(name, format_bytes(size), titles.get(name, "not found")) for name, size in plan.budget.items()]
    output.table(("DEVICE", "BUDGET", ""), budgets)
    steps = [(i.model_id, line) for i in plan.instances.values() for step in _steps(i) for line in step.splitlines()]
    origins = [(i.model_id, i.origin) for i in plan.instances.values() if i.origin]
    if origins:
        output.line("")
        output.table(("MODEL", "SYNCED FROM"), origins)
    if steps:
        output.line("")
        output.table(("MODEL", "RUNS BEFORE ITS ENGINE"), steps)


def _needs(instance: Instance) -> str:
    from remuda.spec.quantity import format_bytes  # noqa: PLC0415

    if instance.claims_all:
        return "its devices to itself"
    claims = {device: format_bytes(size) for device, size in instance.claims.items() if size}
    if len(claims) > 1 and len(set(claims.values())) == 1:
        return f"{next(iter(claims.values()))} each"
    if claims.keys() <= set(instance.devices) and len(claims) == 1:
        return next(iter(claims.values()))
    return ", ".join(f"{size} of {device}" for device, size in claims.items()) or "-"


def _steps(instance: Instance) -> tuple[str, ...]:
    return instance.contained.steps if instance.contained else ()


def _as_data(plan: Plan) -> dict[str, Any]:
    models = [
        {
            "id": instance.model_id,
            "engine": instance.engine,
            "runtime": instance.runtime,
            "devices": instance.devices,
            "claims_bytes": instance.claims,
            "claims_all": instance.claims_all,
            "port": instance.port,
            "steps": _steps(instance),
            "synced_from": instance.origin,
        }
        for instance in plan.instances.values()
    ]
    return {"models": models, "budget_bytes": plan.budget}
