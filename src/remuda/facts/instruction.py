"""Which extension of x86-64 an instruction belongs to, from its first bytes.

A program that was built for another processor dies at one instruction, and how that is coded says more than its name
would: an EVEX prefix is AVX-512's, a VEX prefix AVX's or of something later, and for what is later the opcode tells.
This is no disassembler: operands are not read, and an instruction of the base set and one that is not known are the
same.

Sources: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, 2.3 (VEX), 2.7 (EVEX) and appendix A
(opcode maps); AMD64 Architecture Programmer's Manual, volume 6 (XOP).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

LONGEST: Final = 15
"""Bytes that an instruction may have."""

_Coding = Literal["legacy", "vex", "evex", "xop"]


@dataclass(frozen=True, slots=True)
class _Opcode:
    """What decides. `prefix` is what VEX calls pp: none, 66, F3 or F2, as 0 to 3. `is_wide`: 256 bits."""

    coding: _Coding
    table: int
    prefix: int
    number: int
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """A flag, as `/proc/cpuinfo` spells it, and the opcodes from `first` to `last` that need it."""

    flag: str
    coding: _Coding
    table: int
    prefixes: str
    first: int
    last: int
    only_wide: bool = False

    def holds(self, opcode: _Opcode) -> bool:
        return (
            (self.coding, self.table) == (opcode.coding, opcode.table)
            and str(opcode.prefix) in self.prefixes
            and self.first <= opcode.number <= self.last
            and (opcode.is_wide or not self.only_wide)
        )


# The first rule that holds counts. All processors with AVX-512 that are in use have F, CD, BW, DQ and VL together, so
# those count as `avx512f`.
_RULES: Final = (
    *(_Rule("avx512_fp16", "evex", table, "0123", 0x00, 0xFF) for table in (5, 6)),
    _Rule("avx512_bf16", "evex", 2, "23", 0x72, 0x72),
    _Rule("avx512_bf16", "evex", 2, "2", 0x52, 0x52),
    _Rule("avx512_vnni", "evex", 2, "1", 0x50, 0x53),
    _Rule("avx512ifma", "evex", 2, "1", 0xB4, 0xB5),
    _Rule("avx512_vbmi2", "evex", 2, "1", 0x62, 0x63),
    _Rule("avx512_vbmi2", "evex", 2, "1", 0x70, 0x73),
    _Rule("avx512_vbmi2", "evex", 3, "1", 0x70, 0x73),
    _Rule("avx512_vpopcntdq", "evex", 2, "1", 0x55, 0x55),
    _Rule("avx512_bitalg", "evex", 2, "1", 0x54, 0x54),
    _Rule("avx512_bitalg", "evex", 2, "1", 0x8F, 0x8F),
    _Rule("avx512_vp2intersect", "evex", 2, "3", 0x68, 0x68),
    *(_Rule("avx512f", "evex", table, "0123", 0x00, 0xFF) for table in (1, 2, 3)),
    *(_Rule("avx512f", "vex", 1, "0123", first, last) for first, last in ((0x41, 0x4B), (0x90, 0x93), (0x98, 0x99))),
    _Rule("avx512f", "vex", 3, "1", 0x30, 0x33),
    _Rule("amx_tile", "vex", 2, "0123", 0x49, 0x4B),
    _Rule("amx_bf16", "vex", 2, "2", 0x5C, 0x5C),
    _Rule("amx_fp16", "vex", 2, "3", 0x5C, 0x5C),
    _Rule("amx_int8", "vex", 2, "0123", 0x5E, 0x5E),
    _Rule("avx_vnni", "vex", 2, "1", 0x50, 0x53),
    _Rule("avx_vnni_int8", "vex", 2, "023", 0x50, 0x51),
    _Rule("avx_ifma", "vex", 2, "1", 0xB4, 0xB5),
    _Rule("avx_ne_convert", "vex", 2, "0123", 0xB0, 0xB1),
    _Rule("avx_ne_convert", "vex", 2, "2", 0x72, 0x72),
    *(_Rule("fma", "vex", 2, "1", first, last) for first, last in ((0x96, 0x9F), (0xA6, 0xAF), (0xB6, 0xBF))),
    _Rule("f16c", "vex", 2, "1", 0x13, 0x13),
    _Rule("f16c", "vex", 3, "1", 0x1D, 0x1D),
    _Rule("bmi1", "vex", 2, "0", 0xF2, 0xF3),
    _Rule("bmi1", "vex", 2, "0", 0xF7, 0xF7),
    _Rule("bmi2", "vex", 2, "0123", 0xF5, 0xF7),
    _Rule("bmi2", "vex", 3, "3", 0xF0, 0xF0),
    _Rule("gfni", "vex", 2, "1", 0xCF, 0xCF),
    _Rule("gfni", "vex", 3, "1", 0xCE, 0xCF),
    _Rule("vaes", "vex", 2, "1", 0xDC, 0xDF, only_wide=True),
    _Rule("aes", "vex", 2, "1", 0xDB, 0xDF),
    _Rule("vpclmulqdq", "vex", 3, "1", 0x44, 0x44, only_wide=True),
    _Rule("avx2", "vex", 2, "1", 0x16, 0x16),
    _Rule("avx2", "vex", 2, "1", 0x36, 0x36),
    _Rule("avx2", "vex", 2, "1", 0x45, 0x47),
    _Rule("avx2", "vex", 2, "1", 0x58, 0x5A),
    _Rule("avx2", "vex", 2, "1", 0x78, 0x79),
    _Rule("avx2", "vex", 2, "1", 0x8C, 0x93),
    _Rule("avx2", "vex", 3, "1", 0x00, 0x02),
    _Rule("avx2", "vex", 3, "1", 0x38, 0x39),
    _Rule("avx2", "vex", 3, "1", 0x46, 0x46),
    # Integers in 256 bits. Moves, and what is for floating point, are AVX's.
    *(
        _Rule("avx2", "vex", 1, "1", first, last, only_wide=True)
        for first, last in ((0x60, 0x6D), (0x71, 0x76), (0xD1, 0xD5), (0xD7, 0xE5), (0xE8, 0xEF), (0xF1, 0xFE))
    ),
    _Rule("avx2", "vex", 1, "123", 0x70, 0x70, only_wide=True),
    *(
        _Rule("avx2", "vex", 2, "1", first, last, only_wide=True)
        for first, last in ((0x00, 0x0B), (0x1C, 0x1E), (0x20, 0x2B), (0x30, 0x41))
    ),
    *(_Rule("avx", "vex", table, "0123", 0x00, 0xFF) for table in (1, 2, 3)),
    *(_Rule("xop", "xop", table, "0", 0x00, 0xFF) for table in (8, 9, 10)),
    _Rule("popcnt", "legacy", 1, "2", 0xB8, 0xB8),
    _Rule("sse4_2", "legacy", 2, "3", 0xF0, 0xF1),
    _Rule("movbe", "legacy", 2, "01", 0xF0, 0xF1),
    _Rule("adx", "legacy", 2, "12", 0xF6, 0xF6),
    _Rule("gfni", "legacy", 2, "1", 0xCF, 0xCF),
    _Rule("gfni", "legacy", 3, "1", 0xCE, 0xCF),
    _Rule("sha_ni", "legacy", 2, "0", 0xC8, 0xCD),
    _Rule("sha_ni", "legacy", 3, "0", 0xCC, 0xCC),
    _Rule("aes", "legacy", 2, "1", 0xDB, 0xDF),
    _Rule("aes", "legacy", 3, "1", 0xDF, 0xDF),
    _Rule("pclmulqdq", "legacy", 3, "1", 0x44, 0x44),
    _Rule("ssse3", "legacy", 2, "01", 0x00, 0x0B),
    _Rule("ssse3", "legacy", 2, "01", 0x1C, 0x1E),
    _Rule("ssse3", "legacy", 3, "01", 0x0F, 0x0F),
    _Rule("sse4_2", "legacy", 2, "1", 0x37, 0x37),
    _Rule("sse4_2", "legacy", 3, "1", 0x60, 0x63),
    _Rule("sse4_1", "legacy", 2, "1", 0x10, 0x41),
    _Rule("sse4_1", "legacy", 3, "1", 0x08, 0x42),
)

_PREFIXES: Final = b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3"
_PP: Final = {0x66: 1, 0xF3: 2, 0xF2: 3}
_MAPS: Final = {0x38: 2, 0x3A: 3}
_FIRST_XOP_MAP: Final = 8
_TRAPS: Final = (b"\x0f\x0b", b"\x0f\xb9", b"\x0f\xff")


def extension(code: bytes) -> str | None:
    """The flag that the instruction at the start of these bytes needs; None for one that none is known of."""
    try:
        opcode = _opcode(code)
    except IndexError:
        return None
    return next((rule.flag for rule in _RULES if opcode and rule.holds(opcode)), None)


def is_trap(code: bytes) -> bool:
    """Whether it is one that no processor has, which compilers put where a program must not go on (`ud2`)."""
    return code.startswith(_TRAPS)


def _opcode(code: bytes) -> _Opcode | None:
    """Raises IndexError when the bytes end too early."""
    length = next(index for index in range(len(code) + 1) if code[index] not in _PREFIXES)
    prefixes, rest = code[:length], code[length:]
    match rest[0]:
        case 0x62:
            return _Opcode("evex", rest[1] & 0b111, rest[2] & 0b11, rest[4])
        case 0xC5:
            return _Opcode("vex", 1, rest[1] & 0b11, rest[2], bool(rest[1] & 0b100))
        case 0xC4:
            return _Opcode("vex", rest[1] & 0b11111, rest[2] & 0b11, rest[3], bool(rest[2] & 0b100))
        case 0x8F if rest[1] & 0b11111 >= _FIRST_XOP_MAP:
            return _Opcode("xop", rest[1] & 0b11111, rest[2] & 0b11, rest[3])
    return _legacy(prefixes, rest[1:] if rest[0] & 0xF0 == 0x40 else rest)  # noqa: PLR2004  REX prefixes


def _legacy(prefixes: bytes, rest: bytes) -> _Opcode | None:
    """What begins by 0F; what does not is of the base set."""
    if rest[0] != 0x0F:  # noqa: PLR2004  the escape to the other opcode maps
        return None
    # F2 and F3 count more than 66 (crc32 has both for its 16-bit form).
    prefix = max((_PP.get(byte, 0) for byte in prefixes), default=0)
    table = _MAPS.get(rest[1], 1)
    return _Opcode("legacy", table, prefix, rest[1] if table == 1 else rest[2])
