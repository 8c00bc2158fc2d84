"""The call of `journalctl`, by one that says what it was asked; what it reads is tested with a real systemd."""

import os
from pathlib import Path

import pytest

from remuda.edge.systemd.journal import Journal, last_lines
from remuda.edge.systemd.unit_state import state_of
from remuda.errors import EffectError


def journal(directory: Path, *, is_user: bool = True, began_s: float = 1_700_000_000.25) -> Journal:
    program = directory / "journalctl"
    program.write_text('#!/bin/sh\necho "$@"\necho "no rights" >&2\n')
    program.chmod(0o755)
    return Journal({"PATH": f"{directory}:/usr/bin:/bin"}, is_user=is_user, began_s=began_s, pid=7)


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
        *("_SYSTEMD_USER_UNIT=a.service", f"_UID={os.getuid()}", "+", "USER_UNIT=a.service", f"_UID={os.getuid()}"),
        *("+", "_PID=7"),
    ]
    assert complaint == "no rights"


async def test_what_is_read_again_is_asked_from_a_time_and_without_a_second_complaint(tmp_path: Path) -> None:
    units = journal(tmp_path, is_user=False)
    await said(units)
    (asked,) = await said(units, "2023-11-14T22:13:20.500000+00:00")
    assert asked.split()[3:] == [
        "--since=@1700000000.500000",
        *("_SYSTEMD_UNIT=a.service", "+", "UNIT=a.service", "_PID=1", "+", "_PID=7"),
    ]


async def test_a_machine_without_a_journal_is_told_so(tmp_path: Path) -> None:
    without = Journal({"PATH": str(tmp_path)}, is_user=True, began_s=0, pid=7)
    with pytest.raises(EffectError, match="cannot execute `journalctl`: No such file or directory"):
        await without.follow("a.service", None)


STATE = state_of(
    {
        "Id": "a.service",
        "LoadState": "loaded",
        "LoadError": ("", ""),
        "ActiveState": "failed",
        "SubState": "failed",
        "ExecMainPID": 7,
        "InvocationID": b"\x2a",
        "NeedDaemonReload": False,
        "ActiveEnterTimestampMonotonic": 0,
        "InactiveExitTimestamp": 1_700_000_000_250_000,
    }
)


async def test_the_last_lines_of_one_life_are_those_that_stay_the_last(tmp_path: Path) -> None:
    lines, environment = tmp_path / "lines", {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    journal(tmp_path)
    (tmp_path / "journalctl").write_text(f'#!/bin/sh\necho "$@" >>{lines}\ntail -n 1 {lines}\n')
    asked = "--output=cat --quiet --since=@1700000000.150000 --lines=2 _SYSTEMD_INVOCATION_ID=2a + _PID=7"
    assert await last_lines(environment, STATE, 2) == (asked,)
    assert len(lines.read_text().splitlines()) == 2


async def test_without_a_journal_there_are_no_last_lines(tmp_path: Path) -> None:
    assert await last_lines({"PATH": str(tmp_path)}, STATE, 2) == ()
