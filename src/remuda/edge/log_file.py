"""Reads the end of a log that may be of any size, and says at which line that begins."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from remuda.errors import SpecError

MOST_BYTES: Final = 16 * 2**20
_PIECE_BYTES: Final = 2**20
_COMPRESSED: Final = {b"\x1f\x8b": "zcat", b"\x28\xb5\x2f\xfd": "zstdcat", b"\xfd7zXZ": "xzcat", b"BZh": "bzcat"}


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The last lines of a log; `first_line` is the number of the first of them, from 1."""

    text: str
    first_line: int


def read_end(path: Path, *, most_bytes: int = MOST_BYTES) -> LogEnd:
    """Read a file, or standard input for `-`. Raises SpecError for what cannot be read, or is no text."""
    if path == Path("-"):
        return _end(sys.stdin.buffer, path, most_bytes)
    try:
        with path.open("rb") as file:
            if not _is_readable(path):
                raise SpecError(f"cannot read `{path}`: it is a device", hint="name a file, or `-` for standard input")
            return _end(file, path, most_bytes)
    except IsADirectoryError:
        raise SpecError(f"cannot read `{path}`: it is a directory", hint="name the log file in it") from None
    except OSError as error:
        raise SpecError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from None


def _is_readable(path: Path) -> bool:
    """A device such as /dev/zero has no end."""
    kind = path.stat().st_mode
    return stat.S_ISREG(kind) or stat.S_ISFIFO(kind)


def _end(file: BinaryIO, path: Path, most_bytes: int) -> LogEnd:
    """Everything passes by, so that lines can be counted in a pipe as well; no more than the end is kept."""
    kept = bytearray()
    dropped_lines = 0
    is_first = True
    while piece := file.read(_PIECE_BYTES):
        if is_first:
            _refuse_binary(piece, path)
            is_first = False
        kept += piece
        if len(kept) > most_bytes:
            cut = kept.find(b"\n", len(kept) - most_bytes) + 1 or len(kept) - most_bytes
            dropped_lines += kept.count(b"\n", 0, cut)
            del kept[:cut]
    return LogEnd(kept.decode(errors="replace"), dropped_lines + 1)


def _refuse_binary(piece: bytes, path: Path) -> None:
    for magic, program in _COMPRESSED.items():
        if piece.startswith(magic):
            hint = f"run `{program} {path} | remuda doctor --log -`"
            raise SpecError(f"cannot read `{path}`: it is compressed", hint=hint)
    if b"\0" in piece:
        raise SpecError(f"cannot read `{path}`: it is a binary file", hint="name a text log, or pipe its text to `-`")
