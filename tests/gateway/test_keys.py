from __future__ import annotations

import pytest

from remuda.gateway.keys import NO_KEYS, OPEN, Keyring, make_key

ROO = make_key("roo", "sk-roo")
ALICE = make_key("alice", "sk-alice", ["tiny-?", "org/*"])


def test_without_keys_everybody_may_ask_for_everything() -> None:
    assert NO_KEYS.find(None) is OPEN
    assert NO_KEYS.find(b"anything") is OPEN
    assert OPEN.allows("any")


@pytest.mark.parametrize(
    ("secret", "key"),
    [(b"sk-roo", ROO), (b"sk-alice", ALICE), (b"sk-ro", None), (b"sk-roo ", None), (b"", None), (None, None)],
)
def test_a_key_is_found_by_exactly_its_secret(secret: bytes | None, key: object) -> None:
    assert Keyring((ROO, ALICE)).find(secret) is key


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("tiny-a", True), ("tiny-ab", False), ("Tiny-a", False), ("org/x/y", True), ("other", False), ("tiny-a\n", False)],
)
def test_a_key_asks_only_for_what_its_patterns_match(name: str, *, allowed: bool) -> None:
    assert ALICE.allows(name) is allowed
    assert ROO.allows(name)


def test_a_key_with_no_patterns_may_ask_for_nothing() -> None:
    key = make_key("none", "s", [])
    assert not key.allows("")
    assert not key.allows("x")


def test_a_key_does_not_show_its_secret() -> None:
    assert "sk-roo" not in repr(Keyring((ROO,)))
    assert repr(ROO.digest) not in repr(ROO)
