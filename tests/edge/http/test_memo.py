from __future__ import annotations

import pytest

from remuda.edge.http.memo import Memo

LINE = b"POST / HTTP/1.1\r\nHost: x\r\n"


def message(body: bytes, name: bytes = b"Content-Length", line: bytes = LINE) -> bytes:
    return line + name + b": %d\r\nAccept: *\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length"])
def test_a_head_is_known_whatever_its_length_says(name: bytes) -> None:
    memo: Memo[str] = Memo()
    first, second = message(b"{}", name), message(b"x" * 12345, name)
    assert memo.recall(first) is None
    memo.keep(first, b"{}", "known")
    assert memo.recall(first) == ("known", len(first) - 2)
    assert memo.recall(second) == ("known", len(second) - 12345)


@pytest.mark.parametrize("before", [message(b"{}"), message(b"x" * 10), message(b"x" * 9)])
@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 99, 100])
def test_only_a_whole_message_alone_is_known(before: bytes, length: int) -> None:
    memo: Memo[str] = Memo()
    memo.keep(message(b"{}"), b"{}", "known")
    whole = message(b"x" * length)
    for data in (whole + b"x", whole[:-1], whole[: len(LINE)], whole):
        memo.recall(before)
        assert (memo.recall(data) is not None) is (data == whole)


def test_a_body_over_the_bound_is_not_known() -> None:
    memo: Memo[str] = Memo(body_bytes=15)
    memo.keep(message(b"{}"), b"{}", "known")
    for _ in range(2):
        assert memo.recall(message(b"x" * 15)) is not None
        assert memo.recall(message(b"x" * 16)) is None


def test_the_length_may_stand_last() -> None:
    memo: Memo[str] = Memo()
    head = LINE + b"content-length: "
    memo.keep(head + b"2\r\n\r\n{}", b"{}", "known")
    assert memo.recall(head + b"10\r\n\r\n0123456789") == ("known", len(head) + 6)


UNKNOWN = {
    "nothing": b"",
    "no end": message(b"{}")[:-4],
    "another field": message(b"{}", line=LINE + b"X: y\r\n"),
    "another spelling": message(b"{}", b"content-length"),
    "a third spelling": message(b"{}", b"CONTENT-LENGTH"),
    "an empty line before": b"\r\n" + message(b"{}"),
    "a second length": message(b"{}", line=LINE + b"Content-Length: 2\r\n"),
    "no digits": message(b"{}").replace(b": 2\r", b": \r"),
    "a sign": message(b"{}").replace(b": 2", b": +2"),
    "a zero before it": message(b"{}").replace(b": 2", b": 02"),
    "a space": message(b"{}").replace(b": 2", b":  2"),
    "another script's digits": message(b"{}").replace(b": 2", b": \xd9\xa2"),
    "hexadecimal": message(b"{}").replace(b": 2", b": 0x2"),
    "a bare LF": message(b"{}").replace(b": 2", b": 2\nX: 2"),
    "very many digits": message(b"{}").replace(b": 2", b": " + b"2" * 30),
    "the length in the body": LINE + b"Accept: *\r\n\r\nContent-Length: 2\r\n\r\n",
}


@pytest.mark.parametrize("data", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_deviates_is_not_known(data: bytes) -> None:
    memo: Memo[str] = Memo()
    memo.keep(message(b"{}"), b"{}", "known")
    assert memo.recall(message(b"{}")) is not None
    assert memo.recall(data) is None


NOT_KEPT = {
    "no body": (message(b""), b""),
    "another body": (message(b"{}"), b"[]"),
    "more than the body": (message(b"{}") + b"x", b"{}"),
    "less than the body": (message(b"{}")[:-1], b"{"),
    "zeros before the length": (message(b"{}").replace(b": 2", b": 02"), b"{}"),
    "padding after the length": (message(b"{}").replace(b": 2", b": 2 "), b"{}"),
    "no length": (LINE + b"\r\n{}", b"{}"),
    "a large head": (message(b"{}", line=LINE + b"X: " + b"y" * 9000 + b"\r\n"), b"{}"),
}


@pytest.mark.parametrize(("data", "body"), NOT_KEPT.values(), ids=NOT_KEPT.keys())
def test_what_is_not_framed_by_one_plain_length_is_not_kept(data: bytes, body: bytes) -> None:
    memo: Memo[str] = Memo()
    memo.keep(data, body, "known")
    assert memo.recall(data) is None


def test_the_latest_head_is_no_exception() -> None:
    memo: Memo[str] = Memo()
    memo.keep(message(b"{}"), b"{}", "known")
    for _ in range(2):
        assert memo.recall(message(b"{}")) == ("known", len(message(b"{}")) - 2)
        assert memo.recall(message(b"{}")[:-3]) is None
        assert memo.recall(message(b"x" * 10)) == ("known", len(message(b"x" * 10)) - 10)
        assert memo.recall(b"\r\n\r\n") is None


def test_what_is_forgotten_is_not_known() -> None:
    memo: Memo[str] = Memo()
    memo.keep(message(b"{}"), b"{}", "known")
    assert memo.recall(message(b"{}")) is not None
    memo.forget()
    assert memo.recall(message(b"{}")) is None
    assert memo.recall(b"\r\n\r\n") is None


def test_it_does_not_grow_without_bound() -> None:
    memo: Memo[int] = Memo()
    heads = [message(b"{}", line=LINE + b"X: %d\r\n" % number) for number in range(3000)]
    for number, head in enumerate(heads):
        memo.keep(head, b"{}", number)
    known = [head for head in heads if memo.recall(head)]
    assert 0 < len(known) <= 512
    assert heads[-1] in known
