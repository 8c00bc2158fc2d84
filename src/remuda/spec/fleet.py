"""The fleet file: its sections, and the smaller ones (`residency`, `lint`) themselves.

The shape only. What keys mean together is judged by `remuda.spec.check` and decided by `remuda.spec.merge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field

from remuda.spec.engine import EngineDefaults
from remuda.spec.gateway import Gateway
from remuda.spec.model import Model
from remuda.spec.route import Route
from remuda.spec.values import SECTION, Bytes, Device, Text


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


class Lint(BaseModel):
    """How strictly conventions are checked."""

    model_config = SECTION

    model_ids: Literal["off", "warning", "error"] = Field(
        default="warning",
        description="Model IDs that are not `<family>-<size>[-backend/variant][-context][-vl]-<placement>`.",
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
    lint: Lint = Field(default_factory=Lint, description="How strictly conventions are checked.")
