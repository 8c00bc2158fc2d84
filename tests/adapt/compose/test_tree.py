import json
import math
from pathlib import Path, PurePosixPath

import pytest

from remuda.adapt.compose.tree import Data, Report, Value, decimal
from remuda.errors import Position
from tests.adapt.compose.files import write
from tests.render.compose.programs import as_docker_reads

HERE = Value(None, PurePosixPath("c.yaml"), Position(3, 5))


def test_a_single_value_is_a_list_of_itself() -> None:
    assert [item.text for item in HERE.of("x").items] == ["x"]
    assert HERE.items == HERE.of({"a": HERE}).items == ()
    assert HERE.of((HERE.of(1), HERE.of("a"))).items == (HERE.of(1), HERE.of("a"))


def test_what_is_below_keys() -> None:
    value = HERE.of({"a": HERE.of({"b": HERE.of(1)})})
    assert value.get("a", "b").text == "1"
    assert value.get("a", "no", "b").data is None


@pytest.mark.parametrize(
    ("data", "text"), [(True, "true"), (False, "false"), (None, ""), (7, "7"), ((), ""), (0.5, "0.5")]
)
def test_texts(data: Data, text: str) -> None:
    assert HERE.of(data).text == text


@pytest.mark.parametrize(
    ("data", "expected"), [(True, True), ("Yes", True), ("on", True), ("false", False), (None, False)]
)
def test_is_true(data: str | None, *, expected: object) -> None:
    assert HERE.of(data).is_true is expected


def test_docker_compose_writes_numbers_the_same(tmp_path: Path) -> None:
    numbers = [0.93, 1.0, 1e6, 123456789.5, 1e21, 1.5e22, 1e-5, 0.0001, 1.2e-05, 100000.5, 1234567.5, 2097152.0, -2.5]
    variables = {f"K{place}": number for place, number in enumerate(numbers)}
    file = write(
        tmp_path, {"compose.yaml": json.dumps({"name": "x", "services": {"s": {"image": "i", "labels": variables}}})}
    )
    labels = as_docker_reads(file, {})["services"]["s"]["labels"]
    assert labels == {name: decimal(number) for name, number in variables.items()}
    assert [decimal(number) for number in (0.0, math.inf, -math.inf, math.nan)] == ["0", "+Inf", "-Inf", "NaN"]


def test_a_report_says_nothing_twice() -> None:
    report = Report()
    report.warn(HERE, "odd", "mend it")
    report.warn(HERE, "odd", "mend it")
    assert list(report)[1:] == []
    report.refuse(HERE, "bad")
    assert report.has_errors
    assert [(remark.file, remark.problem.message, remark.problem.position) for remark in report] == [
        ("c.yaml", "odd", Position(3, 5)),
        ("c.yaml", "bad", Position(3, 5)),
    ]
