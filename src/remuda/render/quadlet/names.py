"""The names of podman's secrets."""

from __future__ import annotations

import re

from remuda.errors import SpecError
from remuda.spec.reference import Reference, file_credential

_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")


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
        return file_credential(reference.name)
    if not _SECRET.fullmatch(reference.name):
        message = f"cannot use `{reference}` in a unit: podman takes letters, digits and `_.-` for the name of a secret"
        raise SpecError(message, hint="rename it")
    return reference.name
