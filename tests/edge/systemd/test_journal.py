"""The call of `journalctl`, by one that says what it was asked; what it reads is tested with a real systemd."""

from pathlib import Path

import pytest

from remuda.edge.systemd.journal import Journal
from remuda.errors import EffectError


def journal(directory: Path, *, uid: int | None = 1000, began_s: float = 1_700_000_000.25) -> Journal:
    program = directory / "journalctl"
    program.write_text('#!/bin/sh\necho "$@"\necho "no rights" >&2\n')
    program.chmod(0o755)
    return Journal({"PATH": f"{directory}:/usr/bin:/bin"}, uid=uid, began_s=began_s, pid=7)


async def said(journal: Journal, since: str | None = None) -> list[str]:
    follower = await journal.follow("a.service", since)
    assert follower.stdout is not None
    lines = (await follower.stdout.read()).decode().splitlines()
    await follower.wait()
    return lines


async def test_a_users_unit_is_read_from_where_it_began(tmp_path: Path) -> None:
    asked, complaint = await said(journal(tmp_path))
    assert asked.split() == [
        "--output=cat",
        "--follow",
        "--lines=all",
        "--since=@1700000000.250000",
        *("_SYSTEMD_USER_UNIT=a.service", "_UID=1000", "+", "USER_UNIT=a.service", "_UID=1000"),
        *("+", "_PID=7"),
    ]
    assert complaint == "no rights"


async def test_what_is_read_again_is_asked_from_a_time_and_without_a_second_complaint(tmp_path: Path) -> None:
    units = journal(tmp_path, uid=None)
    await said(units)
    (asked,) = await said(units, "2023-11-14T22:13:20.500000+00:00")
    assert asked.split()[3:] == [
        "--since=@1700000000.500000",
        *("_SYSTEMD_UNIT=a.service", "+", "UNIT=a.service", "_PID=1", "+", "_PID=7"),
    ]


async def test_a_machine_without_a_journal_is_told_so(tmp_path: Path) -> None:
    without = Journal({"PATH": str(tmp_path)}, uid=None, began_s=0, pid=7)
    with pytest.raises(EffectError, match="cannot execute `journalctl`: No such file or directory"):
        await without.follow("a.service", None)


async def test_the_last_lines_are_those_that_stay_the_last(tmp_path: Path) -> None:
    units = journal(tmp_path)
    (tmp_path / "journalctl").write_text(f"#!/bin/sh\necho . >>{tmp_path}/lines\ntail -n 2 {tmp_path}/lines\n")
    assert await units.last_lines("a.service", 2) == (".", ".")
    assert (tmp_path / "lines").read_text() == 3 * ".\n"
