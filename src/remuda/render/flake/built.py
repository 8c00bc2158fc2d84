"""One model as the flake builds it, and which engines can be built.

A flake is not made for one machine, so what it is built for comes from the fleet file: the kind of GPU from `devices`,
machines from `nix.systems`, narrowed by what there is for them.

Facts: nixpkgs has `vllm` and `sglang` among its Python packages, and `llama-cpp` and `ollama` beside them; ROCm in
nixpkgs is for x86_64 only (`rocmPackages.clr`, meta.platforms).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from remuda.engines import llama_cpp, ollama, sglang, vllm
from remuda.knowledge.builds import Platform
from remuda.render.values import Values
from remuda.spec.merge import Effective
from remuda.spec.nix import Nix, Wheel
from remuda.spec.wheel import WheelName, wheel_name

ENGINES: Final[Mapping[str, tuple[str, ...]]] = {
    llama_cpp.NAME: ("llama-server",),
    ollama.NAME: ("ollama",),
    sglang.NAME: ("python", "-m", "sglang.launch_server"),
    vllm.NAME: ("vllm",),
}
"""The engines that nixpkgs has, each with what runs it; the first word is a program of the package."""

ON_TORCH: Final = frozenset({sglang.NAME, vllm.NAME})

_KIND: Final = re.compile(r"(cuda|rocm)(?::all|\d+)")
_MACHINE: Final = {"x86_64-linux": "x86_64", "aarch64-linux": "aarch64"}


@dataclass(frozen=True, slots=True)
class Built:
    """All that decides one model's server and image. `values` are those outside of a container."""

    model: Effective
    platform: Platform
    systems: tuple[str, ...]
    python: str
    port: int
    values: Values

    @property
    def name(self) -> str:
        """The name of its packages: no dots, which would divide an attribute's path on Nix's command line."""
        return package_name(self.model)


def package_name(model: Effective) -> str:
    """The name that a model's packages begin with."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", model.entry.unit or model.model_id)


def image_name(model: Effective) -> str:
    """The name of a model's image, of which registries want lower case."""
    return package_name(model).lower().strip("-_")


def platforms_of(model: Effective) -> tuple[Platform, ...]:
    """The kinds of GPU that a model's devices are of; `cpu` if they are none, and nothing if that is not said."""
    if model.devices is None:
        return ()
    found: dict[Platform, None] = {}
    for selector in model.devices:
        if match := _KIND.fullmatch(selector):
            found["cuda" if match[1] == "cuda" else "rocm"] = None
    return tuple(found) or ("cpu",)


def systems_of(nix: Nix, platform: Platform) -> tuple[str, ...]:
    """The machines that there are packages for."""
    names = [name for _, name in wheels_of(nix, platform)]
    return tuple(
        system
        for system in nix.systems
        if (platform != "rocm" or system == "x86_64-linux")
        and all(
            any(other.machine in {None, _MACHINE[system]} for other in names if other.project == name.project)
            for name in names
        )
    )


def wheels_of(nix: Nix, platform: Platform) -> tuple[tuple[Wheel, WheelName], ...]:
    """The wheels for a platform, with what their names say."""
    listed = () if platform == "vulkan" else nix.wheels.get(platform, ())
    return tuple((wheel, name) for wheel in listed if (name := wheel_name(wheel.name)))


def python_of(nix: Nix, platform: Platform) -> str:
    """The Python that the wheels are for, as nixpkgs names it; else its own."""
    minors = [name.python for _, name in wheels_of(nix, platform) if name.python is not None]
    return f"python3{minors[0]}" if minors else "python3"


def machine_of(system: str) -> str:
    """The machine of a system, as wheels name it."""
    return _MACHINE[system]
