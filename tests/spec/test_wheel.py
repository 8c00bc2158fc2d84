import pytest

from remuda.spec.wheel import WheelName, wheel_name


@pytest.mark.parametrize(
    ("file", "project", "version", "python", "machine"),
    [
        ("vllm-0.12.0+rocm711-cp311-cp311-linux_x86_64.whl", "vllm", "0.12.0+rocm711", 11, "x86_64"),
        ("vllm-0.19.0-cp38-abi3-manylinux_2_31_aarch64.whl", "vllm", "0.19.0", None, "aarch64"),
        ("flash_attn-2.8.3-1-cp312-cp312-manylinux2014_x86_64.whl", "flash-attn", "2.8.3", 12, "x86_64"),
        ("Jinja2-3.1-py3-none-any.whl", "jinja2", "3.1", None, None),
    ],
)
def test_parts(file: str, project: str, version: str, python: int | None, machine: str | None) -> None:
    assert wheel_name(file) == WheelName(file, project, version, python, machine)


@pytest.mark.parametrize("file", ["vllm.whl", "vllm-0.12.0.tar.gz", "vllm-0.12.0-cp311-cp311.whl", ""])
def test_what_is_no_wheel(file: str) -> None:
    assert wheel_name(file) is None


def test_the_builders_part_of_a_version() -> None:
    names = [wheel_name(f"x-1.0{local}-py3-none-any.whl") for local in ("", "+cu128")]
    assert [name.local for name in names if name] == ["", "cu128"]
