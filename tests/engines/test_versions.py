from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.engines.versions import has_reached, served


@pytest.mark.parametrize(
    ("version", "release", "expected"),
    [
        ("0.23.0", (0, 11, 1), True),
        ("0.11.1", (0, 11, 1), True),
        ("0.11.0", (0, 11, 1), False),
        ("0.9.1+cu129", (0, 11, 1), False),
        ("v0.11.1rc2", (0, 11, 1), False),
        ("0.11.1.dev5+g0123abc", (0, 11, 1), False),
        ("0.11.2rc0", (0, 11, 1), True),
        ("0.5.10.post1", (0, 5, 10), True),
        ("0.18.0", (0, 18), True),
        ("1.0", (0, 18), True),
        ("b8906-5d2f0a1", (7300,), True),
        ("b7299-5d2f0a1", (7300,), False),
        ("b0-unknown", (7300,), False),
        ("unknown", (0, 1), False),
        ("", (0, 1), False),
        (None, (0, 1), False),
    ],
)
def test_reaching_a_release(version: str | None, release: tuple[int, ...], expected: bool) -> None:  # noqa: FBT001
    assert has_reached(version, release) is expected


@given(st.text())
def test_any_text_is_a_version(text: str) -> None:
    assert isinstance(has_reached(text, (1,)), bool)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=3), st.lists(st.integers(0, 20), min_size=1, max_size=3))
def test_versions_are_ordered_by_their_numbers(version: list[int], release: list[int]) -> None:
    assert has_reached(".".join(map(str, version)), tuple(release)) is (version >= release)


def test_what_a_version_serves() -> None:
    since = {"/new": (2,), "/old": (1,)}
    assert served("1.5", ("/always",), since) == {"/always", "/old"}
    assert served(None, ("/always",), since) == {"/always"}
