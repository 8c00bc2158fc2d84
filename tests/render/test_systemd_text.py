from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.render.systemd_text import line, text, words
from tests.render.quadlet.generator import generated, run_command, split

WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
AWKWARD = (
    "a b",
    "$HOME",
    "50%",
    "%h",
    "${X}",
    "$$",
    "%%",
    'a"b',
    "it's",
    "\\",
    "a\\",
    "\n\t\r",
    "\x01\x7f",
    "ü\u2028\x85",
    "#",
    ";",
    "-",
)


@given(st.lists(WRITABLE))
def test_words_come_out_as_they_went_in(argv: list[str]) -> None:
    written = words(argv)
    assert "\n" not in written
    assert [word.replace("$$", "$").replace("%%", "%") for word in split(written)] == argv


@pytest.mark.parametrize("word", ["", "\0", "\ud800", "a\0b"])
def test_what_no_form_exists_for_is_refused(word: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        words(["a", word])


def test_podman_reads_words_as_systemd_does(tmp_path: Path) -> None:
    every = [chr(code) for code in range(1, 0x180)]
    assert came_through(tmp_path, [*AWKWARD, *every, "".join(every)]) == [*AWKWARD, *every, "".join(every)]


def came_through(directory: Path, argv: list[str]) -> list[str]:
    units, made = directory / "units", directory / "made"
    units.mkdir()
    made.mkdir()
    image = "docker.io/a/b:1"
    (units / "a.container").write_text(text([("Container", [("Image", image), ("Exec", words(argv))])]))
    command = run_command(generated(units, made, is_user=True)["a.service"])
    return command[command.index(image) + 1 :]


@pytest.mark.parametrize(("value", "written"), [("a b", "a b"), ("50% of $x", "50%% of $$x"), ('"\\x', '"\\x')])
def test_a_line(value: str, written: str) -> None:
    assert line(value) == written


@pytest.mark.parametrize("value", ["a\nb", "\ta", " a", "a ", "a\\", "a\rb", "\0"])
def test_more_than_a_line_is_refused(value: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        line(value)


def test_sections_without_keys_are_left_out() -> None:
    sections = [("Unit", [("A", "1"), ("A", "2")]), ("Service", []), ("Install", [("B", "3")])]
    assert text(sections, ("head",)) == "# head\n\n[Unit]\nA=1\nA=2\n\n[Install]\nB=3\n"
