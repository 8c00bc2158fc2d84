"""The shared libraries that an ELF file names (elf(5), `DT_NEEDED`), read without loading it.

Such a file may have hundreds of MiB, of which this needs some hundred bytes, so it asks for pieces.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Read = Callable[[int, int], bytes]
"""Bytes of a file from an offset; fewer at its end."""

_LOAD, _DYNAMIC = 1, 2
_NULL, _NEEDED, _STRTAB = 0, 1, 5
_LONGEST_NAME: Final = 4096
_MOST_ENTRIES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def needed(read: Read) -> tuple[str, ...]:
    """The names, in the file's order. Raises ValueError when it is no 64-bit little-endian ELF file."""
    try:
        return tuple(_needed(read))
    except struct.error as error:
        raise ValueError("the ELF file is cut short") from error


def _needed(read: Read) -> Iterator[str]:
    head = read(0, 64)
    if head[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    segments = [_segment(read(table + number * size, size)) for number in range(count)]
    dynamic = next((segment for segment in segments if segment.kind == _DYNAMIC), None)
    entries = list(_entries(read, dynamic)) if dynamic else []
    strings = next((value for tag, value in entries if tag == _STRTAB), 0)
    for tag, value in entries:
        if tag == _NEEDED:
            yield _text(read, _offset(segments, strings) + value)


def _segment(header: bytes) -> _Segment:
    kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", header)
    return _Segment(kind, offset, address, size)


def _entries(read: Read, dynamic: _Segment) -> Iterator[tuple[int, int]]:
    data = read(dynamic.offset, min(dynamic.size, _MOST_ENTRIES * 16))
    for tag, value in struct.iter_unpack("<qQ", data[: len(data) // 16 * 16]):
        if tag == _NULL:
            return
        yield tag, value


def _offset(segments: list[_Segment], address: int) -> int:
    """Where in the file lies what is loaded at an address."""
    for segment in segments:
        if segment.kind == _LOAD and segment.address <= address < segment.address + segment.size:
            return segment.offset + address - segment.address
    raise ValueError("the ELF file's names are not in any of its segments")


def _text(read: Read, offset: int) -> str:
    return read(offset, _LONGEST_NAME).partition(b"\0")[0].decode(errors="replace")
