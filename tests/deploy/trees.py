"""Trees as short as tests need them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from remuda.deploy.tree import Tree, Unit

SYSTEM = "etc/systemd/system"
USER = "config/systemd/user"
WANTED = "[Install]\nWantedBy=multi-user.target\n"


def tree(files: Mapping[str, str], *, target: str = "systemd", models: Mapping[str, str] | None = None) -> Tree:
    """A tree; what ends in `!` is a program."""
    texts = {PurePosixPath(name.removesuffix("!")): text for name, text in files.items()}
    programs = frozenset(PurePosixPath(name.removesuffix("!")) for name in files if name.endswith("!"))
    return Tree(target, texts, programs, dict(models or {}))


def service(version: int, *, after: str = "", wanted: bool = True, more: str = "") -> str:
    """The text of a service."""
    waits = f"After={after}\n" if after else ""
    return f"[Unit]\nDescription={version}\n{waits}\n[Service]\nExecStart=/bin/true\n{more}\n{WANTED if wanted else ''}"


def system(*names: str) -> list[Unit]:
    """Units of the system."""
    return [Unit("system", name) for name in names]
