import pytest

from remuda.cli.ps import _age, _requests


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "-"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_400 * 3, "3d")],
)
def test_ages_are_in_the_largest_unit_that_fits(seconds: float | None, words: str) -> None:
    assert _age(seconds) == words


def test_waiting_requests_are_named_only_when_there_are_some() -> None:
    assert (_requests(2, 0), _requests(0, 3)) == ("2", "0 + 3 waiting")
