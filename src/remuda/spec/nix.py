"""The `nix` section: from what `remuda render flake` builds engines.

The shape only; `remuda.spec.rules.nix` judges forms, and `remuda.render.flake` what the pinned nixpkgs can build.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from remuda.spec.values import SECTION, Text

System = Literal["x86_64-linux", "aarch64-linux"]
"""A kind of machine, as Nix names it."""


class Wheel(BaseModel):
    """A wheel that is used instead of what nixpkgs builds: one of `url`, `file` and `path`."""

    model_config = SECTION

    url: Text | None = Field(default=None, description="Where it is downloaded from; needs `hash`.")
    file: Text | None = Field(
        default=None, description="Its name; whoever builds adds the file to the Nix store first. Needs `hash`."
    )
    path: Text | None = Field(
        default=None,
        description="Where it lies inside of the flake, in the directory that is rendered to.",
        examples=["wheels/vllm-0.12.0+rocm711-cp311-cp311-linux_x86_64.whl"],
    )
    hash: Text | None = Field(default=None, description="Its hash as Nix writes it: `sha256-…=`.")

    @property
    def name(self) -> str:
        """The name of the file."""
        return (self.url or self.file or self.path or "").rpartition("/")[2].replace("%2B", "+")


class Nix(BaseModel):
    """What `remuda render flake` builds engines from."""

    model_config = SECTION

    nixpkgs: Text = Field(
        description="Commit of nixpkgs, in full.", examples=["00fa62a8a25a98990e2389bd8ab7d0b91e3cb352"]
    )
    date: Text | None = Field(
        default=None,
        description="Day of that commit, so that what is known to be broken in it is refused at once. Without it the "
        "flake refuses when it is evaluated.",
        examples=["2026-06-01"],
    )
    systems: Annotated[tuple[System, ...], Field(strict=False, min_length=1)] = Field(
        default=("x86_64-linux", "aarch64-linux"), description="Machines that the flake has packages for."
    )
    targets: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(),
        description="GPUs that engines are compiled for: compute capabilities and gfx targets. Otherwise as nixpkgs "
        "chooses.",
        examples=[["8.9", "gfx1100"]],
    )
    wheels: Mapping[Literal["cpu", "cuda", "rocm"], Annotated[tuple[Wheel, ...], Field(strict=False)]] = Field(
        default={}, description="Wheels by what they are built for, instead of packages of nixpkgs."
    )
