from __future__ import annotations

import pytest

from remuda.edge.deploy.program import run
from remuda.errors import EffectError


async def test_what_a_program_says_is_returned_or_told() -> None:
    assert await run(("echo", "a"), limit_s=10) == "a"
    with pytest.raises(EffectError, match=r"`sh -c 'echo why; exit 3'` failed with status 3\n  why"):
        await run(("sh", "-c", "echo why; exit 3"), limit_s=10)


async def test_a_program_that_is_not_there_or_does_not_end_is_said() -> None:
    with pytest.raises(EffectError, match="cannot run `no-such-program`: no such file"):
        await run(("no-such-program",), limit_s=10)
    with pytest.raises(EffectError, match=r"has not ended after 0\.1 s"):
        await run(("sleep", "60"), limit_s=0.1)
