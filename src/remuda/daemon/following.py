"""Takes up what systemd starts without us: by hand, at boot, or again after a failure.

Such an engine uses memory that residency would promise to others. So somebody asks for its model, as a client would:
residency makes room for it if there is need, and the start that follows finds the unit running. Whether that is
granted, and when, is decided like everything else; until then, and where it is refused, the unit is let be. One that
still runs or runs again after that is asked for whatever has become of attempts before: somebody has mended it, as
`remuda apply` does when it goes back.

systemd is asked now and then, as its signals do not come when it is executed anew. A fleet without units asks nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from remuda.daemon import report
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.instances import Instances
from remuda.edge.http.seam import Endpoint
from remuda.errors import EffectError, Problem
from remuda.residency.commands import Refuse

_EVERY_S = 2.0


class Asked(Protocol):
    """Who knows what runs: `remuda.daemon.units.Units`."""

    async def up(self, units: Collection[str]) -> frozenset[str]:
        """Those of the units that run or are about to. Raises EffectError."""
        ...


class Following:
    """Asks for the models of one daemon whose units run."""

    def __init__(self, units: Asked, instances: Instances, dispatcher: Dispatcher, reporter: report.Reporter) -> None:
        self._units = units
        self._instances = instances
        self._dispatcher = dispatcher
        self._report = reporter
        self._asked: set[str] = set()
        self._said: set[str] = set()

    async def keep(self) -> None:
        """Look now and then, for ever."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Ask for each model whose unit runs and that is not being started, served or stopped."""
        idle = {
            instance.unit: model
            for model, instance in self._instances.planned.items()
            if instance.unit and model not in self._asked and not self._instances.has_attempt(model)
        }
        if not idle or self._dispatcher.is_ending():
            return
        try:
            up = await self._units.up(tuple(idle))
        except EffectError as error:
            self._say("", f"cannot tell which units run: {error.message}", error.hint)
            return
        self._said.discard("")
        for unit in up & idle.keys():
            self._ask(idle[unit])

    def _ask(self, model: str) -> None:
        if self._instances.has_attempt(model) or model not in self._instances.planned:
            return  # since systemd was asked
        self._asked.add(model)
        number = self._dispatcher.next_number()
        ask = self._dispatcher.insist if model in self._said else self._dispatcher.ask
        ask(number, model, _Asking(self, model, number))

    def granted(self, model: str, number: int) -> None:
        """It has been taken over."""
        self._asked.discard(model)
        self._said.discard(model)
        self._dispatcher.end(number)

    def refused(self, model: str, why: str) -> None:
        """It may not run, or has not come up; it may be asked for again."""
        self._asked.discard(model)
        self._say(model, f"systemd runs `{model}`, which cannot be taken over: {why}", "unload it, or stop its unit")

    def _say(self, model: str, message: str, hint: str | None) -> None:
        """Say something of a model, or of systemd, once until that is over."""
        if model not in self._said:
            self._said.add(model)
            path = ("models", model) if model else ()
            self._report(report.Noted(Problem(message, path=path, hint=hint, severity="warning")))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Waits as a client of the gateway would."""

    following: Following
    model: str
    number: int

    def granted(self, endpoint: Endpoint) -> None:
        del endpoint
        # Not from within the decision that grants it.
        asyncio.get_running_loop().call_soon(self.following.granted, self.model, self.number)

    def refused(self, refusal: Refuse) -> None:
        self.following.refused(self.model, refusal.message)
