from __future__ import annotations

from pathlib import PurePosixPath

from remuda.deploy.manifest import Origin, edited, manifest, tree_of
from tests.deploy.trees import tree


def test_a_tree_is_known_again_by_what_is_written_down() -> None:
    made = tree({"etc/a": "1", "go!": "2"}, models={"a.service": "a"})
    written = manifest(7, made, Origin("2026-01-01T00:00:00Z", "1.0", "ab"))
    assert tree_of(written, made.files) == made
    assert edited(written, made.files) == {}
    assert edited(written, {PurePosixPath("etc/a"): "x"}) == {PurePosixPath("etc/a"): "x", PurePosixPath("go"): ""}
