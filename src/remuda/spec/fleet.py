"""The fleet file: its sections, and the smaller ones (`routes`, `residency`, `lint`) themselves.

The shape only. What keys mean together is judged by `remuda.spec.check` and decided by `remuda.spec.merge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Discriminator, Field, Tag

from remuda.spec.engine import EngineDefaults
from remuda.spec.gateway import Gateway
from remuda.spec.model import Model
from remuda.spec.values import SECTION, Bytes, Device, Text

NAME: Final = "(name)"
SPLIT: Final = "(split)"
"""The forms of a route."""


class Split(BaseModel):
    """A canary: requests are shared out among names by weight."""

    model_config = SECTION

    split: Mapping[Text, Annotated[int, Field(ge=0)]] = Field(
        min_length=1,
        description="Model, alias or route → weight; the weights need not add up to 100.",
        examples=[{"old": 90, "new": 10}],
    )


def _route_kind(value: object) -> str:
    return SPLIT if isinstance(value, dict | Split) else NAME


Route = Annotated[Annotated[Text, Tag(NAME)] | Annotated[Split, Tag(SPLIT)], Discriminator(_route_kind)]
"""A name, or a split over several."""


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
        default={}, description="Other names that clients may send: lanes (a name for a model) and canary splits."
    )
    residency: Residency = Field(default_factory=Residency, description="What may be in memory at the same time.")
    lint: Lint = Field(default_factory=Lint, description="How strictly conventions are checked.")
