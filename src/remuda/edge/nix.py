"""The configuration in a file of Nix, evaluated by `nix-instantiate`.

Nothing is built or fetched, and nothing read but what lies beside the file: Nix restricts itself to that directory and
gets a store that holds nothing. What NixOS would give the file is stood in for (`evaluate.nix`), so packages are known
by the names that the files have for them, and are found where a system has its programs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from remuda.errors import EffectError, SpecError
from remuda.render.nix.expression import call
from remuda.render.nix.printer import one_line
from remuda.render.nix.value import value
from remuda.spec.document import MAX_BYTES

PROGRAM: Final = "nix-instantiate"

_TIMEOUT_S: Final = 30
_MOST_HEAP_BYTES: Final = 2 * 1024**3
_PACKAGE: Final = re.compile(r"\bpkgs\.([A-Za-z_][A-Za-z0-9_'-]*)", re.ASCII)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_OPTIONS: Final = ("--eval", "--strict", "--json", "--store", "dummy://", "--readonly-mode")
_RESTRICTIONS: Final = {"restrict-eval": "true", "allow-import-from-derivation": "false", "allowed-uris": ""}


def evaluated(file: Path, service: str) -> bytes:
    """The options of `services.<service>` in a file, or all of it where it names no such service, as JSON.

    Raises SpecError with what Nix says against the file, EffectError where Nix is not installed or does not end.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        message = f"cannot read `{file}`: `{PROGRAM}` is not installed, which evaluates it"
        raise EffectError(message, hint="install Nix, or import what the file becomes, such as `config.yaml`")
    with tempfile.TemporaryDirectory(prefix="remuda-nix-") as own:
        result = _run(program, file.resolve(), service, Path(own))
    if result.returncode != 0:
        raise SpecError(f"cannot evaluate `{file}`: {_reason(result.stderr)}", hint="ask `nix-instantiate --eval` why")
    if len(result.stdout) > MAX_BYTES:
        raise SpecError(f"cannot read `{file}`: what it becomes is larger than a fleet file may be")
    return result.stdout


def _run(program: str, file: Path, service: str, own: Path) -> subprocess.CompletedProcess[bytes]:
    stubs = own / "evaluate.nix"
    stubs.write_text((files("remuda.edge") / "evaluate.nix").read_text(encoding="utf-8"), encoding="utf-8")
    packages = sorted({name for beside in file.parent.glob("*.nix") for name in _packages(beside)})
    given = {"file": str(file), "packages": packages, "service": service}
    text = one_line(call(call("import", value(str(stubs))), value(given)))
    restrictions = [word for name, setting in _RESTRICTIONS.items() for word in ("--option", name, setting)]
    allowed = ["-I", f"stubs={own}", "-I", f"files={file.parent}"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(own),
        "LC_ALL": "C.UTF-8",
        "GC_MAXIMUM_HEAP_SIZE": str(_MOST_HEAP_BYTES),
        **{f"NIX_{name}_DIR": str(own / name.lower()) for name in ("STATE", "LOG", "CONF")},
    }
    command = [program, *_OPTIONS, *restrictions, *allowed, "--expr", text]
    try:
        return subprocess.run(  # noqa: S603  our own words, and the user's file as a text
            command, env=environment, check=False, capture_output=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise EffectError(f"cannot evaluate `{file}`: Nix did not end within {_TIMEOUT_S} s") from None


def _packages(file: Path) -> list[str]:
    try:
        return _PACKAGE.findall(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []


def _reason(said: bytes) -> str:
    """The last thing that Nix says is wrong, without its colours and its trace."""
    lines = [_COLOUR.sub("", line).strip() for line in said.decode(errors="replace").splitlines()]
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    return next((line for line in reversed(errors) if line), "Nix says nothing")
