"""What the test of running units does beside a systemd; prints what it has seen as JSON."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from remuda.edge.log_copy import LogCopy
from remuda.edge.process_table import stat
from remuda.edge.systemd.journal import Journal
from remuda.edge.systemd.service_manager import Manager
from remuda.edge.systemd.unit import Unit

LIMIT_S = 10.0


class Desk:
    """Starts units, and takes them up as the daemon does."""

    def __init__(self) -> None:
        self.manager = Manager(os.environ, is_user=True)

    async def begin(self, name: str) -> Unit:
        began_s = time.time()
        await self.manager.start(name)
        return await self.found(name, began_s)

    async def found(self, name: str, began_s: float = 0) -> Unit:
        state = await self.manager.state(name)
        journal = Journal(os.environ, is_user=True, began_s=began_s, pid=state.main_pid)
        return Unit(self.manager, state, LogCopy(journal, name, self.log(name)))

    def log(self, name: str) -> Path:
        return Path(sys.argv[1]) / name

    async def said(self, name: str, words: str) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not (self.log(name).exists() and words in self.log(name).read_text()):
                await asyncio.sleep(0.01)


async def ended(unit: Unit) -> int | None:
    return await asyncio.wait_for(asyncio.shield(unit.exited), LIMIT_S)


async def fails(desk: Desk) -> dict[str, Any]:
    """It ends by itself, after it has said something, and leaves a process behind."""
    unit = await desk.begin("fails.service")
    alive = unit.identity.is_alive
    status = await ended(unit)
    await unit.sweep()
    lines = desk.log("fails.service").read_text().splitlines()
    return {
        "alive": alive,
        "status": status,
        "said": "about to fail" in lines,
        "members": unit.members(),
        "state": (await desk.manager.state("fails.service")).active_state,
    }


async def is_stopped(desk: Desk, name: str, *, grace_s: float) -> dict[str, Any]:
    unit = await desk.begin(name)
    await desk.said(name, "up")
    before = len(unit.members())
    await unit.stop(signal.SIGTERM, grace_s)
    state = (await desk.manager.state(name)).active_state
    await ended(unit)
    return {"members": [before, len(unit.members())], "state": state}


async def is_released(desk: Desk) -> dict[str, Any]:
    """The daemon goes and the unit stays; the next one finds it."""
    first = await desk.begin("stays.service")
    first.release()
    second = await desk.found("stays.service")
    is_same = first.identity == second.identity and second.identity.is_alive
    await second.sweep()
    await ended(second)
    return {"is same": is_same}


async def starts_again(desk: Desk) -> dict[str, Any]:
    """systemd starts it again: that life is another one's, and not ended with this one."""
    first = await desk.begin("again.service")
    os.kill(first.identity.pid, signal.SIGKILL)
    status = await ended(first)
    await first.sweep()
    async for state in desk.manager.watch("again.service"):
        if state.main_pid:
            break
    second = await desk.found("again.service")
    seen = {"status": status, "is new": second.identity.pid != first.identity.pid, "left": first.members()}
    await second.stop(signal.SIGTERM, 5)
    return seen | {"state": (await desk.manager.state("again.service")).active_state}


async def hands_over(desk: Desk) -> dict[str, Any]:
    """Its main process becomes another one, as with podman, and it is the same unit."""
    starting = asyncio.get_running_loop().create_task(desk.manager.start("hands-over.service"))
    async for state in desk.manager.watch("hands-over.service"):
        if state.main_pid:
            break
    unit = await desk.found("hands-over.service")
    first = unit.identity.pid
    (Path(sys.argv[1]) / "go").touch()
    await starting
    async with asyncio.timeout(LIMIT_S):
        while unit.identity.pid == first:
            await asyncio.sleep(0.01)
    is_up = not unit.exited.done() and unit.identity.is_alive
    os.kill(unit.identity.pid, signal.SIGKILL)
    return {"is up": is_up, "status": await ended(unit)}


async def listens(desk: Desk) -> dict[str, Any]:
    """The listener at its port is known, also behind a network of its own."""
    unit = await desk.begin("listens.service")
    await desk.said("listens.service", "at ")
    port = int(desk.log("listens.service").read_text().split("at ")[1].split()[0])
    holds = [unit.holds(port), unit.holds(1)]
    await unit.sweep()
    alone = await desk.begin("alone.service")
    await desk.said("alone.service", "up")
    holds.append(alone.holds(port))
    await alone.sweep()
    return {"holds": holds}


async def main() -> None:
    desk = Desk()
    seen = {
        "fails": await fails(desk),
        "obeys": await is_stopped(desk, "stays.service", grace_s=5),
        "is stubborn": await is_stopped(desk, "stubborn.service", grace_s=0.2),
        "is killed": await is_stopped(desk, "family.service", grace_s=0),
        "is released": await is_released(desk),
        "starts again": await starts_again(desk),
        "hands over": await hands_over(desk),
        "listens": await listens(desk),
        "strays": [pid for pid in map(int, Path(sys.argv[1], "strays").read_text().split()) if stat(pid)],
    }
    desk.manager.close()
    print(json.dumps(seen))


uvloop.run(main())
