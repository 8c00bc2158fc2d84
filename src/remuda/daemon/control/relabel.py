"""The metrics of several engines in one page: each sample says whose it is, and no family is declared twice.

A label of the engine's own that has the name of one of ours is kept as `exported_…`, as Prometheus does when it scrapes
(`honor_labels: false`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

# prometheus_client would give them the ending that OpenMetrics wants, and a name that no dashboard knows.
_ODD_COUNTER = re.compile(r"^(# TYPE \S+(?<!_total)) counter[ \t]*$", re.MULTILINE)
_ODD_CHARACTER = re.compile(r"[^a-zA-Z0-9_:]")
_WITHIN_GROUP = {"le", "quantile"}


@dataclass(frozen=True, slots=True)
class Source:
    """Whose metrics they are."""

    model: str
    engine: str
    instance: str

    @property
    def labels(self) -> dict[str, str]:
        """What every sample is given."""
        return {"model": self.model, "engine": self.engine, "instance": self.instance}


@dataclass(frozen=True, slots=True)
class Page:
    """The metrics of one engine, as it tells them; None when it did not."""

    source: Source
    text: bytes | None


def merged(own: Iterable[Metric], pages: Sequence[Page]) -> list[Metric]:
    """All families, each once. Those of the same name but of another type become untyped."""
    up = GaugeMetricFamily(
        "remuda_engine_metrics_up", "Whether the engine told its metrics.", labels=("model", "engine", "instance")
    )
    families = {family.name: family for family in own}
    for page in pages:
        read = _read(page)
        up.add_metric(tuple(page.source.labels.values()), 0 if read is None else 1)
        for family in read or ():
            _merge(families, family)
    for name in [name for name in families if name.endswith("_created")]:
        _join_created(families, name)
    for family in families.values():
        family.samples.sort(key=_group)
    return [*families.values(), *([up] if pages else [])]


def _read(page: Page) -> list[Metric] | None:
    if page.text is None:
        return None
    text = _ODD_COUNTER.sub(r"\1 untyped", page.text.decode(errors="replace"))
    try:
        families = list(text_string_to_metric_families(text))
    except (ValueError, IndexError, KeyError):
        return None
    for family in families:
        family.name = _plain(family.name)
        family.samples = [_relabelled(sample, page.source.labels) for sample in family.samples]
    return families


def _relabelled(sample: Sample, ours: dict[str, str]) -> Sample:
    labels = {}
    for label, value in sample.labels.items():
        name = _plain(label).replace(":", "_")
        while name in ours or name in labels:
            name = f"exported_{name}"
        labels[name] = value
    return sample._replace(name=_plain(sample.name), labels={**labels, **ours})


def _plain(name: str) -> str:
    """A name that everybody can read; only who asks for it may be given others, which Prometheus 3 has."""
    return _ODD_CHARACTER.sub("_", name)


def _merge(families: dict[str, Metric], family: Metric) -> None:
    known = families.setdefault(family.name, family)
    if known is not family:
        known.samples += family.samples
        if known.type != family.type:
            known.type = "unknown"


def _join_created(families: dict[str, Metric], name: str) -> None:
    """When a counter began to count is told by a family of its own in Prometheus's text, but not in OpenMetrics."""
    parent = families.get(name.removesuffix("_created"))
    if parent is not None and parent.type in {"counter", "histogram", "summary"}:
        parent.samples += families.pop(name).samples


def _group(sample: Sample) -> tuple[tuple[str, str], ...]:
    """OpenMetrics wants samples with the same labels together; within them the order stays."""
    return tuple(sorted(label for label in sample.labels.items() if label[0] not in _WITHIN_GROUP))
