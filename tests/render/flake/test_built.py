import pytest

from remuda.plan.check import load_fleet
from remuda.render.flake.built import image_name, package_name, platforms_of, python_of, systems_of, wheels_of
from remuda.spec.merge import Effective, effective
from remuda.spec.nix import Nix, Wheel

HASH = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s="


def _model(keys: str, model_id: str = "m") -> Effective:
    text = f'models: {{"{model_id}": {{engine: vllm, model: x/y, {keys}}}}}\nlint: {{model_ids: "off"}}'
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return effective(fleet, model_id)


@pytest.mark.parametrize(
    ("devices", "platforms"),
    [
        ("[cuda0, cuda1]", ("cuda",)),
        ("['rocm:all', cpu]", ("rocm",)),
        ("[cpu]", ("cpu",)),
        ("[cuda0, rocm0]", ("cuda", "rocm")),
    ],
)
def test_platforms(devices: str, platforms: tuple[str, ...]) -> None:
    assert platforms_of(_model(f"devices: {devices}")) == platforms


def test_without_devices_no_platform() -> None:
    assert platforms_of(_model("")) == ()


@pytest.mark.parametrize(
    ("model_id", "keys", "name"),
    [("qwen3.6-27b", "", "qwen3-6-27b"), ("org/a:b_c", "", "org-a-b_c"), ("x", "unit: y.z", "y-z")],
)
def test_names_divide_no_path(model_id: str, keys: str, name: str) -> None:
    assert package_name(_model(keys, model_id)) == name


def test_images_have_lower_case() -> None:
    assert image_name(_model("", "Qwen/Qwen3-8B:")) == "qwen-qwen3-8b"


def test_systems_and_python_are_those_of_the_wheels() -> None:
    both = [Wheel(file=f"torch-2.9.1-cp312-cp312-linux_{machine}.whl", hash=HASH) for machine in ("x86_64", "aarch64")]
    only = Wheel(path="vllm-0.12.0-cp38-abi3-linux_x86_64.whl")
    pure = Wheel(path="jinja2-3.1-py3-none-any.whl")
    nix = Nix(nixpkgs="0" * 40, wheels={"cuda": (*both, only), "cpu": (*both, pure)})
    assert systems_of(nix, "cuda") == ("x86_64-linux",)
    assert systems_of(nix, "cpu") == ("x86_64-linux", "aarch64-linux")
    assert systems_of(nix, "rocm") == ("x86_64-linux",)
    assert [python_of(nix, platform) for platform in ("cuda", "rocm")] == ["python312", "python3"]
    assert [name.project for _, name in wheels_of(nix, "cpu")] == ["torch", "torch", "jinja2"]
