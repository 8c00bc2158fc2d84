"""What the verbs that deploy have in common: their options, the site that they mean, and how a change is shown."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypedDict, TypeVar

import click

from remuda.cli import fleet_file, output
from remuda.errors import EffectError, SpecError

if TYPE_CHECKING:
    from remuda.cli.fleet_file import Loaded
    from remuda.deploy.change import Change
    from remuda.deploy.tree import Scope, Tree
    from remuda.edge.deploy.deployment import Deployment, Proposal
    from remuda.edge.deploy.site import Site

_P = ParamSpec("_P")
_T = TypeVar("_T")

_SECONDS_A_MINUTE: Final = 60


class Where(TypedDict):
    """The options that say where to deploy."""

    root: Path | None
    scope: Scope | None


def where(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """The options `--root`, `--system` and `--user` of a verb."""
    options = (
        click.option("--root", metavar="DIR", type=fleet_file.PATH, help="Use the staging tree DIR; start nothing."),
        click.option("--system", "scope", flag_value="system", help="Deploy for the machine: the default for root."),
        click.option("--user", "scope", flag_value="user", help="Deploy for yourself: the default for all others."),
    )
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def site_of(given: Where) -> Site:
    """Where the options lead."""
    from remuda.edge.deploy.site import site, usual_scope  # noqa: PLC0415

    return site(given["scope"] or usual_scope(), os.environ, given["root"])


def on(site: Site, doing: Callable[[Deployment], Awaitable[_T]], *, starts: bool) -> _T:
    """Do something with the deployments of a site; with `starts`, those of this machine while it runs."""
    from remuda.edge.deploy.deployment import Deployment  # noqa: PLC0415
    from remuda.edge.deploy.machine import RunningMachine  # noqa: PLC0415

    async def run() -> _T:
        machine = RunningMachine(os.environ, site.directory / "current") if starts else None
        try:
            return await doing(Deployment(site, machine, _tell))
        except BrokenPipeError:  # who reads our output has left
            raise
        except OSError as error:
            where = f" `{error.filename}`" if error.filename else ""
            raise EffectError(f"cannot change{where}: {(error.strerror or str(error)).lower()}") from error
        finally:
            if machine:
                machine.close()

    return asyncio.run(run())


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):  # who closes the terminal or the pipe does not turn a deployment back
        output.note(text)


def tree_of(target: str, loaded: Loaded, program: Path | None) -> Tree:
    """The files of a target, and which unit is which model's. Raises SpecError or UnsatisfiableError."""
    from remuda.cli.render import rendered  # noqa: PLC0415
    from remuda.deploy.tree import Tree  # noqa: PLC0415
    from remuda.spec.merge import effective  # noqa: PLC0415
    from remuda.spec.unit import unit_name  # noqa: PLC0415

    models = {f"{unit_name(effective(loaded.fleet, model))}.service": model for model in loaded.fleet.models}
    return Tree.of(target, rendered(target, loaded, program=program), models)


def for_scope(tree: Tree, site: Site, asked: Scope | None) -> Tree:
    """The tree as far as it concerns a site. Raises SpecError where nobody has said to leave the rest out."""
    from remuda.deploy.tree import narrowed, scopes  # noqa: PLC0415

    concerned = scopes(tree)
    others = concerned - {site.scope}
    whose = {"system": "the machine's systemd", "user": "a user's own systemd"}
    if others and (asked is None or site.scope not in concerned):
        flag = "--system" if site.scope == "user" else "--user"
        (other,) = others
        message = f"cannot apply this to {whose[site.scope]}: it has files for {whose[other]}"
        hint = f"apply those with `{flag}`" + ("" if others == concerned else f", the others with `--{site.scope}`")
        raise SpecError(message, hint=hint)
    return narrowed(tree, site.scope)


def summary(proposal: Proposal, site: Site, starts_s: Mapping[str, float]) -> Iterator[str]:
    """A change in lines: files, units, and for whom."""
    for file in proposal.change.files:
        yield f"  {file.kind:<8} {site.real(file.path)}"
    for action in proposal.change.actions:
        yield f"  {action.verb:<8} {action.unit}{_felt(proposal.change, action.unit, action.verb, starts_s)}"
    for one in proposal.objections:
        yield f"  in the way: {site.real(one.path)} {one.why}"


def _felt(change: Change, unit: Any, verb: str, starts_s: Mapping[str, float]) -> str:
    model = change.models.get(unit)
    if model is None or verb == "reload":
        return ""
    if verb == "stop" and not any(one.unit == unit and one.verb != "stop" for one in change.actions):
        return f"  (clients of {model} cannot reach it any more)"
    took_s = starts_s.get(unit.name)
    lasts = f" for about {_lasting(took_s)}, as last time" if took_s is not None else " while it starts"
    return f"  (clients of {model} wait{lasts})"


def _lasting(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 2 * _SECONDS_A_MINUTE else f"{seconds / _SECONDS_A_MINUTE:.0f} min"


def diffs(change: Change) -> Iterator[str]:
    """The change of every file, as `diff -u` shows it."""
    return (file.diff().rstrip("\n") for file in change.files)


def as_data(proposal: Proposal, site: Site, starts_s: Mapping[str, float], *, with_diffs: bool) -> dict[str, Any]:
    """A change for `--json`."""
    files = [
        {"path": str(site.real(file.path)), "change": file.kind, **({"diff": file.diff()} if with_diffs else {})}
        for file in proposal.change.files
    ]
    actions = [
        {
            "unit": one.unit.name,
            "manager": one.unit.manager,
            "action": one.verb,
            "model": proposal.change.models.get(one.unit),
            "expected_s": starts_s.get(one.unit.name),
        }
        for one in proposal.change.actions
    ]
    against = [{"path": str(site.real(one.path)), "why": one.why} for one in proposal.objections]
    return {"generation": proposal.applied, "files": files, "units": actions, "in_the_way": against}
