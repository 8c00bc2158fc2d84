"""The lock beside a fleet file, read for everything that reads the fleet file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from remuda.errors import SpecError
from remuda.spec.document import MAX_BYTES
from remuda.spec.lock import Lock


def path_of(fleet_file: Path) -> Path:
    """Where the lock of a fleet file is: `remuda.lock` for `remuda.yaml`."""
    return fleet_file.with_suffix(".lock")


def read(fleet_file: Path) -> Lock:
    """The lock, which may not be there. Raises SpecError where it cannot be read."""
    path = path_of(fleet_file)
    directory = PurePosixPath(fleet_file.parent.absolute())
    try:
        with path.open("rb") as file:
            return Lock(path.name, file.read(MAX_BYTES + 1), directory)
    except FileNotFoundError:
        return Lock(path.name, None, directory)
    except OSError as error:
        raise SpecError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from None
