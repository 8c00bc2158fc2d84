"""What the test of `remuda apply` does beside a systemd of a user."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(sys.argv[1])
ONE, TWO = "command-one.service", "command-two.service"


def systemctl(*arguments: str) -> str:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def pid(unit: str) -> int:
    return int(systemctl("show", "--property=MainPID", "--value", unit))


def version(name: str) -> str:
    return str(json.loads((HOME / f"{name}.environment").read_text())["VERSION"])


def remuda(*arguments: str, expected: int = 0) -> str:
    argv = [
        sys.executable,
        "-m",
        "remuda",
        *arguments,
        *(["-f", str(HOME / "remuda.yaml")] if arguments[0] == "apply" else []),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def edit(old: str, new: str) -> None:
    file = HOME / "remuda.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def generations() -> list[tuple[int, bool, str | None]]:
    found = json.loads(remuda("generations", "--user", "--json"))["generations"]
    return [(one["generation"], one["current"], one["failed"]) for one in found]


def begins() -> None:
    """The gateway comes up; what it starts on demand does not."""
    told = remuda("apply", "systemd", "--user")
    assert "generation 1 is applied" in told
    assert systemctl("is-enabled", "remuda.service", "remuda.socket").split() == ["enabled", "enabled"]
    assert pid("remuda.service")
    assert not pid(ONE)
    systemctl("start", ONE, TWO)
    assert (version("one"), version("two")) == ("one-1", "two-1")


def changes() -> None:
    """Only the unit of the model that was edited is another one then."""
    before = [pid(unit) for unit in ("remuda.service", ONE, TWO)]
    edit("VERSION: one-1", "VERSION: one-2")
    told = remuda("apply", "systemd", "--user")
    assert f"restart  {ONE}" in told
    assert TWO not in told
    assert "reload   remuda.service" in told
    after = [pid(unit) for unit in ("remuda.service", ONE, TWO)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]
    assert version("one") == "one-2"


def breaks() -> None:
    """A model whose engine does not come up takes everything back, and runs as before.

    The gateway has let go of the model that was edited, as it does for every edit.
    """
    deadline = time.monotonic() + 20
    while pid(ONE) and time.monotonic() < deadline:
        time.sleep(0.02)
    systemctl("start", ONE)
    before = pid(TWO)
    edit("VERSION: one-2", 'VERSION: one-3, BROKEN: "yes"')
    told = remuda("apply", "systemd", "--user", expected=6)
    assert f"cannot restart `{ONE}`" in told
    assert "generation 2 is back" in told
    assert version("one") == "one-2"
    assert pid(ONE)
    assert pid(TWO) == before
    assert [one[:2] for one in generations()] == [(3, False), (2, True), (1, False)]
    assert generations()[0][2]


def goes_back() -> None:
    remuda("rollback", "--user")
    assert [one[:2] for one in generations()] == [(3, False), (2, False), (1, True)]


os.environ["REMUDA_DEBUG"] = "1"
begins()
changes()
breaks()
goes_back()
systemctl("stop", "remuda.socket", "remuda.service", ONE, TWO)
