"""The GPUs of a service, by every way in which compose can give it some.

All ways come to one: the numbers and names of NVIDIA's GPUs as its container toolkit counts them, which is NVML's order
and so that of `cuda0`; device nodes and CDI names stay what they are, for what reads them elsewhere
(`remuda.adapt.container`).

Sources: the Compose specification, deploy.resources.reservations.devices and services.gpus; the NVIDIA Container
Toolkit's documentation of NVIDIA_VISIBLE_DEVICES.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from remuda.adapt.compose.tree import Report, Value

VISIBLE: Final = "NVIDIA_VISIBLE_DEVICES"
_NAME: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9._:/=-]*")


def requested(service: Value, report: Report) -> tuple[str, ...] | None:
    """The GPUs that a service reserves: `all`, or numbers and names; None if it reserves none.

    A count of some, not saying which, is so many of the first.
    """
    found: list[str] = []
    for request in _requests(service):
        found += _request(request, report)
    if "all" in found:
        return ("all",)
    return tuple(dict.fromkeys(found)) or None


def _requests(service: Value) -> Iterator[Value]:
    yield from service.get("deploy", "resources", "reservations", "devices").items
    gpus = service.get("gpus")
    if gpus.text:
        yield gpus.of({"count": gpus})
    else:
        yield from gpus.items


def _request(request: Value, report: Report) -> list[str]:
    driver = request.get("driver").text
    capabilities = {item.text for item in request.get("capabilities").items}
    if driver not in ("", "nvidia", "cdi") or not capabilities <= {"gpu", "utility", "compute", "nvidia", "video"}:
        what = driver or ", ".join(sorted(capabilities))
        report.warn(request, f"the reserved devices `{what}` are left out: only NVIDIA's GPUs are known here")
        return []
    if request.get("options").pairs:
        report.warn(request.get("options"), "`options` of the reserved devices is left out: Remuda has no word for it")
    if ids := [name for item in request.get("device_ids").items for name in item.text.split(",")]:
        for name in ids:
            if not _NAME.fullmatch(name):
                report.warn(request, f"the reserved device `{name}` is left out: expected a number or a UUID")
        return [name for name in ids if _NAME.fullmatch(name)]
    count = request.get("count")
    if count.text.isdecimal() and int(count.text) > 0:
        wanted = min(int(count.text), 64)
        message = f"{wanted} GPUs are reserved, not which: the first {wanted} are taken" if wanted > 1 else ""
        report.warn(count, message or "one GPU is reserved, not which: the first one is taken", "check `devices`")
        return [str(number) for number in range(wanted)]
    return ["all"] if count.text in ("", "all", "-1") else []
