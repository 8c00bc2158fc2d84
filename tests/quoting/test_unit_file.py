from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import Position, SpecError
from remuda.quoting.systemd import Reader, literal, split, words
from remuda.quoting.unit_file import Setting, every, last, read, text
from tests.quoting.strategies import WORDS
from tests.render.quadlet.generator import generated, run_command

READERS: tuple[Reader, ...] = ("systemd", "podman")


def test_sections_without_keys_are_left_out() -> None:
    sections = [("Unit", [("A", "1"), ("A", "2")]), ("Service", []), ("Install", [("B", "3")])]
    assert text(sections, ("head",)) == "# head\n\n[Unit]\nA=1\nA=2\n\n[Install]\nB=3\n"


@given(st.lists(st.lists(WORDS.filter(bool), min_size=1), min_size=1))
def test_what_was_written_is_read(values: list[list[str]]) -> None:
    keys = [("Exec", words(argv)) for argv in values]
    for reader in READERS:
        found = every(read(text([("Container", keys)], ("= a comment",)), reader), "Container", "Exec")
        assert [[literal(word) for word in split(value, reader)] for value in found] == values


@pytest.mark.parametrize("reader", READERS)
def test_a_file_with_everything(reader: Reader) -> None:
    source = "# a=b\n; c\n\n [Unit]\nA = 1 \n  A=2=3\n[Service] \r\nExec=a \\\n# no\n  ;=no\nb\n[Unit]\nA=\nA=x\nB=\n"
    found = read(source, reader)
    assert every(found, "Unit", "A") == ("x",)
    assert every(found[:2], "Unit", "A") == ("1", "2=3")
    assert last(found, "Unit", "A") == "x"
    assert last(found, "Unit", "B") is None
    assert last(found, "Unit", "C") is None
    assert split(last(found, "Service", "Exec") or "", reader) == ("a", "b")
    assert found[0] == Setting("Unit", "A", "1", 5)
    assert found[2].line == 11


@pytest.mark.parametrize(
    ("source", "of_systemd", "of_podman"),
    [
        ("A=a\\\nb", "a b", "ab"),
        ("A=a\\\n  b", "a   b", "ab"),
        ("A=a\\\\\nB=c", "a\\\\", "a\\B=c"),
        ("A=a\\\n\nB=c", "a", "aB=c"),
        ("A=a\\", "a", "a"),
        ("A=a\rB=c", "a", "a\rB=c"),
    ],
)
def test_where_the_readers_differ(source: str, of_systemd: str, of_podman: str) -> None:
    assert last(read(f"[X]\n{source}", "systemd"), "X", "A") == of_systemd
    assert last(read(f"[X]\n{source}", "podman"), "X", "A") == of_podman


@pytest.mark.parametrize("reader", READERS)
def test_everything_that_cannot_be_read_is_told_at_once(reader: Reader) -> None:
    with pytest.raises(SpecError) as caught:
        read("A=b\n[X]\nnonsense\n=c\n[Y\n[Z=]x\n", reader)
    assert [problem.position for problem in caught.value.problems] == [Position(line, 1) for line in (1, 3, 4, 5, 6)]
    assert "before the first section" in caught.value.problems[0].message


def test_podman_itself_reads_lines_as_its_reader_here(tmp_path: Path) -> None:
    units, made = tmp_path / "units", tmp_path / "made"
    units.mkdir()
    made.mkdir()
    source = (
        "# =\n[Container]\nImage=x.io/a\nExec=gone\nExec=a\\\n  b \\\n# no\n  c\\\nd 'e \\\n  f'\n [Service] \n X=y \n"
    )
    (units / "a.container").write_text(source)
    command = run_command(generated(units, made, is_user=True)["a.service"])
    value = last(read(source, "podman"), "Container", "Exec") or ""
    assert command[command.index("x.io/a") + 1 :] == list(split(value, "podman"))
