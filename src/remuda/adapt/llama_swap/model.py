"""One model of the configuration → one entry of `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from remuda.adapt.llama_swap import unsaid
from remuda.adapt.llama_swap.capabilities import capabilities
from remuda.adapt.llama_swap.command import Command
from remuda.adapt.llama_swap.requests import Changes, changes
from remuda.adapt.llama_swap.section import Section
from remuda.adapt.llama_swap.start import started
from remuda.adapt.llama_swap.tree import Node
from remuda.engines import ollama
from remuda.spec.document import Path
from remuda.spec.model import Model

_ORDER: Final = {about.alias or name: index for index, (name, about) in enumerate(Model.model_fields.items())}
_COMFY: Final = "comfyui_auto"


@dataclass(slots=True)
class Made:
    """A model: its keys, the names beside its own and where they are written, and what requests by them change."""

    source_id: str
    section: Section
    keys: dict[str, Any]
    names: dict[str, Node] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    queue: int | None = None
    notes: dict[Path, str] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """The keys in the order in which the reference has them."""
        return {key: self.keys[key] for key in sorted(self.keys, key=_ORDER.__getitem__)}


@dataclass(frozen=True, slots=True)
class Given:
    """What the configuration says for all models. `port` is the model's own; `is_fixed` if others are told it."""

    port: int | None
    is_fixed: bool = False
    ttl_s: int = 0


def model(source_id: str, section: Section, given: Given) -> Made | None:
    """A model; None, and said, where there is nothing to run."""
    found = started(section, source_id, given.port)
    if found is None:
        return None
    if given.is_fixed and "url" not in found.keys:
        found.notes.setdefault(("port",), "as llama-swap would give it, since it is named elsewhere")
        found.keys.setdefault("port", given.port)
    made = Made(source_id, section, found.keys, notes=found.notes)
    _presented(made)
    _served(made, found)
    _lasting(made, given)
    unsaid.tell(section, unsaid.MODEL)
    if source_id == _COMFY:
        message = f"{section.label()} has no path `/comfyui` here: ask below `/upstream/{_COMFY}/`"
        section.context.said.warn(section.node.key, message, path=section.fleet_path)
    section.rest()
    return made


def _presented(made: Made) -> None:
    section = made.section
    about = section.data("metadata")
    if description := section.text("description"):
        about = {"description": description} | about
    title = section.text("name")
    made.keys |= {key: value for key, value in (("name", title), ("metadata", about)) if value}
    if section.flag("unlisted"):
        made.keys["unlisted"] = True
    made.keys |= capabilities(section, made.keys)


def _served(made: Made, found: Command) -> None:
    section = made.section
    name = section.text("useModelName") or found.name
    if name and name != made.source_id and made.keys.get("engine") != ollama.NAME:
        made.keys["served_name"] = name
    made.names = dict(section.texts("aliases"))
    made.changes = changes(section)
    made.keys |= made.changes.keys()
    made.queue = section.whole("concurrencyLimit")


def _lasting(made: Made, given: Given) -> None:
    section = made.section
    seconds = section.whole("ttl")
    if seconds is not None and seconds < -1:
        section.context.said.refuse(section.node.pairs["ttl"], f"{section.label('ttl')} must not be negative")
    ttl_s = given.ttl_s if seconds in (None, -1) else seconds or 0
    if ttl_s > 0 and "url" not in made.keys:
        made.keys["ttl"] = duration(ttl_s)


def duration(seconds: int) -> str:
    """Seconds in the largest unit that says them in whole numbers."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
