"""Where the repositories of recipes are on this machine: a clone that the user has, or a bare copy in the cache.

A remote one is copied once and fetched at every sync, unless the commit that is asked for is here already. Two that
sync at the same time wait for each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from remuda.edge import git
from remuda.edge.git import Repository
from remuda.edge.paths import cache_root, private_directory
from remuda.errors import EffectError
from remuda.spec.rules.sources import is_remote

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def repository(address: str, ref: str | None, directory: Path, *, offline: bool) -> Repository:
    """The repository of an upstream with its newest commits; without a network those of the last time.

    A path begins in `directory`. Raises EffectError and SpecError.
    """
    if not is_remote(address):
        return git.local((directory / Path(address).expanduser()).absolute())
    above = cache_root() / "upstreams"
    private_directory(above)
    copy = above / hashlib.sha256(address.encode()).hexdigest()[:16]
    with locked(above, wait=True):
        if copy.exists():
            found = Repository(copy)
            if not (offline or (ref and _COMMIT.fullmatch(ref) and found.commit(ref))):
                _fetch(found, address)
            return found
        if offline:
            message = f"cannot read `{address}` without a network: it was never read before"
            raise EffectError(message, hint="run `remuda sync` without `--offline` once")
        return _cloned(address, copy)


def _fetch(found: Repository, address: str) -> None:
    try:
        found.fetch(address)
    except EffectError as error:
        hint = "add `--offline` to go by what was fetched before"
        raise EffectError(f"cannot fetch `{address}`: {error.message}", hint=hint) from None


def _cloned(address: str, copy: Path) -> Repository:
    """A copy, which is there as a whole or not at all."""
    made = Path(tempfile.mkdtemp(dir=copy.parent, prefix=f".{copy.name}."))
    try:
        git.clone(address, made / "git")
        (made / "git").replace(copy)
    except EffectError as error:
        raise EffectError(f"cannot clone `{address}`: {error.message}", hint="check the address") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Repository(copy)


@contextlib.contextmanager
def locked(directory: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a directory, which nobody else does meanwhile; without `wait`, raises EffectError where somebody does."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    except BlockingIOError:
        message = f"cannot sync in `{directory}`: another `remuda sync` is at it"
        raise EffectError(message, hint="wait for it to end") from None
    finally:
        os.close(descriptor)
