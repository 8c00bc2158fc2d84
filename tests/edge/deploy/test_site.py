from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from remuda.edge.deploy.site import site

HOME = {"HOME": "/home/me"}


@pytest.mark.parametrize(
    ("path", "environment", "real"),
    [
        ("etc/a/b", HOME, "/etc/a/b"),
        ("config/a/b", HOME, "/home/me/.config/a/b"),
        ("config/a", {**HOME, "XDG_CONFIG_HOME": "/c"}, "/c/a"),
        ("prepare", HOME, "/home/me/.local/state/remuda/deploy/current/prepare"),
        ("prepare", {**HOME, "XDG_STATE_HOME": "/s"}, "/s/remuda/deploy/current/prepare"),
    ],
)
def test_files_belong_where_the_machine_looks_for_them(path: str, environment: dict[str, str], real: str) -> None:
    assert site("user", environment).real(PurePosixPath(path)) == Path(real)
    staged = site("user", environment, Path("/staging"))
    assert staged.real(PurePosixPath(path)) == Path(f"/staging{real}")
    assert staged.current == site("user", environment).current


def test_the_systems_generations_are_there_when_its_manager_starts() -> None:
    assert site("system", HOME).current == PurePosixPath("/etc/remuda/deploy/current")
