from __future__ import annotations

import copy
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.spec.document import Path, load
from remuda.spec.edit import annotate, extend, put, remove
from remuda.spec.yaml_text import to_yaml

FILE = """\
# the house's fleet
gateway: {listen: "127.0.0.1:8080"}  # loopback

models:
  # the small one
  tiny:   # first
    engine: llama-cpp  # why
    model: /m/x.gguf
    settings:
      ctx-size: 4096   # enough
    devices:
      - cuda0  # left
      - cuda1
  other: {engine: vllm, model: 'a/b', settings: {}}
  script:
    cmd: |
      whisper
      --port ${PORT}

    ttl: 5m

# routes follow
routes:
  - a: 1
    b: 2
"""


@pytest.mark.parametrize(
    ("path", "value", "was", "becomes"),
    [
        (("models", "tiny", "model"), "/m/y.gguf", "model: /m/x.gguf\n", "model: /m/y.gguf\n"),
        (("models", "tiny", "engine"), "vllm", "engine: llama-cpp  # why", "engine: vllm  # why"),
        (("models", "tiny", "settings", "ctx-size"), 1, "ctx-size: 4096   # enough", "ctx-size: 1   # enough"),
        (("models", "tiny", "settings", "x"), [1], "# enough\n", "# enough\n      x:\n        - 1\n"),
        (("models", "tiny", "devices", 0), "cpu", "- cuda0  # left", "- cpu  # left"),
        (("models", "tiny", "devices", 2), "cpu", "- cuda1\n", "- cuda1\n      - cpu\n"),
        (
            ("models", "tiny", "devices"),
            ["cpu"],
            "    devices:\n      - cuda0  # left\n      - cuda1\n",
            "    devices:\n      - cpu\n",
        ),
        (("models", "tiny", "settings"), {}, "settings:\n      ctx-size: 4096   # e", "settings: {}   # e"),
        (("models", "other", "model"), "c: d", "model: 'a/b'", 'model: "c: d"'),
        (("models", "other", "tag"), "v1", "settings: {}}", "settings: {}, tag: v1}"),
        (("models", "other", "settings", "a"), {"b": 1}, "settings: {}", 'settings: {a: {"b": 1}}'),
        (("models", "script", "ttl"), "never", "ttl: 5m", "ttl: never"),
        (("models", "script", "cmd"), "x", "cmd: |\n      whisper\n      --port ${PORT}\n", "cmd: x\n"),
        (("models", "new"), {"url": "http://a"}, "ttl: 5m\n", 'ttl: 5m\n  new:\n    url: "http://a"\n'),
        (("lint", "model_ids"), "off", "    b: 2\n", '    b: 2\nlint:\n  model_ids: "off"\n'),
        (("routes", 0, "a"), 3, "- a: 1", "- a: 3"),
        (("routes", 0, "c"), 3, "    b: 2\n", "    b: 2\n    c: 3\n"),
    ],
)  # fmt: skip
def test_a_value_is_put_and_nothing_else_changes(path: Path, value: Any, was: str, becomes: str) -> None:
    assert FILE.count(was) == 1
    assert put(FILE, path, value) == FILE.replace(was, becomes)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("m:\n  a: 1  # x\nn: 2\n", ("m",), "m:\n  a: 1  # x\n  b: 2\n  c:\n    d: 3\nn: 2\n"),
        ("m: {a: 1}\n", ("m",), 'm: {a: 1, b: 2, c: {"d": 3}}\n'),
        ("m:\n", ("m",), "m:\n  b: 2\n  c:\n    d: 3\n"),
        ("a: 1\n", (), "a: 1\nb: 2\nc:\n  d: 3\n"),
        ("", (), "b: 2\nc:\n  d: 3\n"),
    ],
)
def test_several_keys_are_added_at_once(text: str, path: Path, expected: str) -> None:
    assert extend(text, path, {"b": 2, "c": {"d": 3}}) == expected


def test_comments_are_put_behind_keys_and_items() -> None:
    notes: dict[Path, str] = {("a",): "x\ny", ("a", "b", 1): "z", ("no",): "w"}
    assert annotate("a:\n  b:\n    - 1\n    - 2\n", notes) == "a:  # x y\n  b:\n    - 1\n    - 2  # z\n"


