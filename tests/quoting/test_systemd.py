from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.quoting.systemd import Reader, command, line, literal, setting, split, variables, without_specifiers, words
from remuda.quoting.unit_file import text
from tests.quoting.strategies import ARGV, NO_TEXT, TEXTS, WORDS
from tests.render.quadlet.generator import generated, run_command

READERS: tuple[Reader, ...] = ("systemd", "podman")
AWKWARD = (
    *("a b", "$HOME", "50%", "%h", "${X}", "$$", "%%", 'a"b', "it's", "\\", "a\\", "\n\t\r", "\x01\x7f"),
    *("ü\u2028\x85", "#", ";", "-"),
)


@given(ARGV)
def test_words_come_out_of_either_reader_as_they_went_in(argv: list[str]) -> None:
    if "" in argv:
        with pytest.raises(SpecError, match="podman drops it"):
            words(argv)
        return
    written = words(argv)
    assert "\n" not in written
    for reader in READERS:
        assert [literal(word) for word in split(written, reader)] == argv


@given(st.lists(WORDS))
def test_a_command_of_systemd_comes_out_as_it_went_in(arguments: list[str]) -> None:
    written = command(["/usr/bin/a b", *arguments])
    assert "\n" not in written
    assert [literal(word) for word in split(written, "systemd")] == ["/usr/bin/a b", *arguments]


@given(st.dictionaries(st.from_regex(r"[A-Z_]+", fullmatch=True), WORDS))
def test_variables_come_out_as_they_went_in(environment: dict[str, str]) -> None:
    found = [without_specifiers(word) for word in split(variables(environment), "systemd")]
    assert found == [f"{name}={value}" for name, value in environment.items()]


@given(TEXTS)
def test_a_line_comes_out_as_it_went_in_or_is_refused(value: str) -> None:
    try:
        written = line(value)
    except SpecError:
        return
    assert "\n" not in written
    assert literal(written) == value
    assert without_specifiers(setting(value)) == value


@pytest.mark.parametrize("word", NO_TEXT)
@pytest.mark.parametrize(
    "write", [words, command, lambda texts: line(texts[-1]), lambda texts: variables({"A": texts[-1]})]
)
def test_what_no_form_exists_for_is_refused(write: Callable[[list[str]], str], word: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        write(["/a", word])


@pytest.mark.parametrize("program", ["", "-a", "@a", ":a", "+a", "!a", "|a", "a/b", "./a", "/", "/a/", "/a$b", "$a"])
def test_what_systemd_would_not_run_under_its_name_is_refused(program: str) -> None:
    with pytest.raises(SpecError, match="as what it runs"):
        command([program])


def test_a_command_without_words_is_refused() -> None:
    with pytest.raises(SpecError, match="no program"):
        command([])


BOTH = [
    ("", ()),
    (" \t a  b ", ("a", "b")),
    ("'a b'\"c d\"e", ("a bc de",)),
    (r"a\sb a\x20b \101\102 \u00fc\U0001f600", ("a b", "a b", "AB", "ü😀")),
    (r"'\a\b\f\n\r\t\v\\\"\''", ("\a\b\f\n\r\t\v\\\"'",)),
    ("a;b ; #c", ("a;b", ";", "#c")),
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("value", "expected"), BOTH)
def test_what_both_read_alike(value: str, expected: tuple[str, ...], reader: Reader) -> None:
    assert split(value, reader) == expected


@pytest.mark.parametrize(
    ("value", "of_systemd", "of_podman"),
    [
        (r"\xc3\xbc", ("ü",), ("Ã¼",)),
        (r"\303\274", ("ü",), ("Ã¼",)),
        (r"\xff", None, ("ÿ",)),
        ('a "" b', ("a", "", "b"), None),
        (r"\q \x0 \400 \x00", (r"\q", r"\x0", r"\400", r"\x00"), None),
        (r"\ud800", (r"\ud800",), None),
        ('"a', None, None),
        ("it's", None, None),
        ("a\\", None, None),
    ],
)
def test_where_the_readers_differ(
    value: str, of_systemd: tuple[str, ...] | None, of_podman: tuple[str, ...] | None
) -> None:
    for reader, expected in zip(READERS, (of_systemd, of_podman), strict=True):
        if expected is None:
            with pytest.raises(SpecError, match="cannot read"):
                split(value, reader)
        else:
            assert split(value, reader) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100%", "100%"), ("5% x", "5% x"), ("%%h", "%h"), ("a$b", "a$b"), ("$$", "$"), ("${a", "${a"), ("a$$$b", "a$$b")],
)
def test_what_systemd_leaves_alone(text: str, expected: str) -> None:
    assert literal(text) == expected


@pytest.mark.parametrize("text", ["%h/x", "%n", "a%%%i", "$HOME", "a${HOME}b", "$", "$$$${x}${y}"])
def test_what_systemd_would_put_in_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="without systemd"):
        literal(text)


def test_podman_reads_words_as_systemd_does(tmp_path: Path) -> None:
    every = [chr(code) for code in range(1, 0x180)]
    assert came_through(tmp_path, words([*AWKWARD, *every, "".join(every)])) == [*AWKWARD, *every, "".join(every)]


def test_podman_itself_reads_as_its_reader_here(tmp_path: Path) -> None:
    value = " ".join(value for value, *_ in BOTH) + r" \xc3\xbc \303\274 \xff"
    assert came_through(tmp_path, value) == list(split(value, "podman"))


def came_through(directory: Path, value: str) -> list[str]:
    """The words that podman passes on for a value of `Exec=`."""
    units, made = directory / "units", directory / "made"
    units.mkdir()
    made.mkdir()
    image = "docker.io/a/b:1"
    (units / "a.container").write_text(text([("Container", [("Image", image), ("Exec", value)])]))
    found = run_command(generated(units, made, is_user=True)["a.service"])
    return found[found.index(image) + 1 :]


@pytest.mark.parametrize(("value", "written"), [("a b", "a b"), ("50% of $x", "50%% of $$x"), ('a"\\x', 'a"\\x')])
def test_a_line(value: str, written: str) -> None:
    assert line(value) == written


@pytest.mark.parametrize("value", ["a b", "50% of $x", 'a"\\x', "$$"])
def test_a_setting_keeps_its_dollar_signs(value: str) -> None:
    assert setting(value) == value.replace("%", "%%")
    assert without_specifiers(setting(value)) == value


@pytest.mark.parametrize("value", ["a\nb", "\ta", " a", "a ", "a\\", "a\rb", "\0", '"a', 'a"'])
def test_more_than_a_line_is_refused(value: str) -> None:
    with pytest.raises(SpecError, match="cannot write"):
        line(value)


def test_a_setting_of_systemd_may_begin_and_end_with_quotes() -> None:
    assert setting('"100%" of "$x"') == '"100%%" of "$x"'
    with pytest.raises(SpecError, match="control characters"):
        setting("a\nb")


def test_podman_takes_quotes_off_the_ends_of_a_line(tmp_path: Path) -> None:
    """Which is why they are refused there."""
    units, made = tmp_path / "units", tmp_path / "made"
    units.mkdir()
    made.mkdir()
    keys = [("Image", "docker.io/a/b:1"), ("HealthCmd", 'say "x"')]
    (units / "a.container").write_text(text([("Container", keys)]))
    found = run_command(generated(units, made, is_user=True)["a.service"])
    assert found[found.index("--health-cmd") + 1] == 'say "x'
