"""What holds for every test.

Asynchronous ones run on the loop that the daemon runs on, and end in time there too. Hypothesis judges what is right,
not how fast this machine is at the moment.
"""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("remuda", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("remuda")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Asynchronous tests run where the daemon does."""
    return "asyncio", {"use_uvloop": True}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Bounds asynchronous tests from inside: uvloop waits on when the signal of pytest-timeout arrives."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = bounded(item.obj, 0.9 * timeout_s(item))


def timeout_s(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    if marker:
        return float(marker.args[0])
    return float(item.config.getoption("timeout") or item.config.getini("timeout"))


def bounded(test: Callable[..., Awaitable[None]], limit_s: float) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def within_limit(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(limit_s):
            await test(*args, **kwargs)

    return within_limit
