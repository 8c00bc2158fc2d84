"""The Nix expression of one variant: vLLM of a pinned nixpkgs, with its overrides, for one card and processor.

Overrides are one overlay, whose Python part extends what other overlays did (`pythonPackagesExtensions`), so that torch
and everything that is linked with it are the same one. The pin is the default of an argument: whoever has that nixpkgs
already passes it, and nothing is fetched. The platform is written down, as nothing may depend on the machine that
evaluates.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from remuda.knowledge import cuda
from remuda.knowledge.cuda import Toolkit
from remuda.plan.variants.jobs import Jobs
from remuda.plan.variants.listing import remark
from remuda.plan.variants.matrix import Variant
from remuda.plan.variants.names import cuda_tag, sm
from remuda.render.nix.expression import (
    Binding,
    Entry,
    Expression,
    File,
    Function,
    Let,
    List,
    Name,
    Operation,
    Pattern,
    Select,
    Set,
    bind,
    call,
    ref,
    text,
)
from remuda.render.nix.value import prose, value

ARCHIVE: Final = "https://github.com/NixOS/nixpkgs/archive/{}.tar.gz"
_WIDTH: Final = 98


def expression(variant: Variant, allowed: Jobs, pin_hash: str) -> File:
    """The whole file; `pin_hash` is the hash of the archive of nixpkgs."""
    url = ARCHIVE.format(variant.spec.nixpkgs)
    fetched = call("fetchTarball", _set(bind("url", text(url)), bind("sha256", text(pin_hash))))
    python = variant.name.python.replace(".", "")
    package = call(ref(f"pkgs.python{python}Packages.vllm.overrideAttrs"), Function("old", _vllm(variant, allowed)))
    body = Let((Binding(("pkgs",), _pkgs(variant, allowed)),), package)
    return File(Function(Pattern({"pinned": fetched}), body), "\n".join(_header(variant, allowed)))


def describe(variant: Variant) -> str:
    """What the package is, in a line."""
    name = variant.name
    card = cuda.capability(name.capability)
    family = f"NVIDIA {card.architecture} (SM{sm(name.capability)})" if card else f"SM{sm(name.capability)}"
    return f"vLLM {variant.spec.vllm} for {family}, CUDA {name.cuda}, {name.isa.title}"


def _header(variant: Variant, allowed: Jobs) -> Iterator[str]:
    name = variant.name
    yield describe(variant)
    if card := cuda.capability(name.capability):
        yield from textwrap.wrap(f"Cards: {', '.join(card.cards)}", _WIDTH)
    if toolkit := cuda.toolkit(name.cuda):
        yield from textwrap.wrap(_driver(toolkit), _WIDTH)
    yield f"Jobs: {allowed}"
    for line in filter(None, (remark(variant), *(defect.message for defect in variant.defects))):
        yield from textwrap.wrap(f"Note: {line}", _WIDTH)
    yield f"Written by `remuda variants render` from the line `{variant.line}`."


def _driver(row: Toolkit) -> str:
    own = f"driver {row.driver} or newer" if row.driver else "its driver is not known"
    return f"CUDA {row.version}: {own}; binary code runs from {row.floor} on (minor version compatibility)"


def _pkgs(variant: Variant, allowed: Jobs) -> Expression:
    name = variant.name
    config = {"allowUnfree": True, "cudaSupport": True, "cudaCapabilities": [name.capability]}
    arguments = (
        bind("system", text(name.isa.platform)),
        Binding(("config",), value(config)),
        Binding(("overlays",), List((_overlay(variant, allowed),))),
    )
    return call("import", Name("pinned"), _set(*arguments))


def _overlay(variant: Variant, allowed: Jobs) -> Expression:
    entries: list[Entry] = [bind("cudaPackages", ref(f"final.{_packages(variant.name.cuda)}"))]
    if overrides := tuple(_overrides(variant, allowed)):
        extension = Function("pythonFinal", Function("pythonPrev", Set(overrides)))
        extensions = Operation("++", (ref("prev.pythonPackagesExtensions"), List((extension,))))
        entries.append(bind("pythonPackagesExtensions", extensions))
    return Function("final", Function("prev", Set(tuple(entries))))


def _packages(toolkit: str) -> str:
    return f"cudaPackages_{toolkit.replace('.', '_')}"


def _overrides(variant: Variant, allowed: Jobs) -> Iterator[Entry]:
    """What of the Python packages is not as nixpkgs has it, each for its reason."""
    parts = {defect.part: defect for defect in variant.defects}
    if variant.name.isa.flags or "cudnn" in parts:
        yield Binding(("torch",), _torch(variant, allowed, has_cudnn="cudnn" not in parts))
    if "cccl" in parts:
        flags = Operation("++", (_old("cmakeFlags", List()), value([f"-DCOMPUTE_CAPABILITY={_digits(variant)}"])))
        changed = Function("old", _set(bind("cmakeFlags", flags)))
        yield Binding(("bitsandbytes",), call("pythonPrev.bitsandbytes.overrideAttrs", changed))


def _torch(variant: Variant, allowed: Jobs, *, has_cudnn: bool) -> Expression:
    name = variant.name
    flags = " ".join(name.isa.flags)
    lines = [f'export {variable}="{flags} ${variable}"' for variable in ("CFLAGS", "CXXFLAGS") if flags]
    lines += [f"export MAX_JOBS={allowed.each}", *(() if has_cudnn else ("export USE_CUDNN=0",))]
    targets = _set(bind("cudaSupport", Name("true")), Binding(("gpuTargets",), value([name.capability])))
    commands = prose("".join(f"{line}\n" for line in lines))
    suffix = f"-{name.isa.suffix}" if name.isa.suffix else ""
    attributes = _set(
        bind("pname", text(f"torch-{cuda_tag(name.cuda)}-sm{_digits(variant)}{suffix}")),
        Binding(("requiredSystemFeatures",), value(["big-parallel"])),
        bind("NIX_BUILD_CORES", value(allowed.each)),
        bind("preConfigure", Operation("+", (_old("preConfigure", text("")), commands))),
    )
    overridden = Select(call("pythonPrev.torch.override", targets), ("overrideAttrs",))
    return call(overridden, Function("old", attributes))


def _vllm(variant: Variant, allowed: Jobs) -> Expression:
    meta = {"description": describe(variant), "platforms": [variant.name.isa.platform]}
    return _set(
        bind("pname", text(str(variant.name))),
        *_source(variant),
        Binding(("requiredSystemFeatures",), value(["big-parallel"])),
        bind("NIX_BUILD_CORES", value(allowed.each)),
        bind("meta", Operation("//", (ref("old.meta"), value(meta)))),
    )


def _source(variant: Variant) -> Iterator[Entry]:
    """A vLLM that is not the one of the pin."""
    source = variant.spec.source
    if source is None:
        return
    fetched = {"owner": "vllm-project", "repo": "vllm", "tag": source.tag, "hash": source.hash}
    yield bind("version", text(variant.spec.vllm))
    yield bind("src", call("pkgs.fetchFromGitHub", value(fetched)))


def _old(name: str, default: Expression) -> Expression:
    return Select(Name("old"), (name,), default)


def _digits(variant: Variant) -> str:
    return sm(variant.name.capability)


def _set(*entries: Entry) -> Set:
    return Set(entries)
