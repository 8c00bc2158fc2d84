"""The fleet file: its sections, and the smaller ones (`residency`, `lint`) themselves.

The shape only. What keys mean together is judged by `remuda.spec.check` and decided by `remuda.spec.merge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from remuda.spec.engine import EngineDefaults
from remuda.spec.gateway import Gateway
from remuda.spec.model import Model
from remuda.spec.nix import Nix
from remuda.spec.route import Route
from remuda.spec.values import SECTION, Bytes, Count, Device, Duration, Text, Timeout


class Group(BaseModel):
    """Models that take turns, as llama-swap's groups do."""

    model_config = SECTION

    members: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] = Field(
        description="The models of the group; a model may be in one group.", examples=[["a", "b"]]
    )
    swap: bool = Field(default=True, description="Whether only one of the members may be up at a time.")
    exclusive: bool = Field(default=True, description="Whether loading a member unloads the models of other groups.")
    persistent: bool = Field(default=False, description="Whether loading models of other groups leaves this one alone.")


class Residency(BaseModel):
    """What may be in memory at the same time."""

    model_config = SECTION

    budget: Mapping[Device, Bytes] = Field(
        default={},
        description="What Remuda may use of a device; otherwise what is free.",
        examples=[{"cuda0": "23GiB", "cpu": "64GiB"}],
    )
    sets: Mapping[Text, Text] = Field(
        default={},
        description="Models that may be up together: `&` together, `|` either, parentheses, `+name` another set. "
        "Otherwise whatever fits.",
        examples=[{"pair": "(a | b) & c"}],
    )
    evict_costs: Mapping[Text, Count] = Field(
        default={},
        description="What it costs to evict a model where the sets leave a choice; 1 for every other.",
        examples=[{"a": 10}],
    )
    groups: Mapping[Text, Group] = Field(
        default={}, description="Groups of models that take turns, instead of sets; all other models form one more."
    )
    reserve: Mapping[Device, Bytes] = Field(
        default={},
        description="What stays free of a device, beside what Remuda and others use.",
        examples=[{"cuda0": "1GiB"}],
    )
    min_residency_s: Duration = Field(
        default=0.0,
        alias="min_residency",
        description="How long a freshly loaded model is not evicted for another, as far as `max_wait` allows.",
        examples=["30s"],
        json_schema_extra={"default": 0},
    )
    max_wait_s: Timeout = Field(
        default=120.0,
        alias="max_wait",
        description="After how long of waiting nothing that was asked for later, and needs the same room, goes before.",
        json_schema_extra={"default": "2m"},
    )


class Lint(BaseModel):
    """How strictly conventions are checked."""

    model_config = SECTION

    model_ids: Literal["off", "warning", "error"] = Field(
        default="warning",
        description="Model IDs that are not `<family>-<size>[-backend/variant][-context][-vl]-<placement>`.",
    )
    verdicts: Literal["off", "warning", "error"] = Field(
        default="error",
        description="Models whose build cannot run on the device that they are placed on, as far as that is certain.",
    )


class Fleet(BaseModel):
    """A fleet: the models of a host, how they are run, and the names under which they answer."""

    model_config = SECTION

    gateway: Gateway = Field(default_factory=Gateway, description="Where Remuda answers, and who may ask.")
    engines: Mapping[Text, EngineDefaults] = Field(default={}, description="Defaults for every model of an engine.")
    models: Mapping[Text, Model] = Field(description="The models, by the ID that clients send.")
    routes: Mapping[Text, Route] = Field(
        default={},
        description="Other names that clients may send: lanes (a name for a model) and choices among several.",
    )
    residency: Residency = Field(default_factory=Residency, description="What may be in memory at the same time.")
    nix: Nix | None = Field(default=None, description="What `remuda render flake` builds engines from.")
    lint: Lint = Field(default_factory=Lint, description="How strictly conventions are checked.")
