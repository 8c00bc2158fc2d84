"""Makes a tree of variants as people keep it by hand, with the claims that such a tree really made.

Every variant of a line is a Nix file of the usual anatomy; `README.md` and `CLAUDE.md` have tables about them. `claims`
changes what the files say, so that a test can ask for one mistake at a time, or for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from remuda.knowledge.rows import text
from remuda.plan.variants.matrix import Variant, variants
from remuda.plan.variants.names import sm
from remuda.spec.variants import Variants, read

FILE: Variants = read(text("variants.yaml"), "variants.yaml")[0]
PKGS = PurePath(".flox/pkgs")
CARDS: Mapping[str, str] = {
    "6.1": "P40, GTX 1080 Ti",
    "7.0": "V100, Titan V",
    "7.5": "T4, RTX 2080 Ti",
    "8.0": "A100, A30",
    "8.6": "RTX 3090, A40",
    "8.9": "RTX 4090, L4, L40",
    "9.0": "H100, H200, L40S",
    "10.0": "B100, B200, GB200",
    "10.3": "B300, GB300",
    "12.0": "RTX 5090, RTX PRO 6000",
}


@dataclass(frozen=True)
class Claims:
    """What the files say: the original claims unless a test says otherwise."""

    drivers: Mapping[str, str] = field(default_factory=lambda: {"12.9": "560", "12.8": "550"})
    cards: Mapping[str, str] = field(default_factory=lambda: CARDS)
    pin_hash: str | None = None
    cores: int = 16
    main_torch: str = "2.10.0"
    torch: str = "compiled by the vendor, a pre-built wheel"
    overrides_everywhere: bool = True


TRUE = Claims(
    drivers={"12.9": "575", "12.8": "570"},
    cards={**CARDS, "9.0": "H100, H200"},
    pin_hash="0" * 52,
    cores=15,
    main_torch="2.9.1",
    torch="compiled from source",
    overrides_everywhere=False,
)
"""The same with nothing wrong in it."""


def wanted(line: str) -> list[Variant]:
    """The variants that a tree of this line has: all that build."""
    return [each for each in variants(line, FILE.lines[line]) if each.is_wanted(force=True)]


def tree(line: str, claims: Claims | None = None, found: list[Variant] | None = None) -> dict[PurePath, str]:
    """The texts of the tree by their paths."""
    told = claims or Claims()
    members = wanted(line) if found is None else found
    files = {PKGS / f"{each.name}.nix": nix(each, told) for each in members}
    pages = {PurePath("README.md"): readme(members, told), PurePath("CLAUDE.md"): branches(told)}
    return {**files, **pages}


def nix(variant: Variant, claims: Claims) -> str:
    """One file."""
    name, spec = variant.name, variant.spec
    tag, python = name.cuda.replace(".", "_"), f"python{name.python.replace('.', '')}"
    parts = {defect.part for defect in variant.defects}
    pin = [f'    sha256 = "{claims.pin_hash}";'] if claims.pin_hash else []
    source = spec.source
    cards = f"SM{sm(name.capability)}: {claims.cards[name.capability]}"
    lines = [
        f"# vLLM {spec.vllm} for {cards} with {name.isa.title}",
        f"# CUDA {name.cuda}, NVIDIA driver {claims.drivers[name.cuda]}+",
        *([f"# PyTorch {spec.torch} of our own"] if name.isa.flags else []),
        "{ pkgs ? import <nixpkgs> {} }:",
        "let",
        "  nixpkgs_pinned = import (builtins.fetchTarball {",
        f'    url = "https://github.com/NixOS/nixpkgs/archive/{spec.nixpkgs}.tar.gz";',
        *pin,
        "  }) {",
        f'    config = {{ cudaSupport = true; cudaCapabilities = [ "{name.capability}" ]; }};',
        f"    overlays = [ (final: prev: {{ cudaPackages = final.cudaPackages_{tag}; }}) ];",
        "  };",
        f'  smCapability = "{name.capability}";',
        f'  variantName = "{name}";',
        *([f"  cpuISA = (import ./lib/cpu-isa.nix).{name.isa.isa};"] if name.isa.flags else []),
        f'  platform = "{name.isa.platform}";',
        *(['  preConfigure = "export USE_CUDNN=0";'] if "cudnn" in parts and name.isa.flags else []),
        *(['  cmakeFlags = [ "-DCOMPUTE_CAPABILITY=${smCapability}" ];']
          if "cccl" in parts or claims.overrides_everywhere else []),
        "in",
        f"  nixpkgs_pinned.{python}Packages.vllm.overrideAttrs (old: {{",
        "    pname = variantName;",
        *([f'    version = "{spec.vllm}";', "    src = nixpkgs_pinned.fetchFromGitHub {",
           f'      tag = "{source.tag}"; hash = "{source.hash}";', "    };"] if source else []),
        f"    NIX_BUILD_CORES = {claims.cores};",
        f'    meta.description = "vLLM {spec.vllm} for {cards} [CUDA {name.cuda}]";',
        "  })",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def readme(found: list[Variant], claims: Claims) -> str:
    """The page about a tree."""
    numbers = dict.fromkeys(each.name.capability for each in found)
    toolkits = dict.fromkeys(each.name.cuda for each in found)
    return "\n".join(
        [
            "# Builds\n",
            "| Component | Version | Notes |\n|---|---|---|",
            f"| vLLM | {found[0].spec.vllm} | |",
            f"| PyTorch | {found[0].spec.torch} | {claims.torch} |\n",
            "| CUDA | Driver |\n|---|---|",
            *(f"| {each} | {claims.drivers[each]}+ |" for each in toolkits),
            "\n| SM | GPUs |\n|---|---|",
            *(f"| SM{sm(each)} | {claims.cards[each]} |" for each in numbers),
            f"\n### Total: {len(found)} variants\n",
            f"Build one with `flox build {found[0].name}`.",
        ]
    )


def branches(claims: Claims) -> str:
    """The page with the table of branches."""
    return (
        "| Branch | vLLM | Nixpkgs Pin | PyTorch |\n|---|---|---|---|\n"
        f"| `main` | 0.15.1 | `0182a36` | {claims.main_torch} |\n"
        "| `vllm-0.14.0` | 0.14.0 | `46336d4` | 2.9.1 |\n"
    )
