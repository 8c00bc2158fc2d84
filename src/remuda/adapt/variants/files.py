"""Judges the Nix file of one variant by its name, by what is known of the field, and by the machine that builds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from remuda.adapt.variants.anatomy import Written, position
from remuda.adapt.variants.claims import claims
from remuda.errors import Position, Problem, SpecError
from remuda.knowledge import defects
from remuda.knowledge.defects import Defect
from remuda.plan.variants import matrix, names
from remuda.plan.variants.jobs import Jobs
from remuda.plan.variants.names import Name
from remuda.spec.variants import Line

ARCHIVE: Final = "https://github.com/NixOS/nixpkgs/archive/{}.tar.gz"
_JOBS: Final = re.compile(r"(?:NIX_BUILD_CORES = |\"-j|MAX_JOBS=)(\d+)")
_PLATFORMS: Final = ("x86_64-linux", "aarch64-linux")


def judge(file: Written, lines: tuple[Line, ...], jobs: Jobs) -> Iterator[Problem]:
    """Everything that is wrong with a file; `lines` are those that are known, by whose pins its own are compared."""
    yield from claims(file.text)
    yield from _hashes(file)
    yield from parallel(file.text, jobs)
    yield from _versions(file, lines)
    try:
        name = names.parse(file.path.stem)
    except SpecError as error:
        yield Problem(error.message, position=Position(1, 1), hint=error.hint)
        return
    yield from _agreement(file, name)
    yield from _combination(file, name)
    yield from _remedies(file, name)


def parallel(text: str, jobs: Jobs) -> Iterator[Problem]:
    """More compilers at once than the memory of the machine has room for."""
    for found in _JOBS.finditer(text):
        if int(found[1]) > jobs.each:
            message = f"{found[1]} jobs may take more than the {jobs.build.memory_gb} GB of the machine: {jobs}"
            yield Problem(message, position=position(text, found.start(1)), hint=f"write {jobs.each}")


def _hashes(file: Written) -> Iterator[Problem]:
    pin = file.value("pin")
    if pin and file.value("fetch") and file.value("pin_hash") is None:
        message = "the archive of nixpkgs has no hash: it could change, and pure evaluation refuses it"
        hint = f"add `sha256`, which `nix-prefetch-url --unpack {ARCHIVE.format(pin)}` tells"
        yield Problem(message, position=file.at("fetch"), hint=hint)
    if "fetchFromGitHub" in file.text and file.value("source_hash") is None:
        where = position(file.text, file.text.index("fetchFromGitHub"))
        yield Problem("the source has no hash", position=where, hint="add `hash`")


def _versions(file: Written, lines: tuple[Line, ...]) -> Iterator[Problem]:
    """The release, which is said up to three times, and follows from the pin unless the source is another."""
    pin, header = file.value("pin"), file.value("vllm")
    pinned = {line.vllm for line in lines if pin and line.nixpkgs.startswith(pin) and line.source is None}
    meant = file.value("override_vllm") or (pinned.pop() if len(pinned) == 1 else header)
    for field in ("vllm", "described_vllm"):
        value = file.value(field)
        if value and meant and value != meant:
            message = f"it says vLLM {value}, and builds {meant}"
            yield Problem(message, position=file.at(field), hint=f"write {meant}")
    torch = {line.torch for line in lines if pin and line.torch and line.nixpkgs.startswith(pin)}
    claimed = file.value("torch")
    if claimed and torch and claimed not in torch:
        message = f"it says PyTorch {claimed}, and that nixpkgs has {' or '.join(sorted(torch))}"
        yield Problem(message, position=file.at("torch"))


def _agreement(file: Written, name: Name) -> Iterator[Problem]:
    """What a file says that its name says as well."""
    expected: Mapping[str, tuple[str, str]] = {
        "name": ("`variantName`", file.path.stem),
        "capabilities": ("`cudaCapabilities`", f'"{name.capability}"'),
        "sm": ("`smCapability`", name.capability),
        "packages": ("the overlay", name.cuda.replace(".", "_")),
        "python": ("the package set", name.python.replace(".", "")),
        "isa": ("`cpuISA`", name.isa.isa),
    }
    for field, (what, value) in expected.items():
        if (written := file.value(field)) is not None and written != value:
            message = f"{what} has `{written}`, and the file's name says `{value}`"
            yield Problem(message, position=file.at(field), hint=f"write `{value}`, or rename the file")
    platform = file.value("platform")
    if platform is not None and platform != name.isa.platform:
        message = f"{name.isa.title} is an instruction set of {name.isa.platform}, and the platform is {platform}"
        yield Problem(message, position=file.at("platform"), hint=f"write `{name.isa.platform}`")


def _combination(file: Written, name: Name) -> Iterator[Problem]:
    """What cannot work, or is not known to."""
    vllm = file.value("override_vllm") or file.value("vllm")
    for reason in matrix.judge(vllm or "", name, _PLATFORMS) if vllm else ():
        if reason.state == "yes":
            continue
        source = f" ({reason.source})" if reason.source else ""
        message = f"{reason.message}{source}" + (f": {reason.note}" if reason.note else "")
        is_error = reason.state == "no"
        hint = "remove the file" if is_error else None
        yield Problem(message, (), Position(1, 1), hint, "error" if is_error else "warning")


def _remedies(file: Written, name: Name) -> Iterator[Problem]:
    """Overrides belong where the defect is that they are for, and nowhere else."""
    found: dict[str, Defect] = {row.part: row for row in defects.find(name.cuda, name.capability)}
    cases = (
        ("cccl", "bitsandbytes", file.value("dropped") is None, f"the CCCL of CUDA {name.cuda}"),
        ("cudnn", "cudnn", file.value("isa") is not None, f"cuDNN with {name.capability}"),
    )
    for part, field, is_built, subject in cases:
        row, is_there = found.get(part), file.value(field) is not None
        if row and is_built and not is_there:
            message = f"{row.message} ({row.source})"
            yield Problem(message, position=Position(1, 1), hint=f"build {row.remedy}")
        elif is_there and row is None:
            message = f"{subject} does not have the defect that this override is for"
            yield Problem(message, (), file.at(field), "remove the override", "warning")
