from __future__ import annotations

from dataclasses import dataclass

import pytest

from remuda.knowledge.cards import chip, named


@dataclass(frozen=True)
class Row:
    cards: tuple[str, ...]


PLAIN, TI, L4 = Row(("RTX 3090",)), Row(("RTX 3090 Ti",)), Row(("L4",))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NVIDIA GeForce RTX 3090", PLAIN),
        ("NVIDIA GeForce RTX 3090 Ti", TI),
        ("nvidia geforce rtx 3090 laptop gpu", PLAIN),
        ("NVIDIA L4", L4),
        ("NVIDIA L40S", None),
        ("NVIDIA CL4", None),
    ],
)
def test_the_longest_card_that_is_a_word_of_the_name(name: str, expected: Row | None) -> None:
    assert named(name, [PLAIN, TI, L4]) is expected


@pytest.mark.parametrize(("title", "expected"), [("GB202 [x]", "b"), ("GB20B [x]", "c"), ("GA102", None)])
def test_the_longest_code_name_that_the_title_begins_with(title: str, expected: str | None) -> None:
    assert chip(title, {"GB": "a", "GB20": "b", "GB20B": "c"}) == expected
