"""Where recipes come from: the section `upstreams`, and a model's `source`.

What a recipe gives is not in the fleet file: `remuda sync` writes it to the lock beside it (`remuda.spec.lock`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from remuda.spec.values import SECTION, Text, VariableName


class Upstream(BaseModel):
    """A repository of recipes."""

    model_config = SECTION

    git: Text = Field(
        description="Its address (`https://`, `ssh://`, `git://`, `user@host:path`), or the path of a clone on this "
        "machine, which is read where it is.",
        examples=["https://github.com/noonghunna/club-3090"],
    )
    ref: Text | None = Field(
        default=None,
        description="Branch, tag or commit that is followed; otherwise the branch that the repository shows first.",
        examples=["master"],
    )


class Source(BaseModel):
    """The recipe of a model; what it gives lies under the model's own keys."""

    model_config = SECTION

    upstream: Text = Field(description="A key of `upstreams`.", examples=["club-3090"])
    path: Text = Field(
        description="A compose file, by its path in the repository; `remuda sync` follows it where it is moved.",
        examples=["models/qwen3.6-27b/vllm/compose/single/long-text.yml"],
    )
    service: Text | None = Field(default=None, description="The service of that file, where it has several.")
    variables: Mapping[VariableName, Text] = Field(
        default={},
        description="Values of the recipe's variables; all others have the recipe's defaults.",
        examples=[{"MODEL_DIR": "/srv/models"}],
    )
    drop_steps: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(),
        description="Steps of the recipe that are left out, each as `remuda.lock` has it.",
        examples=[["pip install xxhash -q"]],
    )
