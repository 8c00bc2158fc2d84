from __future__ import annotations

from pathlib import PurePosixPath

from remuda.adapt.contract import Source
from remuda.adapt.module_text import options, with_data
from tests.adapt.files import InMemory


def test_data_is_a_file_of_its_own() -> None:
    source = with_data(Source(PurePosixPath("a/b.nix"), InMemory({})), {"a": "é"})
    assert source.path == PurePosixPath("a/b.json")
    assert options(source) == {"a": "é"}
    assert source.files.names(PurePosixPath("a")) == ("b.json",)
    assert source.files.names(PurePosixPath("b")) == ()
    assert source.files.read(PurePosixPath("b.json")) is None


def test_what_is_no_set_has_no_options() -> None:
    assert options(Source(PurePosixPath("a"), InMemory({"a": b"[1]"}))) == {}
    assert options(Source(PurePosixPath("a"), InMemory({}))) == {}
