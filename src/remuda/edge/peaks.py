"""What engines were seen to need at their peak, and how long they took to load, by everything that it depends on.

It is kept across restarts: one JSON file a fleet, replaced in one step and readable by its owner alone. A file that is
damaged, or not one of ours, is set aside under the name `….aside`, and nothing is known: that costs memory, not
correctness. What has not been used for longest is forgotten first. Peaks only grow, in steps: an engine that once
needed as much may need it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from remuda.edge.embedded_llama_cpp import embedded_build
from remuda.edge.paths import write_private
from remuda.errors import EffectError
from remuda.plan.plan import Instance

KEPT = 1000
"""As many are kept."""

_STEP = 1.01


class Peak(msgspec.Struct):
    """The most that was seen: bytes of each device; and how long the last load took, None when none was seen.

    `model` is for people; `seen_s` is in seconds since 1970.
    """

    key: str
    model: str
    used_bytes: dict[str, int]
    seen_s: float
    load_s: float | None = None


class _File(msgspec.Struct):
    version: Literal[1]
    peaks: list[Peak]


class Peaks:
    """The peaks of one fleet, kept in step with a file. It blocks, for as long as a small file takes."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises EffectError when a damaged one cannot be set aside."""
        self._path = path
        self._peaks = {peak.key: peak for peak in _read(path)}

    def of(self, key: str) -> Mapping[str, int]:
        """The peak by device; empty when it is not known."""
        known = self._peaks.get(key)
        return known.used_bytes if known else {}

    def learn(self, key: str, model: str, used_bytes: Mapping[str, int], now_s: float) -> bool:
        """Take a peak into account; whether it exceeds the known one, on some device, by more than a hundredth."""
        known = self._peaks.setdefault(key, Peak(key, model, {}, now_s))
        known.seen_s = now_s
        higher = {device: size for device, size in used_bytes.items() if size > _STEP * known.used_bytes.get(device, 0)}
        known.used_bytes.update(higher)
        return bool(higher)

    def load_s(self, key: str) -> float | None:
        """How long the last load took; None when it is not known."""
        known = self._peaks.get(key)
        return known.load_s if known else None

    def learn_load(self, key: str, model: str, load_s: float, now_s: float) -> None:
        """Take the time of a load into account."""
        known = self._peaks.setdefault(key, Peak(key, model, {}, now_s))
        known.seen_s, known.load_s = now_s, load_s

    def save(self) -> None:
        """Write everything that is worth keeping. Raises EffectError."""
        latest = sorted(self._peaks.values(), key=lambda peak: peak.seen_s, reverse=True)[:KEPT]
        try:
            write_private(self._path, msgspec.json.encode(_File(1, latest)).decode())
        except OSError as error:
            raise EffectError(f"cannot write what engines need to `{self._path}`: {error.strerror}") from error


def key_of(instance: Instance, program: Sequence[str], directory: Path) -> str:
    """The same for two instances exactly when one's peak tells the other's: build, model, flags and devices.

    A build is known by the file of its program, or of the package that Python runs, as it is now; a model that is a
    file likewise. `directory` is where relative paths begin.
    """
    files = [word for word in (*program, *(instance.cmd or ())) if "/" in word]
    files += [instance.model] if instance.model else []
    deciding = (
        instance.fingerprint,
        list(instance.devices),
        embedded_build(program),
        [_version(directory / Path(file).expanduser()) for file in files],
        [_version(origin) for origin in _origins(program)],
    )
    return hashlib.sha256(json.dumps(deciding).encode()).hexdigest()[:32]


def _origins(program: Sequence[str]) -> Iterator[Path]:
    """The file of the package that `python -m` runs; looked up, never imported."""
    if "-m" in program[:-1]:
        package = program[list(program).index("-m") + 1].partition(".")[0]
        with contextlib.suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(package)
            if spec and spec.origin:
                yield Path(spec.origin)


def _version(file: Path) -> tuple[int, int] | None:
    """What changes with a file's content; None for what is no file, such as a model's name on a hub."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _read(path: Path) -> list[Peak]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).peaks
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError:
        pass
    except OSError as error:
        raise EffectError(f"cannot read what engines need from `{path}`: {error.strerror}") from error
    try:
        path.replace(path.with_name(f"{path.name}.aside"))
    except OSError as error:
        raise EffectError(f"cannot set `{path}` aside, which is damaged: {error.strerror}") from error
    return []
