"""Which of systemd's managers runs the fleet: the system's, or that of whoever installs the units.

A gateway talks to one manager, so all models of a rendering have the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from remuda.errors import Problem
from remuda.render.contract import Request
from remuda.render.quadlet.account import account
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.rules.accounts import ROOT


@dataclass(frozen=True, slots=True)
class Manager:
    """One of the two, and where it finds what."""

    is_system: bool

    @property
    def units(self) -> PurePosixPath:
        """The directory of units, in a rendering."""
        return PurePosixPath("etc/systemd/system" if self.is_system else "config/systemd/user")

    @property
    def fleet_file(self) -> PurePosixPath:
        """The gateway's fleet file, in a rendering."""
        return PurePosixPath("etc" if self.is_system else "config") / "remuda/remuda.yaml"

    @property
    def boot(self) -> str:
        """The target that means that everything is up."""
        return "multi-user.target" if self.is_system else "default.target"

    def credential(self, name: str) -> str:
        """Where a credential of the administrator's is, as a unit writes it.

        The system's manager looks in its stores by itself; that of a user does from systemd 256 on, at this place.
        """
        return name if self.is_system else f"{name}:%E/credstore/{name}"


def manager_of(request: Request, models: Sequence[Effective]) -> Manager:
    """The manager of these models: that of whoever installs them where nobody says another one."""
    return Manager(any(_user(request, model) == ROOT for model in models))


def objections(request: Request, models: Sequence[Effective]) -> Iterator[Problem]:
    """Engines whose units another manager has."""
    is_system = manager_of(request, models).is_system
    for engine in dict.fromkeys(model.engine for model in models):
        path = ("engines", engine)
        user = account(engine, request.fleet.engines.get(engine, EngineDefaults())).name
        if user not in (None, ROOT):
            message = f"{label(path)} gives its units to the user `{user}`, whose manager the gateway cannot talk to"
            hint = "write `user: root` for units of the system, or remove `uid` and render them as that user"
            yield Problem(message, (*path, "uid"), hint=hint)
        elif is_system and user is None:
            message = f"{label(path)} has units of whoever installs them, and other engines have units of the system"
            hint = "write `user: root` for all engines or for none: a gateway talks to one manager"
            yield Problem(message, path if engine in request.fleet.engines else ("engines",), hint=hint)


def _user(request: Request, model: Effective) -> str | None:
    return account(model.engine, request.fleet.engines.get(model.engine, EngineDefaults())).name
