from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remuda.plan.complaints import complaints


def test_each_complaint_is_at_its_line_with_its_meaning() -> None:
    text = (
        "INFO 11-21 12:00:00 starting\n"
        "\x1b[31mRuntimeError: HIP error: invalid\x1b[0m device function\n"
        "RuntimeError: HIP error: invalid device function\n"
        "OSError: [Errno 98] Address already in use\n"
    )
    first, second = complaints(text, first_line=100)
    assert (first.line, first.times, first.text) == (101, 2, "RuntimeError: HIP error: invalid device function")
    assert first.cause == "the build has no code object for this gfx target; it is no fault of the driver"
    assert None not in (first.proof, first.advice, first.source)
    assert (second.line, second.cause, second.source) == (103, "the engine found its port taken", None)


def test_what_an_engine_says_is_told_once_for_each_kind() -> None:
    text = "error: unrecognized arguments: --foo\nerror: argument --port: invalid int value\n"
    assert [(found.line, found.source is None) for found in complaints(text)] == [(1, False)]


def test_an_engines_words_long_before_the_end_were_survived() -> None:
    text = "OSError: [Errno 98] Address already in use\n" + "INFO fine\n" * 1000
    assert complaints(text) == ()


def test_a_symptom_long_before_the_end_is_told() -> None:
    text = "Illegal instruction (core dumped)\n" + "INFO fine\n" * 1000
    assert [found.line for found in complaints(text)] == [1]


def test_a_log_of_an_engine_that_is_well() -> None:
    assert complaints("INFO: Application startup complete.\n") == ()
    assert complaints("") == ()


@given(st.text(max_size=300), st.integers(1, 1000))
def test_any_text_can_be_read(text: str, first_line: int) -> None:
    for found in complaints(text, first_line=first_line):
        assert first_line <= found.line <= first_line + text.count("\n")


def test_what_one_line_says_twice_counts_once() -> None:
    (found,) = complaints("x\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n")
    assert (found.line, found.times) == (2, 1)
