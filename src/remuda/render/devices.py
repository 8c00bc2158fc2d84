"""Devices that a model is to have and the machine does not, where something is known of that machine.

What a target makes of a device that it knows nothing of is its own business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remuda.errors import Problem
from remuda.facts.names import expand
from remuda.render.contract import Request
from remuda.spec.form import label
from remuda.spec.merge import Effective

_GPU = re.compile(r"(?:cuda|rocm)(?:\d+|:all)")


def missing(request: Request) -> Iterator[Problem]:
    """GPUs that are named as Remuda counts them and are not there; a declared budget stands for one."""
    for model in request.models() if request.host.devices else ():
        for selector in filter(_GPU.fullmatch, model.devices or ()):
            names, _ = expand(request.host, (selector,))
            known = {device.name for device in request.host.devices} | request.fleet.residency.budget.keys()
            if not names or not known.issuperset(names):
                path = (*_owner(model), "devices")
                message = f"{label(path)} has `{selector}`, which the machine of these facts does not have"
                listed = ", ".join(f"`{device.name}`" for device in request.host.devices)
                yield Problem(message, path, hint=f"choose from {listed}")


def _owner(model: Effective) -> tuple[str, str]:
    return ("engines", model.engine) if model.entry.devices is None else ("models", model.model_id)
