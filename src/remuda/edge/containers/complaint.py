"""What a complaint of podman or docker means: which kind of failure it is, and what to do about it.

Sources: podman 4.3 and 5, docker 20 and 28; for CDI the issues 146 and 1239 of NVIDIA/nvidia-container-toolkit and
23935 of the podman project: its specification names the driver's files by their version, so it is out of date with
every update of the driver.
"""

from __future__ import annotations

import re
from typing import Final

from remuda.engines.contract import FailureKind
from remuda.errors import EffectError

_REGENERATE = (
    "write the CDI specification anew with `sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`, "
    "and see with `nvidia-ctk cdi list` that it names GPUs by UUID"
)
_RULES: Final = (
    (r"address already in use|port is already allocated|ports are not available", FailureKind.PORT_TAKEN, None),
    (
        r"unresolvable CDI|CDI (device|host device)|nvidia\.com/gpu=|lib(nvidia|cuda)[\w-]*\.so|/dev/nvidia",
        FailureKind.DRIVER_LOST,
        _REGENERATE,
    ),
    (r"/dev/(kfd|dri)", FailureKind.DRIVER_LOST, "load the driver with `sudo modprobe amdgpu`"),
    (
        r"container-init binary not found|(docker-init|catatonit|tini).*(not found|no such file)",
        FailureKind.NOT_INSTALLED,
        "install `catatonit` (podman) or `tini` (docker)",
    ),
    (
        r"executable file .*not found|command that was not found|exec: \"[^\"]+\": ",
        FailureKind.NOT_INSTALLED,
        "set `executable` to the path of the engine inside of the image",
    ),
    (
        r"(manifest|name|image)( is)? (unknown|not known)|no such image|access .*denied|unauthorized",
        FailureKind.NOT_INSTALLED,
        "see that the image has this name and tag, and log in where its registry asks for it",
    ),
    (
        r"cannot connect to the docker daemon|docker daemon is not running|permission denied.*docker\.sock",
        FailureKind.UNREACHABLE,
        "start the docker daemon and give this user access to it, or set `runtime: podman`, which needs neither",
    ),
)
_PREFIX = re.compile(r"^(Error( response from daemon)?: |time=\S+ level=\w+ msg=)", re.IGNORECASE)


class ContainerError(EffectError):
    """A command of podman or docker failed; `kind` as in the failure of an instance."""

    def __init__(self, message: str, *, kind: FailureKind = FailureKind.EXITED, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


def complaint(doing: str, said: str) -> ContainerError:
    """The error of a command that said this on its standard error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")] or lines[-1:]
    # Warnings may come before it; docker sums up its errors after them.
    text = _PREFIX.sub("", errors[0]) if errors else "it gave no reason"
    for pattern, kind, hint in _RULES:
        if re.search(pattern, text, re.IGNORECASE):
            return ContainerError(f"{doing}: {text}", kind=kind, hint=hint)
    return ContainerError(f"{doing}: {text}")
