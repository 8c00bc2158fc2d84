"""Credentials of units: how a reference to a secret, or a file, becomes one.

The manager reads them as it starts a unit, so what only an administrator can read stays so, and hands them to that unit
alone. No value is in any file.
"""

from __future__ import annotations

from remuda.errors import SpecError
from remuda.quoting.systemd import setting
from remuda.render.systemd.service_manager import Manager
from remuda.spec.reference import Reference, file_credential


def credential(reference: Reference) -> str:
    """The name of the credential; raises SpecError for a reference that cannot be one."""
    match reference.kind:
        case "env":
            message = f"cannot use `{reference}` in a unit: it has nobody's environment"
            raise SpecError(message, hint="write `${file:/path}`, or `${cred:name}` for a credential of systemd's")
        case "file":
            if not reference.name.startswith("/"):
                message = f"cannot use `{reference}` in a unit: its path is not absolute"
                raise SpecError(message, hint="write the whole path")
            return file_credential(reference.name)
        case "cred":
            if ":" in reference.name:
                message = f"cannot use `{reference}` in a unit: the name of a credential has no `:` there"
                raise SpecError(message, hint="rename it")
            return reference.name


def loaded(reference: Reference, manager: Manager) -> str:
    """The value of `LoadCredential=`; raises SpecError as `credential` does."""
    name = credential(reference)
    if reference.kind == "cred":
        return manager.credential(name)
    return f"{name}:{setting(reference.name)}"
