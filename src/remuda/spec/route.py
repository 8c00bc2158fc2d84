"""The forms of a route: a name that clients may ask for and that leads to models.

A target is a model, an alias or another route, so that the forms can stand inside one another by name. The form is
chosen by the key that names it, before anything is judged, so that a mistake gives one problem and not one for each
form. How a route chooses is `remuda.gateway.routes`' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, Discriminator, Field, Tag

from remuda.spec.values import SECTION, Affinity, Count, SetParams, StripParams, Text

Targets = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
"""Names, in the order of preference."""


class Lane(BaseModel):
    """A name for a target, with changes to what is asked of it."""

    model_config = SECTION

    model: Text = Field(description="Model, alias or route that the name stands for.", examples=["qwen3-14b"])
    strip_params: StripParams = Field(
        default=(), description="Parameters that are taken out of requests, such as `temperature`."
    )
    set_params: SetParams = Field(
        default={},
        description="Parameters that are set in requests, whatever the client sends; they win over the model's.",
        examples=[{"temperature": 0.2}],
    )


class Split(BaseModel):
    """A canary: requests are shared out among names by weight."""

    model_config = SECTION

    split: Mapping[Text, Annotated[int, Field(ge=0)]] = Field(
        min_length=1,
        description="Model, alias or route → weight; the weights need not add up to 100.",
        examples=[{"old": 90, "new": 10}],
    )
    sticky: Affinity | None = Field(
        default=None,
        description="What keeps requests together on one target: `prefix` (the beginning of the conversation) or "
        "`header:NAME`. Otherwise chance decides for each.",
        examples=["header:x-session-id"],
    )


class Failover(BaseModel):
    """A chain: the first target serves, the next one when the one before cannot."""

    model_config = SECTION

    failover: Targets = Field(description="Models, aliases or routes, best first.", examples=[["large", "small"]])


class Warm(BaseModel):
    """The first target that is ready, so that nothing is loaded as long as one of them is."""

    model_config = SECTION

    warm: Targets = Field(
        description="Models, aliases or routes, best first; the first is loaded when none is ready.",
        examples=[["large", "small"]],
    )


class Spillover(BaseModel):
    """The first target that is not full; the least loaded one when all are."""

    model_config = SECTION

    spillover: Targets = Field(description="Models, aliases or routes, best first.", examples=[["here", "elsewhere"]])
    at: Count = Field(description="A target is full when so many requests are served by it or wait for it.")


class Replicas(BaseModel):
    """Equals: the least loaded one that is ready. When none is, the first is loaded."""

    model_config = SECTION

    replicas: Targets = Field(
        description="Models, aliases or routes. What is not loaded is left alone while another is ready.",
        examples=[["chat-cuda0", "chat-cuda1"]],
    )
    affinity: Affinity | None = Field(
        default=None,
        description="What leads requests to the same replica, for its cache: `prefix` (the beginning of the "
        "conversation) or `header:NAME`. A replica with more than 1.25 times the average load passes them on.",
    )


FORMS: Final[Mapping[str, type[BaseModel]]] = {
    "model": Lane,
    "split": Split,
    "failover": Failover,
    "warm": Warm,
    "spillover": Spillover,
    "replicas": Replicas,
}
"""The key that tells a form → the form."""

_NAME: Final = "(name)"
TAGS: Final = frozenset((_NAME, *(f"({key})" for key in FORMS)))
"""What pydantic puts into the location of an error below a route."""

NO_FORM: Final = "route_form"
"""The type of pydantic's error for a mapping that is none of the forms."""


def form_of(value: object) -> str | None:
    """The key that tells the form of a route that is a mapping."""
    if isinstance(value, Mapping):
        return next((key for key in FORMS if key in value), None)
    return next((key for key, form in FORMS.items() if isinstance(value, form)), None)


def _tag(value: object) -> str | None:
    form = form_of(value)
    if form is not None:
        return f"({form})"
    return None if isinstance(value, Mapping) else _NAME


Route = Annotated[
    Annotated[Text, Tag("(name)")]
    | Annotated[Lane, Tag("(model)")]
    | Annotated[Split, Tag("(split)")]
    | Annotated[Failover, Tag("(failover)")]
    | Annotated[Warm, Tag("(warm)")]
    | Annotated[Spillover, Tag("(spillover)")]
    | Annotated[Replicas, Tag("(replicas)")],
    Discriminator(_tag, custom_error_type=NO_FORM, custom_error_message="no form of a route"),
]
"""A name for a target, or one of the forms."""


def targets_of(route: Route) -> tuple[str, ...]:
    """The names that a route leads to, in the order of the file."""
    match route:
        case str():
            return (route,)
        case Lane():
            return (route.model,)
        case Split():
            return tuple(route.split)
        case Failover():
            return route.failover
        case Warm():
            return route.warm
        case Spillover():
            return route.spillover
        case Replicas():
            return route.replicas
