import pytest

from remuda.facts.parse.cpuinfo import cpu

X86 = """\
processor\t: 0
model name\t: AMD EPYC
physical id\t: 0
core id\t\t: 0
flags\t\t: sse2 avx2

processor\t: 1
model name\t: AMD EPYC
physical id\t: 0
core id\t\t: 0
flags\t\t: sse2 avx2

processor\t: 2
model name\t: AMD EPYC
physical id\t: 1
core id\t\t: 0
flags\t\t: sse2 avx2
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd85\n\nprocessor\t: 1\n"
POWER = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\ntimebase\t: 512000000\n"
RISCV = "processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdcv_zicbom_zba\nuarch\t\t: sifive,u74\n"


def test_threads_cores_and_sockets_are_counted() -> None:
    found = cpu(X86, "x86_64")
    assert (found.title, found.threads, found.cores, found.sockets) == ("AMD EPYC", 3, 2, 2)
    assert found.flags == ("avx2", "sse2")


@pytest.mark.parametrize(
    ("text", "architecture", "title", "flags"),
    [
        (ARM, "aarch64", "aarch64 (implementer 0x41, part 0xd85)", ("asimd", "fp")),
        (POWER, "ppc64le", "POWER9, altivec supported", ()),
        (RISCV, "riscv64", "sifive,u74", ("rv64imafdcv", "zba", "zicbom")),
    ],
)
def test_every_architecture_has_its_own_words(text: str, architecture: str, title: str, flags: tuple[str, ...]) -> None:
    found = cpu(text, architecture)
    assert (found.title, found.flags, found.cores) == (title, flags, None)


def test_a_text_without_a_processor_is_refused() -> None:
    with pytest.raises(ValueError, match="no processor is named"):
        cpu("garbage\n", "x86_64")
