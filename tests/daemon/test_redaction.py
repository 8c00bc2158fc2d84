from pathlib import Path

import pytest

from remuda.daemon.redaction import Secrets
from remuda.plan.care import Care
from remuda.plan.plan import Instance

ENVIRONMENT = {"LONG": "sec.ret", "LONGER": "sec.retest", "SHORT": "abcde", "LINES": "first\nsecond"}


def instance(**more: object) -> Instance:
    return Instance("m", "m", "command", "process", **more)  # type: ignore[arg-type]


def secrets(directory: Path) -> Secrets:
    return Secrets(directory, ENVIRONMENT)


@pytest.mark.parametrize(
    "more",
    [
        {"cmd": ("x", "--key=${env:LONG}")},
        {"environment": {"A": "Bearer ${env:LONG}", "B": "${env:NOT_THERE}"}},
        {"settings": {"a": [{"b": "${env:LONG}"}, 1, None]}},
        {"care": Care(hooks={"after_load": ("x", "${env:LONG}")})},
    ],
)
def test_a_log_is_read_without_the_secrets_that_an_instance_was_given(tmp_path: Path, more: dict[str, object]) -> None:
    log = tmp_path / "log"
    log.write_text("a\nkey sec.ret, secxret\n")
    assert secrets(tmp_path).tail(instance(**more), log, 1) == ["key [redacted], secxret"]
    assert secrets(tmp_path).tail(instance(), log, 1) == ["key sec.ret, secxret"]


def test_the_longest_is_hidden_whole_also_over_lines_and_a_short_one_is_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("sec.retest first\nsecond abcde")
    given = instance(cmd=tuple(f"${{env:{name}}}" for name in ENVIRONMENT))
    assert secrets(tmp_path).tail(given, log, 9) == ["[redacted] [redacted] abcde"]


def test_a_secret_that_was_changed_since_is_still_hidden(tmp_path: Path) -> None:
    log, key = tmp_path / "log", tmp_path / "key"
    log.write_text("old-secret new-secret\n")
    given, known = instance(cmd=("${file:key}",)), secrets(tmp_path)
    key.write_text("old-secret\n")
    known.learn(given)
    key.write_text("new-secret\n")
    assert known.tail(given, log, 1) == ["[redacted] [redacted]"]


def test_the_secrets_of_a_unit_are_not_looked_at(tmp_path: Path) -> None:
    assert secrets(tmp_path).learn(instance(cmd=("${env:LONG}",), unit="m.service")) == frozenset()


def test_a_secret_that_comes_in_pieces_is_hidden_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    follower = secrets(tmp_path).follower(instance(cmd=("${env:LONG}",)), log)
    read = []
    for piece in ("a sec", ".r", "et b s", "\n"):
        with log.open("a") as file:
            file.write(piece)
        read.append(b"".join(follower.read()))
    assert read == [b"a ", b"", b"[redacted] b ", b"s\n"]
