"""One flag under two spellings: engines take `max_model_len` and `max-model-len` for the same."""

from __future__ import annotations

from collections.abc import Iterator

from remuda.errors import Problem
from remuda.spec.document import Document
from remuda.spec.form import label
from remuda.spec.merge import flag


def spellings(document: Document) -> Iterator[Problem]:
    """A flag that is set twice on one level."""
    for section in ("engines", "models"):
        for name in document.mapping(section):
            first: dict[str, str] = {}
            for key in document.mapping(section, name, "settings"):
                if (other := first.setdefault(flag(key), key)) != key:
                    path = (section, name, "settings", key)
                    message = f"{label(path)} is the same flag as `{other}`"
                    yield document.problem_of_key(path, message, hint="remove one of the two")
