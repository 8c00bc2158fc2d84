"""The variants of lines as rows of a table, for the command line and the page that stands beside the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from remuda.knowledge import cuda
from remuda.plan.variants.jobs import Jobs
from remuda.plan.variants.matrix import Variant
from remuda.plan.variants.names import sm

_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One variant. `driver` is the one of its CUDA, `floor` the oldest by minor version compatibility."""

    line: str
    name: str
    state: str
    cards: tuple[str, ...]
    cuda: str
    driver: str | None
    floor: str | None
    platform: str
    disk_gb: int | None
    memory_gb: tuple[int, int]
    remark: str | None

    @property
    def cells(self) -> tuple[str, ...]:
        """As a table shows it, in the order of `HEAD`."""
        more = ", …" if len(self.cards) > _SHOWN else ""
        low, high = self.memory_gb
        driver = f"{self.driver or '?'}+"
        disk = f"{self.disk_gb} GB" if self.disk_gb else "?"
        cards = ", ".join(self.cards[:_SHOWN]) + more
        return self.name, cards, self.cuda, driver, self.platform, disk, f"{low}-{high} GB", self.remark or ""


HEAD: Final = ("variant", "GPUs", "CUDA", "driver", "platform", "disk", "memory to build", "")


def rows(variants: Iterable[Variant], allowed: Jobs) -> Iterator[Row]:
    """The rows, in the order of the variants."""
    for variant in variants:
        name = variant.name
        card, toolkit = cuda.capability(name.capability), cuda.toolkit(name.cuda)
        yield Row(
            line=variant.line,
            name=str(name),
            state=variant.state,
            cards=card.cards if card else (f"SM{sm(name.capability)}",),
            cuda=name.cuda,
            driver=toolkit.driver if toolkit else None,
            floor=toolkit.floor if toolkit else None,
            platform=name.isa.platform,
            disk_gb=variant.spec.disk_gb,
            memory_gb=allowed.range_gb,
            remark=remark(variant),
        )


def remark(variant: Variant) -> str | None:
    """Why a variant is doubtful, or there only because somebody insists."""
    if variant.state == "yes":
        return None
    word = "doubtful" if variant.state == "unknown" else "forced"
    return f"{word}: {variant.reasons[0].message}"
