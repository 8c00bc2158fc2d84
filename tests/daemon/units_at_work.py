"""What the test of the runtime does beside a systemd; prints what it has seen as JSON."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from remuda.daemon.runtimes import Running, Start
from remuda.daemon.units import Units
from remuda.edge.process import Identity
from remuda.edge.records import Record
from remuda.engines.contract import Order
from remuda.errors import EffectError
from remuda.plan.plan import Instance

NAMES = ("stays", "gone", "masked", "wrong", "no-program", "needs", "empty", "prepares", "later")
INSTANCES = {name: Instance(name, name, "command", "systemd", unit=f"{name}.service") for name in NAMES}


ENDED = (-9, None)
"""How a unit ends that is killed and forgotten: systemd may have forgotten it before we look."""


def start_of(name: str) -> Start:
    return Start(INSTANCES[name], 1, Order(name, (), "127.0.0.1", 1), Path(sys.argv[1]) / name)


def record(unit: str | None) -> Record:
    return Record("stays", 1, "f", 1, Identity(1, 1, "boot"), {}, "systemd", unit)


async def refusals(units: Units) -> dict[str, Any]:
    """What is wrong with each unit, before the start and at the start."""
    seen: dict[str, Any] = {}
    for name in ("gone", "masked", "wrong"):
        try:
            await units.prepare(INSTANCES[name], Path("/dev/null"))
        except EffectError as error:
            seen[name] = [error.message, error.hint]
    for name in ("needs", "empty"):
        try:
            await units.start(start_of(name))
        except EffectError as error:
            seen[name] = error.message
    return seen


async def ends(running: Running) -> int | None:
    return await asyncio.wait_for(asyncio.shield(running.exited), 10)


async def is_cancelled(units: Units) -> bool:
    """Whether a start that nobody waits for any more leaves nothing behind."""
    unit = ["prepares.service"]
    starting = asyncio.get_running_loop().create_task(units.start(start_of("prepares")))
    while not await units.up(unit):
        await asyncio.sleep(0.01)
    starting.cancel()
    await asyncio.wait((starting,))
    return starting.cancelled() and not await units.up(unit)


async def is_not_waited_for(units: Units) -> list[int | bool | None]:
    """systemd would start it again in an hour; whoever wants it has it now."""
    first = await units.start(start_of("later"))
    os.kill(first.identity.pid, signal.SIGKILL)
    status = await ends(first)
    await first.sweep()
    second = await units.start(start_of("later"))
    is_alive = second.identity.is_alive
    await second.sweep()
    return [status, is_alive]


async def is_one(units: Units) -> dict[str, Any]:
    """What runs already is what was to be started; a record leads to it, or says that it has gone."""
    first = await units.start(start_of("stays"))
    again = await units.start(start_of("stays"))
    adopted = await units.adopt(record("stays.service"), Path(sys.argv[1]) / "adopted")
    up = sorted(await units.up(["stays.service", "gone.service"]))
    await again.sweep()
    return {
        "pids": len({running.identity.pid for running in (first, again, adopted) if running}),
        "up": up,
        "ended": await ends(first) in ENDED and await ends(again) in ENDED,
        "adopted later": await units.adopt(record("stays.service"), Path("/dev/null")),
        "without unit": await units.adopt(record(None), Path("/dev/null")),
    }


async def main() -> None:
    units = Units(os.environ)
    failed = await units.start(start_of("no-program"))
    seen = {
        "refusals": await refusals(units),
        "no program": await ends(failed),
        "cancelled": await is_cancelled(units),
        "not waited for": await is_not_waited_for(units),
        "one": await is_one(units),
    }
    units.close()
    print(json.dumps(seen))


uvloop.run(main())
