"""What of the machine the models need: drivers of GPUs, directories, and a firewall that stays closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from remuda.plan.plan import CONTAINERS
from remuda.render.contract import Request
from remuda.render.nix.expression import Entry, bind, call
from remuda.render.nix.value import value
from remuda.spec.merge import Effective


def entries(request: Request, models: Sequence[Effective], rules: Sequence[str]) -> Iterator[Entry]:
    """The options; `rules` are lines of systemd-tmpfiles."""
    on = value(data=True)
    contained = {kind for model in models if model.runtime in CONTAINERS for kind in _kinds(request, model)}
    others = {kind for model in models if model.runtime not in CONTAINERS for kind in _kinds(request, model)}
    if rules:
        yield bind("systemd.tmpfiles.rules", value(rules))
    if contained | others:
        yield bind("hardware.graphics.enable", on)
    if "cuda" in contained:
        yield bind("hardware.nvidia-container-toolkit.enable", on)
    for kind in sorted(others):
        yield bind(f"nixpkgs.config.{kind}Support", on)
    closed = "Engines listen at 127.0.0.1; nothing is opened for them."
    yield bind("networking.firewall.enable", call("lib.mkDefault", on), closed)


def _kinds(request: Request, model: Effective) -> set[str]:
    """`cuda` and `rocm`, as far as they are known by a device's name."""
    found = set()
    for name in model.devices or ():
        device = request.host.device(name)
        if name.startswith(("cuda", "nvidia.com/")) or (device is not None and device.kind == "cuda"):
            found.add("cuda")
        if name.startswith(("rocm", "amd.com/", "/dev/kfd")) or (device is not None and device.kind == "rocm"):
            found.add("rocm")
    return found
