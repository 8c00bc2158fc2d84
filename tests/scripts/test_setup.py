"""`scripts/setup` with an interpreter that notes what it is asked to do, in a checkout whose path has a space."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# It installs nothing. In the virtual environments that it makes, it is the interpreter too.
PYTHON = """\
#!/usr/bin/env bash
here=$(readlink -f -- "$0")
case "$1 ${2:-}" in
"- ") [ -z "${SAYS:-}" ] && echo "$here" || echo "$SAYS" ;;
"-m venv")
    echo venv >>"$CALLS"
    mkdir -p "$3/bin"
    ln -s "$here" "$3/bin/python"
    ;;
"-m pip")
    echo "pip ${*: -1}" >>"$CALLS"
    [ -z "${PIP_FAILS:-}" ]
    ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    root: Path
    python: Path
    calls: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        variables = {"PATH": "/usr/bin:/bin", "PYTHON": str(self.python), "CALLS": str(self.calls), **environment}
        command = [str(self.root / "scripts" / "setup"), *arguments]
        return subprocess.Popen(
            command, cwd="/", env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def setup(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Runs it; returns its exit status and output."""
        with self.start(*arguments, **environment) as process:
            output, _ = process.communicate()
            return process.returncode, output

    def take_calls(self) -> list[str]:
        """What the interpreter was asked to do since the last look, with the last argument of each."""
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [call.replace(f"{self.root}/", "") for call in calls]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "a checkout"
    shutil.copytree(ROOT / "requirements", root / "requirements")
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", root / "scripts")
    shutil.copy(ROOT / "pyproject.toml", root)
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return Checkout(root, python, tmp_path / "calls")


EMBEDDED = ["pip requirements/embedded.txt", "pip ."]
DEV = ["pip requirements/dev.txt", "pip ."]


def test_the_second_time_there_is_nothing_to_do(checkout: Checkout) -> None:
    assert checkout.setup("embedded")[0] == 0
    assert checkout.take_calls() == ["venv", *EMBEDDED]
    assert checkout.setup("embedded") == (0, "")
    assert checkout.take_calls() == []


def test_an_environment_for_development_serves_the_demo_too(checkout: Checkout) -> None:
    checkout.setup("embedded")
    checkout.take_calls()
    checkout.setup("dev")
    assert checkout.take_calls() == DEV
    checkout.setup("embedded")
    assert checkout.take_calls() == []


def test_a_change_is_installed_at_the_level_that_was_there(checkout: Checkout) -> None:
    checkout.setup("dev")
    checkout.take_calls()
    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    checkout.setup("embedded")
    assert checkout.take_calls() == DEV


def test_an_interrupted_environment_is_made_anew(checkout: Checkout) -> None:
    code, output = checkout.setup("dev", PIP_FAILS="1")
    assert code == 1
    assert "error: cannot install requirements/dev.txt into .venv" in output
    assert checkout.take_calls() == ["venv", DEV[0]]
    assert checkout.setup("dev")[0] == 0
    assert checkout.take_calls() == ["venv", *DEV]


def test_a_moved_checkout_is_made_anew(checkout: Checkout) -> None:
    checkout.setup("dev")
    checkout.take_calls()
    moved = Checkout(checkout.root.rename(checkout.root.parent / "moved"), checkout.python, checkout.calls)
    moved.setup("dev")
    assert moved.take_calls() == ["venv", *DEV]


def test_another_python_makes_another_environment(checkout: Checkout, tmp_path: Path) -> None:
    checkout.setup("dev")
    checkout.take_calls()
    other = shutil.copy(checkout.python, tmp_path / "other")
    checkout.setup("dev", PYTHON=str(other))
    assert checkout.take_calls() == ["venv", *DEV]
    checkout.setup("dev", PYTHON="")
    assert checkout.take_calls() == [], "the choice is remembered"


def test_two_at_once_set_up_once(checkout: Checkout) -> None:
    with checkout.start("dev") as one, checkout.start("dev") as other:
        outputs = [process.communicate()[0] for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], outputs
    assert checkout.take_calls() == ["venv", *DEV]


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"SAYS": "`python3` is Python 3.9.2"}, "but `python3` is Python 3.9.2\n"),
        ({"SAYS": "`python3` is Python 3.11.2 without `ensurepip`"}, "without `ensurepip`\n"),
        ({"PYTHON": "/nowhere/python3"}, "but there is no `/nowhere/python3`\n"),
    ],
)
def test_a_python_that_will_not_do_is_refused(checkout: Checkout, environment: dict[str, str], reason: str) -> None:
    code, output = checkout.setup("dev", **environment)
    assert code == 1
    assert output.startswith("error: cannot set up .venv: expected Python 3.11 or later with venv and pip")
    assert reason in output
    assert "apt install python3-venv" in output
    assert checkout.take_calls() == []


def test_an_unknown_level_is_refused(checkout: Checkout) -> None:
    code, output = checkout.setup("everything")
    assert (code, output) == (1, "error: unknown level `everything`\nhint: choose `embedded` or `dev`\n")
