"""The names of PCI devices, from the list that distributions ship as `pci.ids`.

The list has 40,000 lines and a machine some GPUs, so it is searched and not read in.
"""

from __future__ import annotations

import re


def title(pci_ids: str, vendor: str, device: str) -> str | None:
    """What the list calls a device (`Vega 20 [Radeon Pro VII/Radeon Instinct MI50 32GB]`); None when it does not."""
    section = re.search(rf"^{vendor}  .*$((?:\n[\t#].*|\n$)*)", pci_ids, re.MULTILINE)
    found = re.search(rf"^\t{device}  (.*)$", section[1], re.MULTILINE) if section else None
    return found[1].strip() if found else None
