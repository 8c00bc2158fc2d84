"""Saves what an engine's slots have cached before it goes, and restores it when it comes back (`keep_cache`).

One directory a model, which the engine writes into and only we read; files are named by everything that their content
depends on (`remuda.edge.peaks.key_of`: build, weights, flags, devices), and those of another name are removed before
the engine starts. A file is used once: what was restored is of no use after the next request.

Nothing here may keep an engine from coming or going: what fails, or takes too long, is told as a sentence and over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from remuda.edge.fetch import ask
from remuda.edge.http.seam import Endpoint
from remuda.edge.paths import private_directory
from remuda.engines.contract import SlotCache
from remuda.errors import EffectError

_T = TypeVar("_T")

KEPT_BYTES = 16 * 2**30
"""What the files of one model may have together."""
LIMIT_S = 60.0
"""What saving, and restoring, may take altogether."""
_LOOK_BYTES = 16 * 2**20
"""A list of slots holds the prompts of some builds."""


class _Slot(msgspec.Struct):
    id: int
    is_processing: bool = False


class _Saved(msgspec.Struct):
    n_saved: int = 0


class Keeper:
    """The cache of one attempt's engine. `key` names what its files are good for."""

    def __init__(self, way: SlotCache, directory: Path, key: str) -> None:
        self._way = way
        self._directory = directory
        self._key = key

    def prepare(self) -> None:
        """Make the directory, and drop what is of no use to this engine. Raises EffectError."""
        private_directory(self._directory.parent)
        private_directory(self._directory)
        for file in self._directory.iterdir():
            if not file.name.startswith(f"{self._key}-"):
                file.unlink(missing_ok=True)

    async def save(self, endpoint: Endpoint) -> int:
        """Save what the idle slots have cached; how many had something. Raises EffectError."""
        self._drop(self._files())
        page = await ask(endpoint, self._way.look, timeout_s=LIMIT_S, max_bytes=_LOOK_BYTES)
        saved = 0
        try:
            async with asyncio.timeout(LIMIT_S):
                for slot in _read(page, list[_Slot]):
                    saved += not slot.is_processing and await self._save_slot(endpoint, slot.id)
        except TimeoutError:
            raise EffectError(f"saving took longer than {LIMIT_S:g} s") from None
        return saved

    async def _save_slot(self, endpoint: Endpoint, slot: int) -> bool:
        file = self._file(slot)
        answer = await ask(endpoint, self._way.saving(slot, file.name), timeout_s=LIMIT_S)
        kept_bytes = sum(each.stat().st_size for _, each in self._files())
        if _read(answer, _Saved).n_saved and kept_bytes <= KEPT_BYTES:
            return True
        file.unlink(missing_ok=True)
        return False

    async def restore(self, endpoint: Endpoint) -> int:
        """Restore what was saved, into the slots that it came from; how many there were. Raises EffectError."""
        found = list(self._files())
        try:
            async with asyncio.timeout(LIMIT_S):
                for slot, file in found:
                    await ask(endpoint, self._way.restoring(slot, file.name), timeout_s=LIMIT_S)
        except TimeoutError:
            raise EffectError(f"restoring took longer than {LIMIT_S:g} s") from None
        finally:
            self._drop(found)
        return len(found)

    def _file(self, slot: int) -> Path:
        return self._directory / f"{self._key}-{slot}"

    def _files(self) -> Iterator[tuple[int, Path]]:
        """The files that are good for this engine, and their slots."""
        for file in sorted(self._directory.glob(f"{self._key}-*")):
            slot = file.name.removeprefix(f"{self._key}-")
            if slot.isdigit():
                yield int(slot), file

    def _drop(self, files: Iterator[tuple[int, Path]] | list[tuple[int, Path]]) -> None:
        for _, file in list(files):
            file.unlink(missing_ok=True)


def _read(page: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(page, type=kind)
    except msgspec.MsgspecError as error:
        raise EffectError(f"the engine's answer about its slots is not understood: {error}") from error
