"""The render targets: one pure module or package each, and the table of all of them.

Adding one is a module with the names of `contract.Target`, a line in `_ALL`, and a folder of cases in `tests/render`.
"""

from __future__ import annotations

from collections.abc import Mapping

from remuda.render import llmhop, nixos_llama_swap
from remuda.render.compose import target as compose
from remuda.render.contract import Target
from remuda.render.flake import target as flake
from remuda.render.llama_swap import target as llama_swap
from remuda.render.nixos import target as nixos
from remuda.render.nixos_llmhop import target as nixos_llmhop
from remuda.render.quadlet import target as quadlet
from remuda.render.systemd import target as systemd

_ALL: tuple[Target, ...] = (
    *(quadlet, systemd, compose, llama_swap, llmhop),
    *(nixos, nixos_llmhop, nixos_llama_swap, flake),
)

TARGETS: Mapping[str, Target] = {target.NAME: target for target in _ALL}
"""Every target, by the name that the command line uses; in the order in which they are presented."""
