"""The merging of files, after the cases of llama-swap's documentation of `-config-dir`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from remuda.adapt.contract import Source
from remuda.adapt.llama_swap.adapter import adapt
from remuda.adapt.llama_swap.merge import merged
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import Node, tree
from remuda.spec.document import load
from tests.adapt.llama_swap.golden import Texts, said


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    return list(map(plain, node.value)) if isinstance(node.value, list) else node.value


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a: 1", "b: 2", {"a": 1, "b": 2}),
        ("a: [1]", "a: [2, 1]", {"a": [1, 2, 1]}),
        ("a: {b: 1}", "a: {c: 2}", {"a": {"b": 1, "c": 2}}),
        ("a: 1", "a: 1", {"a": 1}),
        ("a: ~", "a: [1]", {"a": [1]}),
        ("a: {b: 1}", "a:", {"a": {"b": 1}}),
        ("models: {a: {}}", "models: {b: {}}", {"models": {"a": {}, "b": {}}}),
        (
            "routing: {router: {use: group}}",
            "routing: {scheduler: {}}",
            {"routing": {"router": {"use": "group"}, "scheduler": {}}},
        ),
    ],
)
def test_two_files_become_one(one: str, other: str, expected: object) -> None:
    told = Said()
    assert plain(merged(tree(load(one, "1.yaml")), tree(load(other, "2.yaml")), told)) == expected
    assert told.remarks == []


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("a: 1", "a: 2", "`a` is another than in `1.yaml`"),
        ("a: 1", 'a: "1"', "`a` is another than in `1.yaml`"),
        ("a: {b: {c: 1}}", "a: {b: {c: true}}", "`a.b.c` is another than in `1.yaml`"),
        ("a: {b: 1}", "a: [1]", "`a` is of another kind than in `1.yaml`"),
        ("models: {a: {}}", "models: {a: {}}", "`models.a` is in `1.yaml` already"),
        ("matrix: {sets: {}}", "matrix: {sets: {}}", "`matrix.sets` is in `1.yaml` already"),
    ],
)
def test_what_contradicts_is_told_where_it_is_read_later(one: str, other: str, message: str) -> None:
    told = Said()
    merged(tree(load(one, "1.yaml")), tree(load(other, "2.yaml")), told)
    assert [(remark.file, remark.problem.message) for remark in told.remarks] == [("2.yaml", message)]


def test_a_directory_without_configurations_is_refused() -> None:
    found = adapt(Source(PurePosixPath("config"), Texts({"config/readme.txt": "x"})))
    assert "cannot read `config`: expected a file, or a directory" in said(found)


def test_a_file_is_read_up_to_a_size() -> None:
    found = adapt(Source(PurePosixPath("config"), Texts({"config/a.yaml": "x: " + "a" * 2**20})))
    assert "`config` is larger than 1024 KiB" in said(found)
