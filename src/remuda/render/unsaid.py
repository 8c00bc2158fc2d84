"""What a target has no words for: every key of the fleet file that is set and not rendered is told by name.

A target says of each key of a model, an engine, `residency` and `gateway` that it renders it, or why not; a test
holds that no key is missing from its tables, so that a new key cannot be dropped silently. What is not rendered is a
warning: the files are good without it. What would make them wrong, a target refuses itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from remuda.errors import Problem
from remuda.render.contract import Request
from remuda.spec.form import label


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Why a target does not render keys, by the names that the fleet file uses; `program` is what it is made for."""

    program: str
    model: Mapping[str, str] = field(default_factory=dict)
    engine: Mapping[str, str] = field(default_factory=dict)
    residency: Mapping[str, str] = field(default_factory=dict)
    gateway: Mapping[str, str] = field(default_factory=dict)
    key: Mapping[str, str] = field(default_factory=dict)

    def problems(self, request: Request) -> Iterator[Problem]:
        """A warning for each key that is set."""
        fleet = request.fleet
        yield from self._of(("gateway",), fleet.gateway, self.gateway)
        for number, key in enumerate(fleet.gateway.keys):
            yield from self._of(("gateway", "keys", number), key, self.key)
        for name in dict.fromkeys(model.engine for model in request.models()):
            if name in fleet.engines:
                yield from self._of(("engines", name), fleet.engines[name], self.engine)
        for model in request.models():
            yield from self._of(("models", model.model_id), model.entry, self.model)
        yield from self._of(("residency",), fleet.residency, self.residency)

    def _of(self, above: tuple[str | int, ...], section: BaseModel, reasons: Mapping[str, str]) -> Iterator[Problem]:
        for key, reason in reasons.items():
            if is_set(section, key):
                path = (*above, key)
                message = f"{label(path)} is not rendered for {self.program}: {reason}"
                yield Problem(message, path=path, severity="warning")


def is_set(section: BaseModel, key: str) -> bool:
    """Whether the file gives a key another value than its default."""
    for name, about in type(section).model_fields.items():
        if (about.alias or name) == key:
            return name in section.model_fields_set and getattr(section, name) != about.get_default(
                call_default_factory=True, validated_data={}
            )
    raise KeyError(key)
