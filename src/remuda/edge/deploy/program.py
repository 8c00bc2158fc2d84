"""Runs a program to its end; what it says is kept for the message if it fails."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Sequence
from typing import Final

from remuda.errors import EffectError

_LINES: Final = 12


async def run(argv: Sequence[str], *, limit_s: float) -> str:
    """What a program prints. Raises EffectError with its last lines if it fails, or is not there."""
    shown = shlex.join(argv)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise EffectError(f"cannot run `{shown}`: {(error.strerror or str(error)).lower()}") from error
    try:
        output, _ = await asyncio.wait_for(process.communicate(), limit_s)
    except TimeoutError:
        raise EffectError(f"cannot wait for `{shown}`: it has not ended after {limit_s:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    said = output.decode(errors="replace").strip()
    if process.returncode:
        last = "\n".join(f"  {line}" for line in said.splitlines()[-_LINES:])
        raise EffectError(f"`{shown}` failed with status {process.returncode}\n{last}".rstrip())
    return said
