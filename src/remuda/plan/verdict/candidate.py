"""The builds that there are to judge: an official one of a release, an installed one, the one that a fleet file names.

A candidate holds the rows that knowledge has of it for one machine. Several rows are one artefact in several variants
(Ollama brings CUDA 12 and 13), of which one has to fit; none means that nothing is known of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from remuda.facts.host import Host
from remuda.facts.software import Package
from remuda.knowledge import flags
from remuda.knowledge.builds import Artefact, Build, Platform, builds, find
from remuda.knowledge.release import release as numbered
from remuda.plan.container import is_contained
from remuda.plan.images import OfficialImage, official
from remuda.plan.verdict.code import TITLES
from remuda.spec.merge import Effective

NAMES: Final = {"vllm": "vLLM", "llama-cpp": "llama.cpp", "ollama": "Ollama", "sglang": "SGLang"}
"""The engines that builds are known of, as their projects write them."""

_LINE: Final = re.compile(r"-cu\d+")
_PLAIN: Final = re.compile(r"(?:-x86_64|-aarch64|-arm64)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A build to judge. `release` is None where it is not known; `what` names it for a person.

    With `is_vague` the rows are those of the official build, and it may be another one, or be changed by steps.
    """

    engine: str
    artefact: str
    what: str
    release: str | None = None
    rows: tuple[Build, ...] = ()
    is_vague: bool = False


def newest(engine: str) -> str | None:
    """The newest release of an engine that something is known of."""
    table = flags.table(engine)
    if table:
        return table.releases[-1]
    known = [".".join(map(str, build.versions.first)) for build in find(engine) if build.versions.first]
    return max(known, key=lambda text: numbered(text) or (), default=None)


def rows(
    engine: str, release: str, artefact: Artefact | None = None, *, platform: Platform | None, machine: str | None
) -> tuple[Build, ...]:
    """What is known of a release on a machine; of one that is newer than all that were read, nothing."""
    table = flags.table(engine)
    if table and (numbered(release) or ()) > table.numbers[-1]:
        return ()
    found = find(engine, platform, version=release, artefact=artefact)
    return tuple(row for row in found if machine is None or row.machine in {None, machine})


def named(model: Effective, host: Host) -> Candidate | None:
    """The build that a model of the fleet runs in, as far as that can be told without running anything."""
    if is_contained(model):
        return _of_image(model, host) if model.image else None
    return _of_program(model, host) if model.runtime == "process" else None


def installed(host: Host) -> Iterator[Candidate]:
    """The engines that are installed on a host."""
    for package in host.software.packages:
        if package.name in {"vllm", "sglang"}:
            yield _of_package(package, host)
    for engine, tool in (("ollama", "ollama"), ("llama-cpp", "llama-server")):
        found = host.software.tool(tool)
        if found:
            yield _of_tool(engine, found.path, found.version, host)


def _machine(host: Host) -> str | None:
    return host.cpu.architecture if host.cpu else None


def _of_image(model: Effective, host: Host) -> Candidate:
    reference = model.image or ""
    image = official(model.engine, reference)
    if image is None:
        repository = reference.rpartition(":")[0] or reference
        others = tuple(row for row in builds() if row.artefact == "community" and row.image == repository)
        return Candidate(engine=model.engine, artefact="image", what=reference, rows=others)
    return Candidate(
        engine=model.engine,
        artefact="image",
        what=reference,
        release=image.release,
        rows=tuple(_image_rows(model.engine, image, _machine(host))),
        is_vague=not image.is_original or bool(model.entry.steps),
    )


