from __future__ import annotations

import subprocess
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.script import Script, split
from remuda.plan.container import after_steps

SERVE: Final = ("vllm", "serve", "m")


@pytest.mark.parametrize(
    ("script", "steps", "argv"),
    [
        ("vllm serve m", (), SERVE),
        ("exec vllm serve m", (), ("exec", *SERVE)),
        ("set -e\npip install x\nexec vllm serve m\n", ("pip install x",), ("exec", *SERVE)),
        ("set -ex; pip install x; vllm serve m", ("set -x", "pip install x"), SERVE),
        ("pip install x && vllm serve m", ("pip install x",), SERVE),
        ("a && b && vllm serve m", ("a", "b"), SERVE),
        ("a; b && vllm serve m", ("set +e", "a", "b || exit"), SERVE),
        ("a && b || c && vllm serve m", ("{ a && b || c\n} || exit",), SERVE),
        ("a || true; vllm serve m", ("set +e", "a || true"), SERVE),
        ("set -e; a && b; vllm serve m # why", ("a && b",), SERVE),
        ("set -e\nif [ -f x ]; then\n  a; b\nfi\nvllm serve \\\n  m", ("if [ -f x ]; then\n  a; b\nfi",), SERVE),
        ("set -e\nfor f in *.py; do python $f; done\nvllm serve m", ("for f in *.py; do python $f; done",), SERVE),
        ("set -e\ncase $X in a) b;; *) c;; esac\nvllm serve m", ("case $X in a) b;; *) c;; esac",), SERVE),
        ("set -e\ncat > x <<'EOF'\nif a; b\nEOF\nvllm serve m", ("cat > x <<'EOF'\nif a; b\nEOF",), SERVE),
        ("set -e\n(cd x; y)\nf() { a; b; }\nf\nvllm serve m", ("(cd x; y)", "f() { a; b; }", "f"), SERVE),
        ("set -e\necho \"$(echo 'a;b'; (c))\" `d;e`\nvllm serve m", ("echo \"$(echo 'a;b'; (c))\" `d;e`",), SERVE),
        ("set -e\n# it's a comment; really\na # it's\nvllm serve m", ("a",), SERVE),
        ("export A=1; vllm serve m", ("set +e", "export A=1"), SERVE),
        ("vllm serve $MODEL --x ${LEN:-8} ${EMPTY:-9} '$y'", (), ("vllm", "serve", "org/m", "--x", "8", "9", "$y")),
        ('vllm serve "${MODEL}-$LONG"', (), ("vllm", "serve", "org/m-a b")),
        ("vllm serve m --x \"it's $MODEL\" 'a'\"'\"'b'", (), (*SERVE, "--x", "it's org/m", "a'b")),
        ("vllm serve m --key $KEY", (), (*SERVE, "--key", "${env:KEY}")),
        ("vllm serve m --x 'a${b}'", (), (*SERVE, "--x", "a$${b}")),
    ],
)
def test_a_script(script: str, steps: tuple[str, ...], argv: tuple[str, ...]) -> None:
    environment = {"MODEL": "org/m", "EMPTY": "", "LONG": "a b", "KEY": "${env:KEY}", "PASSED": None}
    written = script.replace("${b}", "$${b}").replace("${M", "$${M").replace("${L", "$${L").replace("${E", "$${E")
    assert split(("/bin/sh", "-c", written), environment) == Script(steps, argv)


@pytest.mark.parametrize(
    "argv",
    [
        ("vllm", "serve", "m"),
        ("sh", "script.sh"),
        ("sh", "-c"),
        ("sh", "-c", ""),
        ("sh", "-c", "vllm serve m | tee log"),
        ("sh", "-c", "vllm serve m > log"),
        ("sh", "-c", "vllm serve m &"),
        ("sh", "-c", "if x; then vllm serve m; fi"),
        ("sh", "-c", "if x; then vllm serve m"),
        ("sh", "-c", "vllm serve 'm"),
        ("sh", "-c", 'echo "$(a'),
        ("sh", "-c", "cat <<EOF\nvllm serve m"),
        ("sh", "-c", "vllm serve $(pick)"),
        ("sh", "-c", "vllm serve $UNKNOWN"),
        ("sh", "-c", "vllm serve $PASSED"),
        ("sh", "-c", "vllm serve $WORDS"),
        ("sh", "-c", "MODEL=x; vllm serve $MODEL"),
        ("sh", "-c", "echo ${env:KEY}; vllm serve m"),
        ("bash", "-c", "set -e; [[ a ]] && export B=1; vllm serve m"),
    ],
)
def test_a_script_that_is_not_taken_apart(argv: tuple[str, ...]) -> None:
    assert split(argv, {"MODEL": "m", "PASSED": None, "WORDS": "a b"}) is None


def test_what_only_bash_understands_is_left_to_it() -> None:
    found = split(("bash", "-lc", "set -euo pipefail\na | b\nexec vllm serve m"), {})
    assert found == Script(("bash -c 'set -e\nset -u\nset -o pipefail\na | b'",), ("exec", *SERVE))
    assert split(("bash", "-c", "set -euo pipefail; a; vllm serve m"), {}) == Script(("set -u", "a"), SERVE)


def test_parameters_of_the_script() -> None:
    assert split(("sh", "-c", 'set -e\na\nexec "$@"', "steps", *SERVE), {}) == Script(("a",), ("exec", *SERVE))
    assert split(("sh", "-c", "exec vllm serve $1", "sh", "m"), {}) == Script((), ("exec", *SERVE))


STEPS = ["true", "false", "echo a", "echo a && false", "false || echo b", "X=1", "echo $X", "f() { echo f; }", "f"]


@given(st.lists(st.sampled_from(STEPS), max_size=4), st.sampled_from(["; ", "\n", " && "]), st.booleans())
def test_the_steps_do_what_the_script_did(commands: list[str], separator: str, stops: bool) -> None:  # noqa: FBT001
    text = separator.join((*commands, "echo end"))
    whole = ("set -e\n" if stops else "") + text
    found = split(("sh", "-c", whole), {})
    assert found
    apart = "\n".join(("set -e", *found.steps, " ".join(found.argv)))
    assert _output(apart) == _output(whole)


def _output(script: str) -> tuple[str, bool]:
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=20)
    return done.stdout, done.returncode == 0


@given(st.text(alphabet="a ;&|'\"$(){}`\n\\#<E=if", max_size=40))
def test_any_script_is_taken_apart_or_not(text: str) -> None:
    found = split(("sh", "-c", text), {"a": "b"})
    assert found is None or found.argv


def test_deep_and_long_scripts_end() -> None:
    assert split(("sh", "-c", "$(" * 100_000), {}) is None
    assert split(("sh", "-c", "a\n" * 20_000 + "vllm serve m"), {}) is not None


BLOCKS = [*STEPS, "if x; then\n  y\nfi", "cat <<E\na; b\nE", "a | b", "c && d || e"]


@given(st.lists(st.sampled_from(BLOCKS)))
def test_what_remuda_runs_before_an_engine_is_read_back(steps: list[str]) -> None:
    argv = ("vllm", "serve", "it's $${m}")
    found = split(after_steps(steps, argv), {})
    assert found == (Script(tuple(steps), ("exec", *argv)) if steps else None)
