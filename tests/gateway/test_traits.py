import pytest

from remuda.gateway.traits import PLAIN, Traits


@pytest.mark.parametrize("path", [b"/sleep", b"/v1/x", b"/"])
def test_everything_may_be_asked_where_nothing_is_said(path: bytes) -> None:
    assert PLAIN.allows(path)


@pytest.mark.parametrize(
    ("path", "is_allowed"),
    [(b"/v1/x", True), (b"/health", True), (b"/health/", True), (b"/healthy", False), (b"/v1", False), (b"", False)],
)
def test_a_path_is_one_of_those_or_below_one_that_ends_in_a_slash(path: bytes, *, is_allowed: bool) -> None:
    assert Traits(paths=(b"/v1/", b"/health")).allows(path) is is_allowed
