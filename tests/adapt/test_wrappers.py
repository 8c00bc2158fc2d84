from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.wrappers import Bare, unwrapped


@pytest.mark.parametrize(
    ("line", "words", "environment", "remarks"),
    [
        ("prog -x", "prog -x", {}, []),
        ("A=1 B='x y' prog", "prog", {"A": "1", "B": "x y"}, []),
        ("env A=1 prog A=2", "prog A=2", {"A": "1"}, []),
        ("env -u B -i A=1 prog", "prog", {"A": "1"}, ["`env -u B -i` is left out"]),
        ("exec nohup setsid prog", "prog", {}, []),
        ("exec -a name prog", "prog", {}, []),
        ("/usr/bin/tini -g -- prog", "prog", {}, []),
        ("numactl -N 0 --membind=0 prog -m x", "prog -m x", {}, ["`numactl -N 0 --membind=0` is left out"]),
        ("nice -n 5 taskset -c 0-3 prog", "prog", {}, ["`nice -n 5` is left", "`taskset -c 0-3` is left out"]),
        ("", "", {}, []),
        ("env", "", {}, []),
    ],
)
def test_what_stands_before_a_program(line: str, words: str, environment: dict[str, str], remarks: list[str]) -> None:
    bare = unwrapped(shlex.split(line))
    assert bare.words == tuple(shlex.split(words))
    assert bare.environment == environment
    assert len(bare.remarks) == len(remarks)
    assert all(said.startswith(expected) for said, expected in zip(bare.remarks, remarks, strict=True))


@given(st.lists(st.sampled_from(["env", "exec", "nice", "taskset", "numactl", "tini", "--", "-n", "A=1", "prog"])))
def test_any_words_have_an_end(words: list[str]) -> None:
    bare = unwrapped(words)
    assert isinstance(bare, Bare)
    assert bare.words == tuple(words[len(words) - len(bare.words) :])
