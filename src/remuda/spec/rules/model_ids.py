"""The convention for model IDs; `lint.model_ids` says how strictly it is held."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.model_id import FORM, flaws
from remuda.spec.values import NAME_PATTERN


def convention(document: Document) -> Iterator[Problem]:
    """A model ID that does not follow the grammar; one that clients cannot send is reported elsewhere."""
    strictness = document.find(("lint", "model_ids"))
    if strictness == "off":
        return
    for model_id in document.mapping("models"):
        found = flaws(model_id) if re.fullmatch(NAME_PATTERN, model_id) else ()
        if found:
            yield document.problem_of_key(
                ("models", model_id),
                f"the model ID `{model_id}` is not `{FORM}`: {', '.join(found)}",
                hint="rename the model, or set `lint: {model_ids: off}`",
                severity="error" if strictness == "error" else "warning",
            )
