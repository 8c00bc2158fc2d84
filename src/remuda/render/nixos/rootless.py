"""Models in podman's containers: the units of `remuda render quadlet`, and the users whose they are.

The units are the same files, at the same places; podman's generators, which NixOS does not install by itself, read
them. Users, subordinate ranges and lingering are options of NixOS, directories the same lines of systemd-tmpfiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Problem
from remuda.render.contract import Rendering, Request
from remuda.render.nix.expression import Binding, Entry, Set, Text, bind, ref
from remuda.render.nix.value import value
from remuda.render.quadlet import layout, names
from remuda.render.quadlet import target as quadlet
from remuda.render.quadlet.account import Account, Subordinate, account
from remuda.render.quadlet.device import devices
from remuda.render.values import source, values
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective

RUNTIME: Final = "podman"

_ETC: Final = PurePosixPath("etc")
_GENERATORS: Final = "lib/systemd/{kind}-generators/podman-{kind}-generator"


def rendering(request: Request, models: Sequence[Effective]) -> Rendering:
    """The files of the other target for these models, and what is said against them here."""
    if not models:
        return Rendering()
    made = quadlet.render(replace(request, only=frozenset(model.model_id for model in models)))
    secrets = () if made.is_refused else tuple(_secrets(request, models))
    return replace(made, problems=(*made.problems, *_without_user(request, models), *secrets))


def entries(made: Rendering, request: Request, models: Sequence[Effective]) -> Iterator[Entry]:
    """What NixOS is told of the files."""
    if not models:
        return
    yield bind("virtualisation.podman.enable", value(data=True), "Units of podman's Quadlet, which generators read.")
    package = ref("config.virtualisation.podman.package")
    for kind, where in (("system", "systemd.generators"), ("user", "systemd.user.generators")):
        program = Text((package, f"/{_GENERATORS.format(kind=kind)}"))
        yield Binding((*where.split("."), f"podman-{kind}-generator"), program)
    for path, text in made.files.items():
        if path.suffix == ".container":
            yield Binding(("environment", "etc", str(path.relative_to(_ETC)), "text"), value(text), is_apart=True)
    yield from _accounts(request, models)


def rules(made: Rendering) -> list[str]:
    """The lines of systemd-tmpfiles; lingering is an option of NixOS."""
    files = [text for path, text in made.files.items() if path.parent.name == "tmpfiles.d"]
    lines = [line for text in files for line in text.splitlines() if not line.startswith("#")]
    return [line for line in lines if not line.split()[1].startswith(layout.LINGER)]


def _accounts(request: Request, models: Sequence[Effective]) -> Iterator[Entry]:
    owners = [(_account(request, model), devices(request.host, model.devices or ()).groups) for model in models]
    for owner in dict.fromkeys(owner for owner, _ in owners if owner.home is not None):
        # One that is made for an engine may be lent to others.
        own = {group for other, groups in owners if other.name == owner.name for group in groups}
        user = {
            "isSystemUser": True,
            "uid": owner.uid,
            "group": owner.group,
            "home": owner.home,
            "extraGroups": ["systemd-journal", *sorted(own)],
            "linger": True,
            **_ranges("subUidRanges", "startUid", owner.uids),
            **_ranges("subGidRanges", "startGid", owner.gids),
        }
        shell = Binding(("shell",), ref("config.users.defaultUserShell"))
        options = (*(Binding((name,), value(data)) for name, data in user.items()), shell)
        yield Binding(("users", "users", str(owner.name)), Set(options), is_apart=True)
        yield Binding(("users", "groups", str(owner.group), "gid"), value(owner.gid))


def _ranges(option: str, start: str, ids: Subordinate | None) -> Mapping[str, Any]:
    return {} if ids is None else {option: [{start: ids.start, "count": ids.count}]}


def _account(request: Request, model: Effective) -> Account:
    return account(model.engine, request.fleet.engines.get(model.engine, EngineDefaults()))


def _without_user(request: Request, models: Sequence[Effective]) -> Iterator[Problem]:
    for engine in dict.fromkeys(model.engine for model in models):
        if account(engine, request.fleet.engines.get(engine, EngineDefaults())).name is None:
            path = ("engines", engine) if engine in request.fleet.engines else ("models",)
            message = f"`engines.{engine}` names no user, whose the units would be on NixOS"
            yield Problem(message, path, hint="add `uid:` and `sub_uid_start:`, or `user: root`")


def _secrets(request: Request, models: Sequence[Effective]) -> Iterator[Problem]:
    """Secrets are podman's, and a configuration that everybody can read makes none."""
    for model in models:
        for name, reference in values(model, 0).secrets.items():
            path = source(model, "environment", name)
            owner = _account(request, model).name
            if reference.kind != "env" and owner is not None:
                told = names.secret(reference)
                message = f"{label(path)} is a secret that NixOS does not make"
                hint = f"as `{owner}`, give it to podman once: `podman secret create {told} -`"
                yield Problem(message, path, hint=hint, severity="warning")
