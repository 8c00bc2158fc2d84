import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.compose.env_file import EnvFileError, parse
from tests.adapt.compose.files import write
from tests.render.compose.programs import as_docker_reads

OWN = {"A": "one", "E": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# only\n\n  # comments\n", {}),
        ("X=1\nY = 2\nZ: 3\n", {"X": "1", "Y": "2", "Z": "3"}),
        ("export X=1\n  export   Y=2", {"X": "1", "Y": "2"}),
        ("X=1\nX=2\n", {"X": "2"}),
        ("X=\nY=b\n", {"X": "", "Y": "b"}),
        ("X=a b  # no\nY=a#b\nZ=a'b\n", {"X": "a b", "Y": "a#b", "Z": "a'b"}),
        ("A\nE\nNONE\nX=1\n", {"A": "one", "E": "", "X": "1"}),
        ("X=$A\nY=${X}-${N:-d}\nA=two\nZ=$A\n", {"X": "one", "Y": "one-d", "A": "two", "Z": "one"}),
        ("X='$A \\n # x'\nY=1", {"X": "$A \\n # x", "Y": "1"}),
        ("X='it\\'s'\n", {"X": "it's"}),
        ("X='a\nb'\nY=2\n", {"X": "a\nb", "Y": "2"}),
        ('X="a\\tb\\n$A \\$A \\"q\\" \\q"\n', {"X": 'a\tb\none $A "q" \\q'}),
        ('X="a\nb" # c\nY=2\n', {"X": "a\nb", "Y": "2"}),
        ("\ufeffX=1\r\nY=2\r\n", {"X": "1", "Y": "2"}),
        ("X.y-z[0]=1\n", {"X.y-z[0]": "1"}),
    ],
)
def test_files(text: str, expected: dict[str, str]) -> None:
    assert parse(text, OWN.get) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("X=1\nY Z=2\n", 2, 1, "cannot read `Y Z=2`: expected `NAME=value`"),
        ("$X=1\n", 1, 1, "cannot read `$X=1`: expected `NAME=value`"),
        ("\nX='a\n", 2, 3, "cannot read `'a`: the quote never ends"),
        ("X=${\n", 1, 1, "`X` has `${`, which is no variable of compose"),
        ('X=1\nY="${N:?now}"\n', 2, 1, "`Y` needs a value for `N`: now"),
    ],
)
def test_refused(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(EnvFileError) as raised:
        parse(text, OWN.get)
    position = raised.value.position
    assert (position.line, position.column, raised.value.message) == (line, column, message)


ATOMS = ["'", '"', "\\", "\\\\", "\\n", "\\$", "$A", "${B:-x}", " #", "#", " ", "x", "y=z", "é", "$$", "\\'", "\t", ":"]


def generated(chance: random.Random) -> str:
    lines = []
    for _ in range(chance.randint(1, 3)):
        body = "".join(chance.choices(ATOMS, k=chance.randint(0, 5)))
        value = chance.choice([body, f"'{body}'", f'"{body}"', "x", "$A", "${B:-x} y # c", "", "# c", "a=b"])
        name = chance.choice(["K1", "K2", "B", "A", "K.3"])
        lines.append(chance.choice(["", "export ", " "]) + name + chance.choice(["=", " = ", ": ", "\n"]) + value)
    return "\n".join(lines) + chance.choice(["", "\n"])


def test_docker_compose_agrees(tmp_path: Path) -> None:
    chance = random.Random(3)
    ours: dict[str, dict[str, str]] = {}
    contents: dict[str, str] = {}
    while len(ours) < 400:
        text = generated(chance)
        try:
            ours[f"s{len(ours)}"] = dict(parse(text, OWN.get))
        except EnvFileError:
            continue
        contents[f"s{len(ours) - 1}.env"] = text
    services = "".join(f"  {name}: {{image: i, env_file: {name}.env}}\n" for name in ours)
    file = write(tmp_path, {**contents, "compose.yaml": f"name: x\nservices:\n{services}"})
    read = as_docker_reads(file, OWN)["services"]
    for name, variables in ours.items():
        theirs = read[name].get("environment") or {}
        theirs.pop("", None)  # a bare name at the very end is a value without a name to compose
        assert theirs == variables, contents[f"{name}.env"]


@given(st.text(st.sampled_from("AB=:'\"\\$#{} \t\r\n-.x"), max_size=80))
def test_any_text_ends_in_variables_or_in_a_position(text: str) -> None:
    try:
        parse(text, OWN.get)
    except EnvFileError as error:
        assert error.position.line <= text.count("\n") + 1  # noqa: PT017  some texts are fine