@pytest.mark.parametrize(
    ("path", "was", "becomes"),
    [
        (("models", "tiny", "model"), "    model: /m/x.gguf\n", ""),
        (("models", "tiny", "engine"), "    engine: llama-cpp  # why\n", ""),
        (("models", "tiny", "settings", "ctx-size"), "settings:\n      ctx-size: 4096   #", "settings: {}   #"),
        (("models", "tiny", "devices", 0), "      - cuda0  # left\n", ""),
        (("models", "tiny", "devices", 1), "      - cuda1\n", ""),
        (("models", "other", "engine"), "{engine: vllm, ", "{"),
        (("models", "other", "settings"), ", settings: {}}", "}"),
        (("models", "script", "cmd"), "    cmd: |\n      whisper\n      --port ${PORT}\n", ""),
        (("routes", 0, "a"), "- a: 1\n    b: 2", "- b: 2"),
        (("models", "nobody"), "", ""),
    ],
)
def test_a_value_is_removed_and_nothing_else_changes(path: Path, was: str, becomes: str) -> None:
    assert remove(FILE, path) == FILE.replace(was, becomes, 1)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", ("a", "b"), "a:\n  b: 1\n"),
        ("# only a comment\n", ("a",), "# only a comment\na: 1\n"),
        ("models:\n", ("models", "a"), "models:\n  a: 1\n"),
        ("models: # none\n", ("models", "a"), "models: # none\n  a: 1\n"),
        ("models: {}\n", ("models", "a"), "models: {a: 1}\n"),
        ("a: 1", ("b",), "a: 1\nb: 1"),
        ("\ufeffa: 2\n", ("a",), "\ufeffa: 1\n"),
        ("a: 2\r\nb: 3\r\n", ("a",), "a: 1\r\nb: 3\r\n"),
        ("a: é\nb: ü # ö\n", ("b",), "a: é\nb: 1 # ö\n"),
    ],
)
def test_files_of_other_forms(text: str, path: Path, expected: str) -> None:
    assert put(text, path, 1) == expected


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("a: &x {b: 1}\nc: *x\n", ("c", "b"), "cannot change `c.b` in place because of an alias"),
        ("a: &x {b: 1}\nc: *x\n", ("a", "b"), "because of an anchor or a tag"),
        ("a: &x\n  b: 1\nc:\n  <<: *x\n", ("c", "b"), "because of"),
        ("a: 1\n", ("a", "b"), "cannot change `a.b`"),
        ("a: \x00\n", ("a",), "cannot change a file that has errors in its form"),
        ("- 1\n", ("a",), "because of what surrounds it"),
        ("a: [1\n", ("a",), "cannot change a file that has errors in its form"),
        ("a: {b: 1}\n", ("a", 0), "because of a value of another kind above it"),
        ("a: [1]\n", ("a", 3), "because of a value of another kind above it"),
    ],
)
def test_what_cannot_be_changed_in_one_place_is_refused(text: str, path: Path, message: str) -> None:
    change = remove if "<<" in text else partial(put, value=7)
    with pytest.raises(SpecError, match=message.replace("[", r"\[")):
        change(text, path)


KEYS = st.sampled_from(["a", "b-c", "d e", "2", "${x}"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["x", "a: b", "# no", "", "é", "- x", "l\nm"])
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
FLEETS = st.dictionaries(KEYS, DATA, min_size=1, max_size=3)


def paths(data: Any, path: Path = ()) -> list[Path]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in items for found in ((*path, key), *paths(value, (*path, key)))]


def commented(text: str) -> str:
    """A comment above and behind every line; a text over several lines is in quotes, on one."""
    return "".join(f"# {number}\n{line}  # {number}\n" for number, line in enumerate(text.splitlines()))


@given(data=FLEETS, value=DATA, choice=st.randoms(use_true_random=False), removes=st.booleans())
def test_any_value_of_any_file_can_be_changed(data: dict[str, Any], value: Any, choice: Any, removes: bool) -> None:  # noqa: FBT001
    text = commented(to_yaml(data))
    assert load(text, "").data == data
    path = choice.choice(paths(data))
    expected = copy.deepcopy(data)
    parent: Any = expected
    for part in path[:-1]:
        parent = parent[part]
    if removes:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    if not expected:
        return
    changed = remove(text, path) if removes else put(text, path, value)
    assert load(changed, "").data == expected
    kept = iter(text.splitlines())
    first = changed.splitlines()[: _same(text, changed)]
    assert all(line == next(kept) for line in first)


def _same(text: str, changed: str) -> int:
    """How many lines stand before the first that differs: never fewer than stand before the value."""
    pairs = zip(text.splitlines(), changed.splitlines(), strict=False)
    return next((number for number, (old, new) in enumerate(pairs) if old != new), 0)