def _image_rows(engine: str, image: OfficialImage, machine: str | None) -> Iterator[Build]:
    if engine == "llama-cpp":
        named_in: tuple[Platform, ...] = ("cuda", "rocm", "vulkan")
        for platform in named_in:
            if platform in image.tail:
                yield from rows(engine, image.release, "image", platform=platform, machine=machine)
        return
    line = _LINE.match(image.tail)
    suffix = line[0] if line else None
    if not _PLAIN.fullmatch(image.tail[len(suffix or "") :]):
        return
    kind = image.repository.rpartition("/")[2]
    made_for: Platform = "rocm" if kind.endswith("-rocm") else "cpu" if "cpu" in kind else "cuda"
    if kind.endswith("-xpu"):
        return
    for row in rows(engine, image.release, "image", platform=made_for, machine=machine):
        if row.suffix == suffix:
            yield row


def _of_program(model: Effective, host: Host) -> Candidate | None:
    """The package that a program belongs to: that of its folder, or the only one that is installed."""
    at = PurePosixPath(model.executable).parent.parent if model.executable and "/" in model.executable else None
    packages = [
        package
        for package in host.software.packages
        if package.name == model.engine and (at is None or PurePosixPath(package.folder).is_relative_to(at))
    ]
    if len(packages) == 1:
        return _of_package(packages[0], host)
    tools = [each for each in installed(host) if each.engine == model.engine and model.engine not in {"vllm", "sglang"}]
    return tools[0] if len(tools) == 1 and at is None else None


def _of_package(package: Package, host: Host) -> Candidate:
    release = package.version.partition("+")[0]
    platform = platform_of(package)
    is_wheel = any("manylinux" in tag for tag in package.tags)
    machine = _machine(host)
    found: tuple[Build, ...] = ()
    if platform and is_wheel and not (package.local or "").startswith("cu"):
        found = rows(package.name, release, "wheel", platform=platform, machine=machine)
    elif platform == "cpu":
        found = rows(package.name, release, "source", platform="cpu", machine=machine)
    kind = f", built for {TITLES[platform]}," if platform else ""
    what = f"{NAMES[package.name]} {package.version}{kind} in {package.folder.partition('/lib/python')[0]}"
    return Candidate(engine=package.name, artefact="installed", what=what, release=release, rows=found)


def platform_of(package: Package) -> Platform | None:
    """What an installed package is built for: what its version says, else what its compiled parts need."""
    local = package.local or ""
    for prefix, platform in _LOCAL.items():
        if local.startswith(prefix):
            return platform
    needs = " ".join(library for extension in package.extensions for library in extension.needs)
    names = {PurePosixPath(extension.path).name.partition(".")[0] for extension in package.extensions}
    if "_rocm_C" in names or "libamdhip64" in needs:
        return "rocm"
    if "libcudart" in needs or "_moe_C" in names:
        return "cuda"
    # A build for the CPU has its kernels in `_C` alone, since 0.17 once for each instruction set.
    return "cpu" if "_C" in names and package.name == "vllm" else None


_LOCAL: Final[dict[str, Platform]] = {"cpu": "cpu", "cu": "cuda", "rocm": "rocm"}


def _of_tool(engine: str, path: str, version: str | None, host: Host) -> Candidate:
    """A program that tells its release; llama.cpp has what it was built with, and only the CPU always."""
    release = f"b{version}" if version and version.isdecimal() and engine == "llama-cpp" else version
    platform: Platform | None = "cpu" if engine == "llama-cpp" else None
    found = rows(engine, release, "release", platform=platform, machine=_machine(host)) if release else ()
    what = f"{NAMES[engine]} {release or 'of an unknown release'} at {path}"
    seen = tuple(_with_kernels(found, host)) if engine == "ollama" else ()
    return Candidate(
        engine=engine, artefact="installed", what=what, release=release, rows=seen or found, is_vague=not seen
    )


def _with_kernels(found: tuple[Build, ...], host: Host) -> Iterator[Build]:
    """The rows of a release, with the targets that the kernels which came along are for."""
    copy = next((each for each in host.software.rocblas if "/ollama" in each.folder), None)
    for row in found if copy else ():
        if copy and row.platform == "rocm":
            yield replace(row, targets=copy.targets, note=None, source=f"the kernels in {copy.folder}")
        else:
            yield row
