"""What `quoting` writes and reads of units, as systemd itself reads it: a service tells what it was started with."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from remuda.quoting.systemd import command, literal, split, variables
from remuda.quoting.unit_file import every, read, text
from tests.edge.systemd.private_user import PrivateUser, private_user

TELL = "import json, os, sys; json.dump([sys.argv[2:], dict(os.environ)], open(sys.argv[1], 'w'))"
EVERY = [chr(code) for code in range(1, 0x180)]
ARGV = [
    *("a b", "$HOME", "50%", "%h", "${X}", "$$", "%%", 'a"b', "it's", "\\", "a\\", "\n\t\r", "", ";", "#", "-", ""),
    *("ü\u2028\x85", "$", "😀", *EVERY, "".join(EVERY)),
]
VARIABLES = {"V_A": "".join(EVERY), "V_B": "", "V_C": "$HOME ${X} %h %% $$ \n;#"}
VALUE = r"""\xc3\xbc \303\274 \q \x0 \400 a"b c"'d e' "" \u00fc\U0001f600 a;b 100%% 5% a$b ${a $$ \s"""
LINES = "a\\\n  b \\\n# no\n ;no\nc\\\nd"


def told(user: PrivateUser, services: Mapping[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """The arguments and the environment with which services of these files were started."""
    user.units.mkdir(parents=True)
    for name, source in services.items():
        (user.units / f"{name}.service").write_text(source)
    names = shlex.join(f"{name}.service" for name in services)
    user.run(["sh", "-c", f"systemctl --user daemon-reload && systemctl --user start {names}"])
    found = {name: json.loads((user.units.parent / name).read_text()) for name in services}
    return {name: (arguments, environment) for name, (arguments, environment) in found.items()}


def test_systemd_reads_units_as_its_reader_here(tmp_path: Path) -> None:
    user = private_user(tmp_path)
    start = {name: [sys.executable, "-c", TELL, str(user.units.parent / name)] for name in ("own", "words", "lines")}
    written = [
        ("Type", "oneshot"),
        ("Environment", variables(VARIABLES)),
        ("ExecStart", command([*start["own"], *ARGV])),
    ]
    lines = f"[Service]\nType=oneshot\nExecStart=false\nExecStart=\nExecStart={command(start['lines'])} {LINES}\n"
    words = f"[Service]\nType=oneshot\nExecStart={command(start['words'])} {VALUE}\n"
    found = told(user, {"own": text([("Service", written)]), "words": words, "lines": lines})
    arguments, environment = found["own"]
    assert arguments == ARGV
    assert VARIABLES.items() <= environment.items()
    assert found["words"][0] == [literal(word) for word in split(VALUE, "systemd")]
    (value,) = every(read(lines, "systemd"), "Service", "ExecStart")
    assert [*start["lines"], *found["lines"][0]] == [literal(word) for word in split(value, "systemd")]
