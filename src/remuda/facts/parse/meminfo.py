"""Linux's `/proc/meminfo`: the machine's memory."""

from __future__ import annotations

from remuda.facts.device import Device

_KIB = 1024


def cpu(meminfo: str) -> Device:
    """The device `cpu`: all memory, and what can be had without swapping (`MemAvailable`, not `MemFree`).

    Raises KeyError when the text is not a meminfo of Linux 3.14 or later.
    """
    kib = {
        name.strip(): int(amount.split()[0])
        for name, _, amount in (line.partition(":") for line in meminfo.splitlines())
    }
    return Device(name="cpu", title="CPU", total_bytes=kib["MemTotal"] * _KIB, free_bytes=kib["MemAvailable"] * _KIB)
