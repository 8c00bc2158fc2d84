"""llama-swap as NixOS configures it: `services.llama-swap.settings`, or a file of Nix that is its configuration."""

from __future__ import annotations

from remuda.adapt.contract import Adapted, Remark, Source
from remuda.adapt.llama_swap import adapter
from remuda.adapt.module_text import options, with_data
from remuda.errors import Problem


def adapt(source: Source) -> Adapted:
    """The fleet."""
    found = options(source)
    settings = found["settings"] if "models" not in found and isinstance(found.get("settings"), dict) else found
    if not any(settings.get(key) for key in ("models", "peers")):
        message = "there are no models in it: expected `services.llama-swap.settings`, or a set with `models`"
        return Adapted(remarks=(Remark(source.path.name, Problem(message)),))
    return adapter.adapt(with_data(source, settings))
