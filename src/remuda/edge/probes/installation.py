"""What is installed at a path that somebody names: a Python, an environment, a package folder, or an engine's program.

Engines are read from their metadata, as `remuda.edge.probes.packages` does; nothing is run here.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from remuda.edge.probes.limits import Files
from remuda.edge.probes.packages import folders, in_folder
from remuda.errors import SpecError
from remuda.facts.finding import Finding
from remuda.facts.software import Package

_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_SITE = re.compile(r".*/(site|dist)-packages")
_SYSTEM = ("/usr/bin", "/bin")
_BY_HAND = "/usr/local/bin"
"""Where Debian has what the system's Python installs by hand, and the official images of vLLM have all."""
_EXPECTED = "name a Python (`…/bin/python`), an environment, its `site-packages`, or an engine's program"


@dataclass(frozen=True, slots=True)
class Installation:
    """What is at a path.

    `python` is the interpreter that the packages belong to, None where there is none beside them. `program` is the path
    itself where that is an engine's program. `findings` are metadata that could not be read.
    """

    path: Path
    packages: tuple[Package, ...] = ()
    python: Path | None = None
    program: Path | None = None
    findings: tuple[Finding, ...] = ()


def installed_at(path: Path) -> Installation:
    """Look there; a name alone may be that of a program. Raises SpecError for nothing, or a file that is no program."""
    named = shutil.which(path) if path.name == str(path) and not path.exists() else None
    path = Path(named or path).expanduser().absolute()
    if not path.exists():
        raise SpecError(f"cannot examine `{path}`: there is no such file or folder", hint=_EXPECTED)
    files = Files(Path("/"), "Python packages")
    is_program = path.is_file() and not _SITE.match(str(path))
    if is_program and not os.access(path, os.X_OK):
        raise SpecError(f"cannot examine `{path}`: it is no program", hint=_EXPECTED)
    sites = _own(files, path.parent) if is_program else _sites_of_folder(files, path)
    is_python = is_program and _PYTHON.fullmatch(path.name) is not None
    python = path if is_python else next((found for site in sites if (found := _python_of(site))), None)
    return Installation(
        path=path,
        packages=tuple(package for site in sites for package in in_folder(files, site)),
        python=python,
        program=path if is_program and not is_python else None,
        findings=tuple(files.findings),
    )


def _sites_of_folder(files: Files, folder: Path) -> tuple[str, ...]:
    """The packages that it holds, those that it lies among, or those of the environment that it is."""
    within = _SITE.match(str(folder))
    if within:
        return (within[0],)
    if any(name.endswith(".dist-info") for name in files.names(str(folder))):
        return (str(folder),)
    return _own(files, folder / "bin")


def _own(files: Files, programs: Path) -> tuple[str, ...]:
    """The packages of a folder of programs, by its place or as start scripts in it say; the system's for its own."""
    if str(programs) in _SYSTEM:
        return folders(files, (str(programs), _BY_HAND))
    return tuple(site for site in folders(files, (str(programs),)) if not site.startswith("/usr/lib/"))


def _python_of(site: str) -> Path | None:
    """The interpreter of `PREFIX/lib/python3.N/site-packages`."""
    library = Path(site).parent
    programs = library.parent.parent / "bin"
    places = (programs, Path(_SYSTEM[0])) if str(programs) == _BY_HAND else (programs,)
    found = (place / name for place in places for name in (library.name, "python3", "python"))
    return next((path for path in found if os.access(path, os.X_OK)), None)
