import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from remuda.facts.memory import SLACK_BYTES, Holder, Reading, missing_bytes

GIB = 1024**3
TOTAL = 24 * GIB
IDLE = Reading("cuda0", TOTAL, TOTAL - GIB, (Holder(1, GIB // 2),))
OURS = frozenset({7, 8})


def now(used_bytes: int, *holders: Holder) -> Reading:
    return Reading("cuda0", TOTAL, TOTAL - used_bytes, holders)


def missing(reading: Reading, idle: Reading | None = IDLE, *, trusted: bool = True) -> int:
    return missing_bytes(reading, idle, OURS, trusted=trusted)


def test_what_some_processes_hold_together() -> None:
    reading = now(9 * GIB, Holder(7, GIB), Holder(8, 2 * GIB), Holder(9, 4 * GIB))
    assert (reading.of(OURS), reading.of({10}), reading.listed_bytes) == (3 * GIB, 0, 7 * GIB)
    assert (reading.lists(OURS), reading.lists({10})) == (True, False)


def test_an_unknown_part_makes_the_whole_unknown() -> None:
    reading = now(9 * GIB, Holder(7, GIB), Holder(8, None))
    assert (reading.of(OURS), reading.of({7}), reading.peak_of(OURS), reading.listed_bytes) == (None, GIB, None, None)


def test_a_peak_of_one_process_counts_if_it_is_more_than_all_hold_now() -> None:
    reading = now(GIB, Holder(7, 5, peak_bytes=6), Holder(8, 5, peak_bytes=11))
    assert (reading.peak_of(OURS), reading.peak_of({7}), reading.peak_of({9})) == (11, 6, 0)


def test_others_have_what_ours_have_not() -> None:
    assert now(9 * GIB, Holder(7, GIB), Holder(9, 4 * GIB)).others_bytes(OURS) == 8 * GIB


def test_what_the_machine_could_reclaim_is_not_in_use_and_so_not_taken_off_twice() -> None:
    assert now(4 * GIB, Holder(7, 10 * GIB, reclaimable_bytes=9 * GIB)).others_bytes(OURS) == 3 * GIB
    assert now(GIB, Holder(7, 10 * GIB)).others_bytes(OURS) == 0


def test_the_largest_of_the_others() -> None:
    reading = now(9 * GIB, Holder(7, 8 * GIB), Holder(9, GIB), Holder(10, None), Holder(11, 2 * GIB))
    assert reading.largest_other(OURS) == 11
    assert now(GIB, Holder(7, GIB)).largest_other(OURS) is None


def test_memory_is_back_when_use_is_what_it_was_when_idle() -> None:
    assert missing(IDLE) == 0
    assert missing(now(GIB + SLACK_BYTES, Holder(1, GIB // 2))) == 0
    assert missing(now(9 * GIB, Holder(1, GIB // 2))) == 8 * GIB


def test_what_our_other_engines_and_new_programs_hold_is_not_missing() -> None:
    holders = (Holder(1, GIB // 2), Holder(20, 3 * GIB), Holder(30, 2 * GIB))
    assert missing(now(6 * GIB, *holders)) == 0
    assert missing(now(7 * GIB, *holders)) == GIB


def test_a_program_that_ends_meanwhile_hides_nothing() -> None:
    assert missing(now(9 * GIB)) == 8 * GIB + GIB // 2


def test_a_process_that_has_ended_and_is_still_listed_has_not_given_back() -> None:
    assert missing(now(3 * GIB, Holder(1, GIB // 2), Holder(7, 2 * GIB))) == 2 * GIB
    assert missing(now(3 * GIB, Holder(8, None)), None, trusted=False) == SLACK_BYTES


def test_where_the_driver_names_no_sizes_the_use_as_a_whole_is_compared() -> None:
    idle = now(GIB, Holder(1, None))
    assert missing(now(GIB, Holder(1, None)), idle) == 0
    assert missing(now(3 * GIB, Holder(1, None)), idle) == 2 * GIB


def test_nothing_is_missing_where_nothing_can_be_told() -> None:
    busy = now(9 * GIB)
    assert missing(busy, None) == 0
    assert missing(busy, trusted=False) == 0
    assert missing(dataclasses.replace(busy, is_unified=True)) == 0


def test_who_may_still_hold_it() -> None:
    assert now(GIB, Holder(1, 5), Holder(7, 5)).suspects(OURS, IDLE) == (7,)
    assert now(GIB, Holder(1, None), Holder(9, None), Holder(10, 5)).suspects(OURS, IDLE) == (9,)
    assert now(GIB, Holder(9, None)).suspects(OURS, None) == (9,)


sizes = st.integers(0, 8 * GIB)


@given(driver=sizes, late=sizes, before=st.lists(sizes, max_size=3), after=st.lists(sizes, max_size=3))
def test_only_what_is_late_is_missing_whatever_others_do(
    driver: int, late: int, before: list[int], after: list[int]
) -> None:
    idle = reading_of(driver, before)
    found = missing(reading_of(driver + late, after), idle)
    assert found == (late if late > SLACK_BYTES else 0)


def reading_of(driver_bytes: int, listed: list[int]) -> Reading:
    holders = tuple(Holder(100 + number, size) for number, size in enumerate(listed))
    used = driver_bytes + sum(listed)
    return Reading("cuda0", 100 * GIB, 100 * GIB - used, holders)
