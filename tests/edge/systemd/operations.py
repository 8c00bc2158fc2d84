"""What the test of the manager does beside a systemd; prints what it has seen as JSON."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from remuda.edge.systemd.service_manager import Manager, UnitError
from remuda.edge.systemd.unit_state import UnitState

GOOD, ODD, BAD, SLOW, MISSING = (
    "good.service",
    r"1-odd.x_y:z\x2da.service",
    "bad.service",
    "slow.service",
    "gone.service",
)


async def refusal(doing: Coroutine[Any, Any, None]) -> dict[str, Any]:
    try:
        await doing
    except UnitError as error:
        return {"message": error.message, "hint": error.hint, "result": error.result}
    return {}


async def until(watching: AsyncIterator[UnitState], *active: str) -> UnitState:
    async for state in watching:
        if state.active_state in active:
            return state
    raise AssertionError


async def life(manager: Manager) -> dict[str, Any]:
    """A unit that is started, found, restarted, killed and forgotten."""
    await manager.start(GOOD)
    first = await manager.state(GOOD)
    await manager.start(GOOD)
    again = await manager.state(GOOD)
    await manager.restart(GOOD)
    second = await manager.state(GOOD)
    watching = manager.watch(GOOD)
    await until(watching, "active")
    await manager.kill(GOOD, signal.SIGKILL)
    killed = await until(watching, "failed")
    await manager.reset_failed(GOOD)
    return {
        "first": [first.is_up, first.active_state, first.sub_state, Path(first.control_group).name],
        "is same": first == again,
        "is new": first.main_pid != second.main_pid and first.invocation_id != second.invocation_id,
        "killed": [killed.result, killed.exit_status(second.main_pid), killed.exit_status(first.main_pid)],
        "reset": (await until(watching, "inactive")).result,
    }


async def refusals(manager: Manager) -> dict[str, Any]:
    """What cannot be done; and what need not be done, which is no error."""
    await manager.stop(GOOD)
    await manager.stop(MISSING)
    await manager.kill(GOOD, signal.SIGKILL)
    await manager.kill(MISSING, signal.SIGKILL)
    await manager.reset_failed(MISSING)
    return {
        "missing": await refusal(manager.start(MISSING)),
        "missing is": (await manager.state(MISSING)).load_state,
        "bad": await refusal(manager.start(BAD)),
        "slow": await refusal(manager.start(SLOW, limit_s=0.2)),
        "up": sorted(await manager.up([GOOD, BAD, SLOW, MISSING])),
        "stopped": await refusal(manager.stop(SLOW)),
    }


async def anew(manager: Manager) -> dict[str, Any]:
    """Files that are read again, and a systemd that is executed again under a connection and a watch."""
    await manager.start(ODD)
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "systemd" / "user" / ODD
    file.write_text(file.read_text() + "Environment=A=B\n")
    before = (await manager.state(ODD)).needs_reload
    await manager.reload()
    after = (await manager.state(ODD)).needs_reload
    watching = manager.watch(ODD)
    await until(watching, "active")
    await asyncio.to_thread(subprocess.run, ["systemctl", "--user", "daemon-reexec"], check=True)
    await manager.stop(ODD)
    ended = await until(watching, "inactive")
    return {"name": ended.name, "reload": [before, after]}


async def main() -> None:
    manager = Manager(os.environ, is_user=True)
    seen = {"life": await life(manager), "refusals": await refusals(manager), "anew": await anew(manager)}
    manager.close()
    print(json.dumps(seen))


uvloop.run(main())
