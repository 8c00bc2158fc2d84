import json

import pytest

from remuda.spec.lock import VERSION, Locked, LockError, read, written

ENTRY = Locked(
    upstream="club",
    url="https://h/club",
    commit="16a1374053f979363fe4634a73ddd9c90db6061c",
    date="2026-05-11",
    path="a/b.yml",
    recipe="00",
    derived={"engine": "vllm", "settings": {"max-model-len": 180000, "x": 0.5}, "environment": {"A": "ä\n"}},
    directories=("remuda.upstream/club/made/x",),
).sealed()


def test_what_is_written_is_read_and_written_the_same_again() -> None:
    text = written({"b": ENTRY, "a": ENTRY})
    found = read(text)
    assert found == {"a": ENTRY, "b": ENTRY}
    assert list(found) == ["a", "b"]
    assert all(entry.is_untouched for entry in found.values())
    assert written(found) == text
    assert text.endswith(b"\n")
    assert text.count(b"\n") > 30
    assert read(None) == {}


def test_an_edit_is_noticed() -> None:
    found = read(written({"a": ENTRY}).replace(b"180000", b"180001"))
    assert not found["a"].is_untouched


def test_provenance() -> None:
    assert ENTRY.provenance == "club a/b.yml @ 16a13740 (2026-05-11)"


def with_derived(**derived: object) -> bytes:
    text = json.loads(written({"a": ENTRY}))
    text["models"]["a"]["derived"] = derived
    return json.dumps(text).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged: input data was truncated"),
        (b"<<<<<<< HEAD\n", "is damaged"),
        (b"\xff", "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b'{"models": {}, "version": 1, "more": 1}', "is damaged: object contains unknown field `more`"),
        (b'{"models": {}, "version": 2}', f"has the version 2: expected {VERSION}"),
        (b" " * (10 * 2**20 + 1), "has more than 10 MiB"),
        (with_derived(hooks={"before_load": "rm"}), "gives the model `a` the key `hooks`, which no recipe gives"),
        (with_derived(url="http://evil"), "gives the model `a` the key `url`, which no recipe gives"),
    ],
)
def test_what_is_no_lock(content: bytes, message: str) -> None:
    with pytest.raises(LockError, match=message.replace("(", r"\(")):
        read(content)
