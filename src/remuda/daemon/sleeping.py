"""Puts engines to sleep and wakes them, over HTTP and in the order that the engine's module gives.

Every wait is bounded: an engine that does not do what it is told in time is not known to be in any state, and whoever
asked for it ends the engine. That it has done so is seen by asking it, not by its health path, which is fine all along.
"""

from __future__ import annotations

import asyncio

import msgspec

from remuda.edge.fetch import ask
from remuda.edge.http.seam import Endpoint
from remuda.engines import ENGINES
from remuda.engines.contract import Sleep
from remuda.errors import EffectError
from remuda.plan.plan import Instance

_FLOOR_S = 60.0
_SLOWEST_BYTES_PER_S = 512 * 2**20
"""A quarter of what the first time took that somebody published: 75 GiB to the host's memory in 42 s."""
_LOOK_TIMEOUT_S = 5.0


def sleep_limit_s(instance: Instance) -> float:
    """How long the instance may take to fall asleep."""
    return _FLOOR_S + sum(instance.claims.values()) / _SLOWEST_BYTES_PER_S


async def fall_asleep(endpoint: Endpoint, instance: Instance) -> None:
    """Put an instance without requests to sleep; returns when it says that it sleeps. Raises EffectError."""
    way = _way(instance)
    for call in way.fall_asleep:
        await ask(endpoint, call, timeout_s=sleep_limit_s(instance))
    if not await is_asleep(endpoint, instance):
        raise EffectError(f"`{instance.model_id}` says that it does not sleep after it was put to sleep")


async def wake_up(endpoint: Endpoint, instance: Instance, *, limit_s: float) -> None:
    """Wake an instance; returns when it says that it is awake. Raises EffectError."""
    way = _way(instance)
    try:
        async with asyncio.timeout(limit_s):
            for call in way.wake_up:
                await ask(endpoint, call, timeout_s=limit_s)
    except TimeoutError:
        raise EffectError(f"`{instance.model_id}` did not wake up within {limit_s:g} s") from None
    if await is_asleep(endpoint, instance):
        raise EffectError(f"`{instance.model_id}` says that it sleeps after it was woken")


async def is_asleep(endpoint: Endpoint, instance: Instance) -> bool:
    """Whether the instance sleeps; never if it is not one that is put to sleep. Raises EffectError."""
    if instance.sleep is None:
        return False
    way = _way(instance)
    page = await ask(endpoint, way.look, timeout_s=_LOOK_TIMEOUT_S)
    try:
        return bool(msgspec.json.decode(page, type=dict[str, object])[way.member])
    except (msgspec.MsgspecError, KeyError) as error:
        raise EffectError(f"cannot tell whether `{instance.model_id}` sleeps: {error}") from error


def _way(instance: Instance) -> Sleep:
    assert instance.sleep is not None  # noqa: S101  residency puts only those to sleep that can
    return ENGINES[instance.engine].SLEEP[instance.sleep]
