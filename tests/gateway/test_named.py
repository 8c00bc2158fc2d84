from __future__ import annotations

import pytest

from remuda.gateway.named import Named, by_path
from remuda.gateway.target import read_target

KNOWN = {"tiny", "org/model", "org/model/q4"}


@pytest.mark.parametrize(
    ("raw", "name", "path"),
    [
        (b"/upstream/tiny", "tiny", b"/"),
        (b"/upstream/tiny/", "tiny", b"/"),
        (b"/upstream/tiny/a/b", "tiny", b"/a/b"),
        (b"/upstream/tiny/a/", "tiny", b"/a/"),
        (b"/upstream/tiny?x=1", "tiny", b"/?x=1"),
        (b"/upstream/org/model/v1/x", "org/model", b"/v1/x"),
        (b"/upstream/org/model/q4/v1/x", "org/model/q4", b"/v1/x"),
        (b"/upstream/org%2Fmodel/v1/x", "org/model", b"/v1/x"),
        (b"/upstream/tiny/a%2Fb%20c", "tiny", b"/a%2Fb%20c"),
        (b"/upstream/nobody/x", "nobody", b"/x"),
    ],
)
def test_the_longest_name_that_there_is(raw: bytes, name: str, path: bytes) -> None:
    target = read_target(raw)
    assert target is not None
    assert by_path(target, KNOWN.__contains__) == Named(name, path)


@pytest.mark.parametrize("raw", [b"/upstream/tiny/../x", b"/upstream/tiny/%2e%2E/x", b"/upstream/./x"])
def test_no_segment_leads_elsewhere(raw: bytes) -> None:
    target = read_target(raw)
    assert target is not None
    assert by_path(target, KNOWN.__contains__) is None
