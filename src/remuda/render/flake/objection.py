"""What no flake can build, and what the pinned nixpkgs cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from remuda.engines import vllm
from remuda.errors import Problem
from remuda.knowledge.builds import Platform, find
from remuda.knowledge.features import features
from remuda.knowledge.nixpkgs import Broken, broken
from remuda.knowledge.rocm import gfx, gfxs
from remuda.render.flake.built import ENGINES, image_name, platforms_of, systems_of, wheels_of
from remuda.render.flake.overlay import targets
from remuda.render.paths import environment_files, relative
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.nearest import nearest
from remuda.spec.nix import Nix

Wanted = frozenset[tuple[str, Platform]]
"""Engines, each with a platform that it is to be built for."""

_PIN: Final = "add `nix: {nixpkgs: COMMIT}`"


def without_pin() -> Problem:
    """A fleet that says nothing of Nix."""
    return Problem("cannot pin nixpkgs: the fleet file has no `nix`", hint=_PIN)


def of_model(model: Effective, nix: Nix) -> Iterator[Problem]:
    """What keeps a model from being built."""
    path: Path = ("models", model.model_id)
    cannot = f"cannot render `{model.model_id}` for flake"
    if model.engine not in ENGINES:
        message = f"{cannot}: nixpkgs has no package of the engine `{model.engine}`"
        yield Problem(message, path, hint="name the other models with `--only`")
    if model.executable is not None:
        above = path if model.entry.executable else ("engines", model.engine)
        message = f"{label((*above, 'executable'))} is a program of a machine, which no flake sees"
        yield Problem(message, (*above, "executable"), hint="remove it: the flake builds the engine")
    if model.entry.steps:
        message = (
            f"{label((*path, 'steps'))} change an engine when it starts, and what is in the Nix store stays as it is"
        )
        yield Problem(message, (*path, "steps"), hint="give the engine as a wheel in `nix.wheels`")
    for where, file in environment_files(model):
        message = f"{label(where)}: the server reads no file of variables, such as `{file}`"
        yield Problem(message, where, hint="write them in `environment`, secrets as `${file:…}`")
    yield from _of_devices(model, nix)
    yield from (each for each in relative(model) if each.path[-1] not in {"executable", "environment_file"})


def _of_devices(model: Effective, nix: Nix) -> Iterator[Problem]:
    path: Path = ("models", model.model_id)
    if model.devices is None:
        message = f"model `{model.model_id}` names no devices, so it is not known what to build its engine for"
        yield Problem(message, path, hint="set `devices`: `[cuda:all]`, `[rocm:all]` or `[cpu]`")
        return
    above: Path = path if model.entry.devices is not None else ("engines", model.engine)
    where = (*above, "devices")
    unknown = [each for each in model.devices if each != "cpu" and not _is_gpu(each)]
    for selector in unknown:
        message = f"{label(where)} has `{selector}`, which does not say what to build for"
        yield Problem(message, where, hint="write `cuda0`, `rocm:all` or `cpu`")
    platforms = platforms_of(model)
    if len(platforms) > 1:
        message = f"{label(where)} has GPUs of CUDA and of ROCm, for which no build of an engine is made together"
        yield Problem(message, where, hint="keep one kind")
    elif not unknown and not systems_of(nix, platforms[0]):
        message = f"`nix.systems` has none that `{model.model_id}` can be built for with {platforms[0]}"
        yield Problem(message, ("nix", "systems"), hint="add `x86_64-linux`, or wheels for the other machine")


def _is_gpu(selector: str) -> bool:
    return selector.startswith(("cuda", "rocm"))


def names(models: Sequence[Effective]) -> Iterator[Problem]:
    """Models whose packages, or images, would have one name."""
    taken: dict[str, str] = {}
    for model in models:
        name = image_name(model)
        if name in taken:
            message = f"the packages of `{model.model_id}` would be called `{name}-…`, as those of `{taken[name]}`"
            yield Problem(message, ("models", model.model_id), hint="set `unit` to another name")
        taken.setdefault(name, model.model_id)


def wanted(models: Iterable[Effective]) -> Wanted:
    """What is to be built for these models."""
    return frozenset((model.engine, platform) for model in models for platform in platforms_of(model))


def relevant(nix: Nix, builds: Wanted) -> tuple[Broken, ...]:
    """What was broken of all that nixpkgs is to build."""
    return tuple(
        row
        for row in broken()
        if (row.package, row.platform) in builds and row.package not in _given(nix, row.platform)
    )


def of_nixpkgs(nix: Nix, rows: Iterable[Broken]) -> Iterator[Problem]:
    """A commit that is older than the day from which a package can be built."""
    for row in rows:
        if nix.date is not None and nix.date < row.since:
            message = f"{row.package} for {row.platform} does not build in nixpkgs before {row.since}: {row.reference}"
            yield Problem(message, ("nix", "date"), hint="pin a later commit, or give wheels in `nix.wheels`")


def of_targets(nix: Nix, builds: Wanted) -> Iterator[Problem]:
    """Targets that nobody compiles for, or that vLLM compiles for and cannot run on."""
    used = {platform for _, platform in builds}
    for number, target in enumerate(nix.targets):
        path: Path = ("nix", "targets", number)
        platform: Platform = "rocm" if target.startswith("gfx") else "cuda"
        if platform not in used:
            message = f"{label(path)} has no effect: no model is built for {platform}"
            yield Problem(message, path, hint="remove it", severity="warning")
        elif platform == "rocm" and gfx(target) is None:
            guess = nearest(target, [row.gfx for row in gfxs()])
            yield Problem(
                f"{label(path)} is no target that is known: `{target}`", path, hint=guess and f"write `{guess}`"
            )
    for platform in sorted(used):
        if "vllm" not in _given(nix, platform) and (vllm.NAME, platform) in builds:
            yield from _of_vllm(nix, platform)
        elif targets(nix, platform) and wheels_of(nix, platform):
            message = f"`nix.targets` does not change what the wheels for {platform} were compiled for"
            yield Problem(message, ("nix", "targets"), hint="remove those targets", severity="warning")


def of_wheels(nix: Nix, builds: Wanted) -> Iterator[Problem]:
    """Wheels that nobody uses, and a torch that the vLLM beside it is known not to be compiled against."""
    used = {platform for _, platform in builds}
    for platform in nix.wheels:
        if platform not in used:
            message = f"{label(('nix', 'wheels', platform))} have no effect: no model is built for {platform}"
            yield Problem(message, ("nix", "wheels", platform), hint="remove them", severity="warning")
        versions = {name.project: name.version.partition("+")[0] for _, name in wheels_of(nix, platform)}
        if not {"torch", "vllm"} <= versions.keys():
            continue
        found = find(vllm.NAME, platform, version=versions["vllm"])
        meant = sorted({row.torch for row in found if row.torch is not None})
        if meant and _minor(versions["torch"]) not in map(_minor, meant):
            path: Path = ("nix", "wheels", platform)
            message = f"{label(path)} has torch {versions['torch']}, and vLLM {versions['vllm']} is compiled against "
            yield Problem(message + " or ".join(meant), path, hint="take the wheels of one build")


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _of_vllm(nix: Nix, platform: Platform) -> Iterator[Problem]:
    for target in targets(nix, platform):
        if platform == "rocm" and gfx(target) is None:
            continue
        path: Path = ("nix", "targets", nix.targets.index(target))
        compiled = list(find(vllm.NAME, platform, artefact="source"))
        if compiled and not any(row.serves(target.rstrip("af") if platform == "cuda" else target) for row in compiled):
            message = f"vLLM is compiled for `{target}` in no release"
            yield Problem(message, path, hint="take llama-cpp there, or remove it")
        elif platform == "rocm" and target in _without_triton():
            message = f"vLLM of nixpkgs cannot run on `{target}`: its Triton has no code for it"
            yield Problem(message, path, hint="give the wheels of a fork in `nix.wheels`, or take llama-cpp there")


def _without_triton() -> frozenset[str]:
    rows = [row for row in features() if (row.engine, row.feature) == (vllm.NAME, "triton")]
    return frozenset(row.gfx for row in gfxs() if all(row.gfx not in (each.targets or ()) for each in rows))


def _given(nix: Nix, platform: Platform) -> frozenset[str]:
    return frozenset(name.project for _, name in wheels_of(nix, platform))
