import pytest

from remuda.facts.parse.dist_info import extensions, package
from remuda.facts.software import Package

METADATA = """\
Metadata-Version: 2.4
Name: vllm
Version: 0.23.0+cu129
Requires-Dist: torch==2.11.0
Requires-Dist: transformers>=4.56
Requires-Dist: xformers==0.0.33; platform_machine == "x86_64"
Requires-Dist: triton (==3.6.0)

Version: this is the description
"""
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp38-abi3-manylinux_2_31_x86_64\n"
RECORD = """\
vllm/__init__.py,sha256=x,1
vllm/_C.abi3.so,sha256=x,2
"vllm/odd,name.cpython-312-x86_64-linux-gnu.so",,
vllm.libs/libnuma-1.so.1,,
vllm/_moe_C.abi3.so,,
"""


def test_a_package_says_its_version_build_and_pins() -> None:
    assert package("/site", METADATA, WHEEL) == Package(
        "vllm",
        "0.23.0+cu129",
        "/site",
        local="cu129",
        tags=("cp38-abi3-manylinux_2_31_x86_64",),
        requires=("torch==2.11.0", "triton (==3.6.0)"),
    )


def test_a_version_without_a_local_part_has_none() -> None:
    assert package("/site", "Name: vllm\nVersion: 0.13.0\n", "").local is None


@pytest.mark.parametrize("metadata", ["", "Name: vllm\n", "Version: 1\n"])
def test_metadata_without_name_or_version_is_refused(metadata: str) -> None:
    with pytest.raises(KeyError):
        package("/site", metadata, "")


def test_compiled_parts_are_listed_and_libraries_that_come_along_are_not() -> None:
    odd = "vllm/odd,name.cpython-312-x86_64-linux-gnu.so"
    assert list(extensions(RECORD)) == ["vllm/_C.abi3.so", odd, "vllm/_moe_C.abi3.so"]
