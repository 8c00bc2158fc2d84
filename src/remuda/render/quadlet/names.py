"""The names of units and of podman's secrets."""

from __future__ import annotations

import hashlib
import re

from remuda.errors import SpecError
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")


def unit(model: Effective) -> str:
    """The unit's name without its suffix: the engine, then the model's `unit` or ID."""
    return f"{model.engine}-{model.entry.unit or model.model_id}"


def secret(reference: Reference) -> str:
    """The name under which podman keeps a secret; raises SpecError for one that it cannot have.

    A credential has its own name. A file has one made of its path, so that all models that name it share one.
    """
    if reference.kind == "env":
        message = f"cannot use `{reference}` in a unit: it has nobody's environment"
        raise SpecError(message, hint="write `${file:/path}`, or `${cred:name}` for a secret of podman's")
    if reference.kind == "file":
        if not reference.name.startswith("/"):
            message = f"cannot use `{reference}` in a unit: its path is not absolute"
            raise SpecError(message, hint="write the whole path")
        stem = re.sub(r"[^A-Za-z0-9.-]+", "-", reference.name.rpartition("/")[2]).strip("-.") or "file"
        return f"remuda-{stem[:64]}-{hashlib.sha256(reference.name.encode()).hexdigest()[:8]}"
    if not _SECRET.fullmatch(reference.name):
        message = f"cannot use `{reference}` in a unit: podman takes letters, digits and `_.-` for the name of a secret"
        raise SpecError(message, hint="rename it")
    return reference.name
