"""What is changed of nixpkgs for one platform: its configuration, and an overlay.

One list of targets decides what torch, vLLM and the rest are compiled for: for CUDA `config.cudaCapabilities`, which
all of them read; for ROCm, of which there is no such setting, the overlay. Python packages are changed by
`pythonPackagesExtensions`, which adds to other overlays where `python3Packages.override` replaces what they did.

A wheel takes the place of the package of its name, with the dependencies that nixpkgs has for that; those see the
wheels in turn, so that vLLM runs on the torch that was given with it.

Facts: pkgs/development/python-modules/{torch/source,torch/bin,vllm}/default.nix and pkgs/by-name/{ll/llama-cpp,
ol/ollama}/package.nix of nixpkgs at 00fa62a and near it; `VLLM_CPU_DISABLE_AVX512` of vLLM's cmake/cpu_extension.cmake,
which until 0.16 compiles for the processor of the machine that builds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from remuda.engines import llama_cpp, ollama, vllm
from remuda.knowledge.builds import Platform
from remuda.render.flake.built import machine_of, wheels_of
from remuda.render.nix.expression import (
    Binding,
    Expression,
    Function,
    If,
    Let,
    List,
    Location,
    Name,
    Operation,
    Select,
    Set,
    Text,
    bind,
    call,
    ref,
    text,
)
from remuda.render.nix.value import value
from remuda.spec.nix import Nix, Wheel
from remuda.spec.wheel import WheelName

_RUNTIME_INDEPENDENT: Final = "0.17"
"""The first vLLM whose build for the CPU does not depend on the processor that builds it."""

_OF_TORCH: Final = ("torch", "vllm")
_LIBRARIES: Final[Mapping[Platform, tuple[str, ...]]] = {
    "cuda": tuple(
        f"cudaPackages.{name}"
        for name in (
            *("cuda_cudart", "cuda_cupti", "cuda_nvrtc", "cuda_nvtx", "cudnn", "libcublas", "libcufft", "libcufile"),
            *("libcurand", "libcusolver", "libcusparse", "nccl"),
        )
    ),
    "rocm": tuple(
        f"rocmPackages.{name}"
        for name in (
            *("clr", "hipblas", "hipblaslt", "hipfft", "hiprand", "hipsolver", "hipsparse", "miopen", "rccl"),
            *("rocblas", "rocm-runtime", "rocrand", "rocsolver", "rocsparse", "roctracer"),
        )
    ),
}
"""What torch and what is made for it link; a wheel that brings its own uses those."""


def configuration(nix: Nix, platform: Platform) -> Expression:
    """`config` of nixpkgs: what every package asks that asks at all."""
    chosen = targets(nix, platform)
    settings: dict[str, object] = {"cudaSupport": platform == "cuda", "rocmSupport": platform == "rocm"}
    if platform == "cuda":
        settings = {"allowUnfree": True, **settings}
        settings |= {"cudaCapabilities": list(chosen)} if chosen else {}
    return value(settings)


def targets(nix: Nix, platform: Platform) -> tuple[str, ...]:
    """What to compile for on a platform; empty to leave that to nixpkgs."""
    if platform == "cpu":
        return ()
    return tuple(target for target in nix.targets if target.startswith("gfx") == (platform == "rocm"))


def overlay(nix: Nix, platform: Platform, engines: frozenset[str]) -> Expression:
    """The overlay, for the engines that are used."""
    chosen = targets(nix, platform) if platform == "rocm" else ()
    extension = (*_python(nix, platform, engines, chosen), *_wheels(nix, platform))
    bindings: list[Binding] = []
    if extension:
        added = Function("python", Function("previous", Set(tuple(extension))))
        extensions = Operation("++", (ref("prev.pythonPackagesExtensions"), List((added,))))
        bindings.append(bind("pythonPackagesExtensions", extensions))
    if chosen:
        bindings += [_with_targets(name) for name in (llama_cpp.NAME, ollama.NAME) if name in engines]
    body: Expression = Set(tuple(bindings))
    if chosen:
        body = Let((bind("targets", value(list(chosen))),), body)
    return Function("final", Function("prev", body))


def _with_targets(name: str) -> Binding:
    changed = Set((bind("rocmGpuTargets", ref("targets")),))
    return Binding((name,), call(Select(Name("prev"), (name, "override")), changed))


def _python(nix: Nix, platform: Platform, engines: frozenset[str], chosen: Sequence[str]) -> Iterator[Binding]:
    given = {name.project for _, name in wheels_of(nix, platform)}
    for project in _OF_TORCH if chosen else ():
        if project not in given:
            yield bind(project, call(f"previous.{project}.override", Set((bind("gpuTargets", ref("targets")),))))
    if platform == "cpu" and vllm.NAME in engines and "vllm" not in given:
        yield bind("vllm", _for_any_processor(), "Older ones are compiled for the processor of whoever builds.")


def _for_any_processor() -> Expression:
    environment = Operation(
        "//", (Select(Name("old"), ("env",), Set()), Set((bind("VLLM_CPU_DISABLE_AVX512", text("true")),)))
    )
    changed = call("previous.vllm.overridePythonAttrs", Function("old", Set((bind("env", environment),))))
    older = call("final.lib.versionOlder", ref("previous.vllm.version"), text(_RUNTIME_INDEPENDENT))
    return If(older, changed, ref("previous.vllm"))


def _wheels(nix: Nix, platform: Platform) -> Iterator[Binding]:
    by_project: dict[str, list[tuple[Wheel, WheelName]]] = {}
    for wheel, name in wheels_of(nix, platform):
        by_project.setdefault(name.project, []).append((wheel, name))
    for project, found in by_project.items():
        yield Binding((project,), _package(platform, found[0][1], _source_of_machine(nix, found)))


def _source_of_machine(nix: Nix, found: Sequence[tuple[Wheel, WheelName]]) -> Expression:
    """The file, or where there is one for each machine, that of the machine."""
    if len(found) == 1:
        return _source(found[0][0])
    by_system = Set(
        tuple(
            Binding((system,), _source(wheel))
            for system in nix.systems
            for wheel, name in found
            if name.machine == machine_of(system)
        )
    )
    return Select(by_system, (Text((ref("final.stdenv.hostPlatform.system"),)),))


def _package(platform: Platform, name: WheelName, source: Expression) -> Expression:
    own = Select(Name("previous"), (name.project, "dependencies"), List())
    entries = [
        bind("pname", text(name.project)),
        bind("version", text(name.version)),
        bind("format", text("wheel")),
        bind("src", source),
        bind("dependencies", own),
    ]
    if name.machine is not None:
        entries += _compiled(platform)
    if name.project == "torch":
        agreed = value({"cudaSupport": platform == "cuda", "rocmSupport": platform == "rocm"})
        entries.append(bind("passthru", Operation("//", (ref("previous.torch.passthru"), agreed))))
    return call("python.buildPythonPackage", Set(tuple(entries)))


def _compiled(platform: Platform) -> Iterator[Binding]:
    """What makes compiled code find its libraries; those of torch and of the driver are there when it is run."""
    hooks = ["autoPatchelfHook", *(["autoAddDriverRunpath"] if platform == "cuda" else [])]
    libraries: list[Expression] = [ref(f"final.{name}") for name in ("stdenv.cc.cc.lib", *_LIBRARIES.get(platform, ()))]
    if platform == "cuda":
        libraries.append(Select(ref("final.cudaPackages"), ("cusparselt",), ref("final.cudaPackages.libcusparse_lt")))
    yield bind("nativeBuildInputs", List(tuple(ref(f"final.{hook}") for hook in hooks)))
    yield bind("buildInputs", List(tuple(libraries)))
    yield bind("autoPatchelfIgnoreMissingDeps", List((text("*"),)))
    yield bind("postFixup", text('addAutoPatchelfSearchPath "$out"'), "Its own libraries lie beside its modules.")
    if platform == "cuda":
        library = call("final.lib.getLib", ref("final.cudaPackages.cuda_nvrtc"))
        yield bind("appendRunpaths", List((text(library, "/lib"),)), "Torch opens it by name.")
    yield bind("dontStrip", Name("true"))


def _source(wheel: Wheel) -> Expression:
    if wheel.path is not None:
        return Location(f"../{wheel.path.removeprefix('./')}")
    pinned = {"name": wheel.name, "hash": wheel.hash}
    if wheel.url is not None:
        return call("final.fetchurl", value({"url": wheel.url, **pinned}))
    message = f"Add the wheel first: nix-store --add-fixed sha256 {wheel.name}"
    return call("final.requireFile", value({**pinned, "message": message}))
