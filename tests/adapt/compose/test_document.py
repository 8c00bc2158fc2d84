from pathlib import PurePosixPath

import pytest

from remuda.adapt.compose.document import MAX_VALUES, load
from remuda.adapt.compose.tree import Report
from remuda.adapt.compose.variables import Variables
from tests.adapt.compose.files import plain, said

PATH = PurePosixPath("c.yaml")
VARIABLES = Variables({"HF_TOKEN": "hf", "SET": "x"}, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "1: the file has no services: expected a mapping with `services`"),
        (b"- a\n", "1: the file has no services: expected a mapping with `services`"),
        (b"a: b: c", "1: cannot read a second `key: value` here"),
        (b"a: !reset x\n", "1: cannot use the tag `!reset` here"),
        (b"a: 1\na: 2\n", "2: `a` is given twice: first at 1:1"),
        (b'a: "\\0"\n', "0: cannot read a text with a NUL character"),
        (b"\n" * (MAX_VALUES + 1), f"0: cannot read a compose file of more than {MAX_VALUES} lines, commas and colons"),
        (b"a: \xff\n", "1: cannot read the byte 0xff: expected UTF-8"),
    ],
)
def test_refused(content: bytes, message: str) -> None:
    report = Report()
    assert load(content, PATH, VARIABLES, report) is None
    assert said(report) == [f"c.yaml:{message}"]


@pytest.mark.parametrize(
    ("text", "value", "messages"),
    [
        ("environment: ['A=$NO']", {"environment": ["A=\0env:NO\0"]}, ["`NO` is not set: it stays `${env:NO}`"]),
        (
            "environment: ['A=a-$NO']",
            {"environment": ["A=a-"]},
            ["`NO` is not set and has no default: compose takes it as empty"],
        ),
        (
            "environment: ['A=a-${X_KEY}']",
            {"environment": ["A=a-\0env:X_KEY\0"]},
            ["`X_KEY` is not set: it stays `${env:X_KEY}`"],
        ),
        ("command: [--key, '${HF_TOKEN}']", {"command": ["--key", "\0env:HF_TOKEN\0"]}, []),
        (
            "command: ['${X_KEY:?set it}']",
            {"command": ["\0env:X_KEY\0"]},
            ["`X_KEY` is not set: it stays `${env:X_KEY}`"],
        ),
        ("image: '${HF_TOKEN}'", {"image": "hf"}, []),
        ("image: '$NO'", {"image": ""}, ["`NO` is not set and has no default: compose takes it as empty"]),
        ("image: 'a${'", {"image": ""}, ["`services.s.image` has `${`, which is no variable of compose"]),
        ("$SET: 1", {"$SET": 1}, []),
    ],
)
def test_variables(text: str, value: object, messages: list[str]) -> None:
    report = Report()
    file = load(f"services: {{s: {{{text}}}}}".encode(), PATH, VARIABLES, report)
    assert file is not None
    assert plain(file.value(("services", "s"), report)) == value
    assert said(report) == [f"c.yaml:1: {message}" for message in messages]


def test_a_mistake_has_its_column() -> None:
    report = Report()
    file = load(b"services:\n  s:\n    image: abc${x\n", PATH, VARIABLES, report)
    assert file is not None
    file.value(("services",), report)
    [remark] = report
    assert remark.problem.position is not None
    assert (remark.problem.position.line, remark.problem.position.column) == (3, 15)
