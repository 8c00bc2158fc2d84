"""A real repository of recipes for tests: every commit has a date that is given, so that every run has the same."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class UpstreamRepository:
    """A repository with a work tree, in which a test commits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=master")

    def git(self, *words: str, date: str = "2026-04-28") -> str:
        who = {f"GIT_{role}_{what}": "me@here" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {f"GIT_{role}_DATE": f"{date}T12:00:00Z" for role in ("AUTHOR", "COMMITTER")}
        plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
        argv = ("git", "-C", str(self.path), *words)
        return subprocess.run(argv, env={**plain, **who, **dates}, check=True, capture_output=True, text=True).stdout

    def commit(self, files: Mapping[str, str | bytes | None], subject: str = "change", date: str = "2026-04-28") -> str:
        """Write files, or remove those that are None, and commit."""
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject, date=date)
        return self.git("rev-parse", "HEAD").strip()

    def move(self, old: str, new: str) -> None:
        """Move a file; `commit` then says so."""
        (self.path / new).parent.mkdir(parents=True, exist_ok=True)
        (self.path / old).rename(self.path / new)
