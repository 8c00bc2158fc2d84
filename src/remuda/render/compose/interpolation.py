"""How a compose file names secrets, and how it is kept from reading names into other texts.

Every text that is ours has its dollars doubled (`quoting.compose`), and a reference to the environment becomes a
variable of compose's own. One that is not set ends the command instead of passing for an empty text.

A reference to a file becomes a secret of compose, which its service finds below `/run/secrets`. For one of systemd's
credentials there is no equal.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from remuda.errors import Problem
from remuda.render.paths import moved
from remuda.spec.document import Path
from remuda.spec.form import label
from remuda.spec.reference import Reference


def variable(name: str) -> str:
    """The value of a variable of whoever runs compose, which has to be set."""
    return f"${{{name}?set {name}}}"


def secret_name(file: str) -> str:
    """A name for the secret that is in a file: the file's, and a digest to keep those of other directories apart."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", PurePosixPath(file).name)
    return f"{plain}-{hashlib.sha256(file.encode()).hexdigest()[:8]}"


def secret_path(file: str) -> str:
    """Where a service finds the secret that is in a file."""
    return f"/run/secrets/{secret_name(file)}"


def refusal(path: Path, reference: Reference) -> Problem | None:
    """Why a reference cannot be rendered, if it cannot; `path` is where it stands."""
    if reference.kind == "cred":
        message = f"{label(path)} refers to `{reference}`: compose has no systemd credentials"
        return Problem(message, path=path, hint="write `${file:/path/to/file}` or `${env:NAME}`")
    if reference.kind == "file" and not reference.name.startswith("/"):
        return moved(path, reference.name)
    return None
