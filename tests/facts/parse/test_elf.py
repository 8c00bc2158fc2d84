import _ctypes
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.facts.parse.elf import Read, needed

NAMES = b"\0libcudart.so.13\0libc.so.6\0"


def reader(data: bytes) -> Read:
    return lambda offset, size: data[offset : offset + size]


def elf(names: bytes = NAMES, entries: tuple[tuple[int, int], ...] = ((1, 1), (1, 17), (5, 0x1000), (0, 0))) -> bytes:
    """A file of two segments: all of it, loaded at 0xe00 and more, and the dynamic section."""
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    head = struct.pack("<6s10xHHIQQQIHHHHHH", b"\x7fELF\x02\x01", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0x200, 0x1000, 0, len(names), len(names), 0)
    place = struct.pack("<IIQQQQQQ", 2, 4, 0x100, 0, 0, len(dynamic), len(dynamic), 0)
    return (head + load + place).ljust(0x100, b"\0") + dynamic.ljust(0x100, b"\0") + names


def test_the_libraries_are_named_in_order() -> None:
    assert needed(reader(elf())) == ("libcudart.so.13", "libc.so.6")


def test_a_file_that_is_linked_statically_names_none() -> None:
    assert needed(reader(elf(entries=((0, 0),)))) == ()


def test_a_real_library_is_read_as_the_linker_sees_it() -> None:
    path = Path(_ctypes.__file__)
    assert any(name.startswith("libc.so") for name in needed(reader(path.read_bytes()))), sys.platform


@pytest.mark.parametrize(
    "data", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01", elf()[:70], elf(entries=((1, 1), (5, 0x9000)))]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"ELF file"):
        needed(reader(data))


@given(st.integers(0, 0x11F), st.binary(max_size=8))
def test_a_damaged_file_is_refused_or_read_but_never_more_than_that(at: int, damage: bytes) -> None:
    data = elf()
    data = data[:at] + damage + data[at + len(damage) :]
    try:
        found = needed(reader(data))
    except ValueError:
        return
    assert len(found) <= 4096
