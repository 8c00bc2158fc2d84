from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.facts.instruction import LONGEST, extension, is_trap

# Assembled by GNU as 2.40.
ASSEMBLED = [
    ("vaddps %zmm0,%zmm1,%zmm2", "62 f1 74 48 58 d0", "avx512f"),
    ("vinserti64x4 $1,%ymm1,%zmm0,%zmm0", "62 f3 fd 48 3a c1 01", "avx512f"),
    ("vmovdqu8 (%rax),%ymm16", "62 e1 7f 28 6f 00", "avx512f"),
    ("kmovw %eax,%k1", "c5 f8 92 c8", "avx512f"),
    ("vpdpbusd %zmm0,%zmm1,%zmm2", "62 f2 75 48 50 d0", "avx512_vnni"),
    ("vdpbf16ps %zmm0,%zmm1,%zmm2", "62 f2 76 48 52 d0", "avx512_bf16"),
    ("vcvtneps2bf16 %zmm0,%ymm1", "62 f2 7e 48 72 c8", "avx512_bf16"),
    ("vaddph %zmm0,%zmm1,%zmm2", "62 f5 74 48 58 d0", "avx512_fp16"),
    ("vpmadd52luq %zmm0,%zmm1,%zmm2", "62 f2 f5 48 b4 d0", "avx512ifma"),
    ("vpopcntd %zmm0,%zmm1", "62 f2 7d 48 55 c8", "avx512_vpopcntdq"),
    ("{vex} vpdpbusd %ymm0,%ymm1,%ymm2", "c4 e2 75 50 d0", "avx_vnni"),
    ("vaddps %ymm0,%ymm1,%ymm2", "c5 f4 58 d0", "avx"),
    ("vmovups (%rax),%xmm3", "c5 f8 10 18", "avx"),
    ("vpaddd %xmm0,%xmm1,%xmm2", "c5 f1 fe d0", "avx"),
    ("vpermilps %ymm0,%ymm1,%ymm2", "c4 e2 75 0c d0", "avx"),
    ("vmovdqu (%rax),%ymm0", "c5 fe 6f 00", "avx"),
    ("vmovntdq %ymm0,(%rax)", "c5 fd e7 00", "avx"),
    ("vcvtdq2pd %xmm0,%ymm1", "c5 fe e6 c8", "avx"),
    ("vpaddd %ymm0,%ymm1,%ymm2", "c5 f5 fe d0", "avx2"),
    ("vpmovmskb %ymm0,%eax", "c5 fd d7 c0", "avx2"),
    ("vpbroadcastd %xmm0,%ymm1", "c4 e2 7d 58 c8", "avx2"),
    ("vpermq $1,%ymm0,%ymm1", "c4 e3 fd 00 c8 01", "avx2"),
    ("vextracti128 $1,%ymm0,%xmm1", "c4 e3 7d 39 c1 01", "avx2"),
    ("vgatherdps %ymm0,(%rax,%ymm1,4),%ymm2", "c4 e2 7d 92 14 88", "avx2"),
    ("vfmadd231ps %ymm0,%ymm1,%ymm2", "c4 e2 75 b8 d0", "fma"),
    ("vcvtph2ps %xmm0,%ymm1", "c4 e2 7d 13 c8", "f16c"),
    ("vcvtps2ph $0,%ymm0,%xmm1", "c4 e3 7d 1d c1 00", "f16c"),
    ("andn %eax,%ebx,%ecx", "c4 e2 60 f2 c8", "bmi1"),
    ("blsr %eax,%ebx", "c4 e2 60 f3 c8", "bmi1"),
    ("shlx %eax,%ebx,%ecx", "c4 e2 79 f7 cb", "bmi2"),
    ("rorx $3,%eax,%ebx", "c4 e3 7b f0 d8 03", "bmi2"),
    ("mulx %eax,%ebx,%ecx", "c4 e2 63 f6 c8", "bmi2"),
    ("ldtilecfg (%rax)", "c4 e2 78 49 00", "amx_tile"),
    ("tileloadd (%rax,%rbx,1),%tmm0", "c4 e2 7b 4b 04 18", "amx_tile"),
    ("tdpbf16ps %tmm0,%tmm1,%tmm2", "c4 e2 7a 5c d1", "amx_bf16"),
    ("tdpfp16ps %tmm0,%tmm1,%tmm2", "c4 e2 7b 5c d1", "amx_fp16"),
    ("tdpbssd %tmm0,%tmm1,%tmm2", "c4 e2 7b 5e d1", "amx_int8"),
    ("vaesenc %ymm0,%ymm1,%ymm2", "c4 e2 75 dc d0", "vaes"),
    ("vaesenc %xmm0,%xmm1,%xmm2", "c4 e2 71 dc d0", "aes"),
    ("vpcmov %xmm0,%xmm1,%xmm2,%xmm3", "8f e8 68 a2 d9 00", "xop"),
    ("popcnt %rax,%rbx", "f3 48 0f b8 d8", "popcnt"),
    ("crc32b %al,%ebx", "f2 0f 38 f0 d8", "sse4_2"),
    ("crc32w %ax,%ebx", "66 f2 0f 38 f1 d8", "sse4_2"),
    ("movbe (%rax),%ebx", "0f 38 f0 18", "movbe"),
    ("pshufb %xmm0,%xmm1", "66 0f 38 00 c8", "ssse3"),
    ("palignr $1,%xmm0,%xmm1", "66 0f 3a 0f c8 01", "ssse3"),
    ("pmulld %xmm0,%xmm1", "66 0f 38 40 c8", "sse4_1"),
    ("pcmpgtq %xmm0,%xmm1", "66 0f 38 37 c8", "sse4_2"),
    ("pcmpistri $1,%xmm0,%xmm1", "66 0f 3a 63 c8 01", "sse4_2"),
    ("aesenc %xmm0,%xmm1", "66 0f 38 dc c8", "aes"),
    ("pclmulqdq $1,%xmm0,%xmm1", "66 0f 3a 44 c8 01", "pclmulqdq"),
    ("sha256rnds2 %xmm0,%xmm1", "0f 38 cb c8", "sha_ni"),
    ("adcx %rax,%rbx", "66 48 0f 38 f6 d8", "adx"),
    ("gf2p8mulb %xmm0,%xmm1", "66 0f 38 cf c8", "gfni"),
    ("add %eax,%ebx", "01 c3", None),
    ("movups (%rax),%xmm0", "0f 10 00", None),
    ("ud2", "0f 0b", None),
    ("popq (%rax)", "8f 00", None),
]


@pytest.mark.parametrize(("code", "expected"), [row[1:] for row in ASSEMBLED], ids=[row[0] for row in ASSEMBLED])
def test_the_extension_of_an_instruction(code: str, expected: str | None) -> None:
    assert extension(bytes.fromhex(code)) == expected


@pytest.mark.parametrize("code", ["", "62", "62 f1 74", "66", "c4 e2", "8f e8", "0f 38", "41"])
def test_an_instruction_that_is_cut_short_tells_nothing(code: str) -> None:
    assert extension(bytes.fromhex(code)) is None


@given(st.binary(max_size=LONGEST))
def test_any_bytes_are_decoded_without_an_error(code: bytes) -> None:
    found = extension(code)
    assert found is None or not is_trap(code)


def test_what_compilers_put_where_a_program_must_not_go_on_is_a_trap() -> None:
    assert is_trap(bytes.fromhex("0f 0b 48"))
    assert not is_trap(bytes.fromhex("62 f1 74 48 58 d0"))
