import pytest

from remuda.adapt.compose.mounts import Mount
from remuda.adapt.compose.secrets import Secrets, read

MOUNTED = [Mount("/srv/token", "/run/secrets/token", ("ro",)), Mount("named", "/run/secrets/other")]
READ = 'export HF_TOKEN="$(cat /run/secrets/token)"'
TARGETS = frozenset({"/run/secrets/token"})


@pytest.mark.parametrize(
    "line",
    [
        READ,
        "HF_TOKEN=$(cat /run/secrets/token); export HF_TOKEN",
        "export HF_TOKEN=$(cat '/run/secrets/token')",
        'HF_TOKEN="$(cat /run/secrets/token)"\nX="$HF_TOKEN"; export X\nexport HF_TOKEN="$(cat /run/secrets/token)"',
    ],
)
def test_a_variable_that_is_read_from_a_secret(line: str) -> None:
    found = read(("sh", "-ec", f"{line}\npip install x\nexec vllm serve a"), MOUNTED, {})
    assert found.command == ("sh", "-ec", "pip install x\nexec vllm serve a")
    assert found.variables["HF_TOKEN"] == "${file:/srv/token}"
    assert (found.hidden, found.targets) == (frozenset(), TARGETS)


def test_a_script_of_one_program_gives_way_to_it() -> None:
    script = 'set -e\nKEY="$(cat /run/secrets/token)"\nexec vllm serve a --api-key "$KEY" --x \'b c\'\n'
    assert read(("/bin/sh", "-c", script), MOUNTED, {}) == Secrets(
        ("vllm", "serve", "a", "--api-key", "${file:/srv/token}", "--x", "b c"),
        {"KEY": "${file:/srv/token}"},
        frozenset({"KEY"}),
        TARGETS,
    )


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("vllm", "serve"),
        ("sh", "-c"),
        ("sh", "-c", "export A=$(cat /run/secrets/other); vllm serve a"),
        ("sh", "-c", "export A=$(cat /etc/passwd)\nvllm serve a"),
        ("sh", "-c", 'export A="$(cat /run/secrets/token | tr a b)"\nvllm serve a'),
        ("sh", "-c", "echo $(cat /run/secrets/token)\nvllm serve a"),
    ],
)
def test_what_is_not_understood_stays(command: tuple[str, ...]) -> None:
    assert read(command, MOUNTED, {}) == Secrets(command)
