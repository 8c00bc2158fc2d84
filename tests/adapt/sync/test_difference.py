from typing import Any

import pytest

from remuda.adapt.sync.difference import changes, items, overlay

BASE: dict[str, Any] = {
    "image": "vllm/vllm-openai",
    "tag": "v1",
    "settings": {"max-model-len": 5, "dtype": "auto"},
    "environment": {"A": "1", "B": "2"},
    "volumes": ["./remuda.upstream/u/0/x.py:/x.py:ro", "./remuda.upstream/u/made/c:/c", "/srv:/srv"],
    "steps": ["one\n", "two"],
    "shm_size": "16GiB",
}


def changed(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in {**BASE, **keys}.items() if value is not None}


def test_items() -> None:
    assert items({**BASE, "source": {}, "ttl": "5m"}) == {
        ("image", ""): "vllm/vllm-openai:v1",
        ("settings", "max-model-len"): 5,
        ("settings", "dtype"): "auto",
        ("environment", "A"): "1",
        ("environment", "B"): "2",
        ("volumes", "/x.py"): "./remuda.upstream/u/0/x.py:/x.py:ro",
        ("volumes", "/c"): "./remuda.upstream/u/made/c:/c",
        ("volumes", "/srv"): "/srv:/srv",
        ("steps", "one"): "one",
        ("steps", "two"): "two",
        ("shm_size", ""): "16GiB",
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (changed(), []),
        (changed(tag="v2"), [("image", "image", "vllm/vllm-openai:v1", "vllm/vllm-openai:v2")]),
        (
            changed(settings={"max-model-len": 6, "dtype": "half"}),
            [("limits", "max-model-len", 5, 6), ("flags", "dtype", "auto", "half")],
        ),
        (changed(environment={"A": "1"}), [("environment", "B", "2", None)]),
        (changed(volumes=BASE["volumes"][1:]), [("patches", "/x.py", "./remuda.upstream/u/0/x.py:/x.py:ro", None)]),
        (changed(volumes=BASE["volumes"][:2]), [("volumes", "/srv", "/srv:/srv", None)]),
        (changed(steps=["one", "three"]), [("steps", "two", "two", None), ("steps", "three", None, "three")]),
        (changed(steps=["two", "one\n"]), [("keys", "steps, in another order", BASE["steps"], ["two", "one\n"])]),
        (changed(shm_size=None), [("keys", "shm_size", "16GiB", None)]),
    ],
)
def test_changes(after: dict[str, Any], expected: list[tuple[str, str, Any, Any]]) -> None:
    assert [(one.kind, one.name, one.before, one.after) for one in changes(BASE, after)] == expected


@pytest.mark.parametrize(
    ("own", "after", "expected"),
    [
        ({"settings": {"max_model_len": 9}}, {"settings": {"max-model-len": 6}}, ("max-model-len", 5, 6, 9)),
        ({"settings": {"max-model-len": 9}}, {"settings": {}}, ("max-model-len", 5, None, 9)),
        ({"environment": {"C": "9"}}, {"environment": {"C": "1"}}, ("C", None, "1", "9")),
        ({"environment": {"A": None}}, {"environment": {"A": "7"}}, ("A", "1", "7", None)),
        (
            {"tag": "v9"},
            {"tag": "v2"},
            ("image", "vllm/vllm-openai:v1", "vllm/vllm-openai:v2", "vllm/vllm-openai:v9"),
        ),
        (
            {"volumes": ["/mine:/x.py"]},
            {"volumes": ["./remuda.upstream/u/1/x.py:/x.py:ro"]},
            ("/x.py", "./remuda.upstream/u/0/x.py:/x.py:ro", "./remuda.upstream/u/1/x.py:/x.py:ro", "/mine:/x.py"),
        ),
        ({"source": {"drop_steps": ["two"]}}, {"steps": ["one", "2"]}, ("drop_steps: two", "two", None, "dropped")),
        ({"settings": {"max-model-len": 6}}, {"settings": {"max-model-len": 6}}, None),
        ({"settings": {"dtype": "half"}}, {"settings": {"max-model-len": 6, "dtype": "auto"}}, None),
        ({"environment": {"A": None}}, {"environment": {}}, None),
        ({"devices": ["cuda0"]}, {}, None),
    ],
)
def test_conflicts(own: dict[str, Any], after: dict[str, Any], expected: tuple[Any, ...] | None) -> None:
    found = overlay(own, BASE, {**BASE, **after}).conflicts
    told = [(one.name, one.before, one.after, one.own) for one in found]
    assert told == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("own", "name"),
    [
        ({"settings": {"max-model-len": 5}}, "max-model-len"),
        ({"environment": {"A": "1"}}, "A"),
        ({"environment": {"NEVER": None}}, "NEVER"),
        ({"steps": ["two"]}, "two"),
        ({"tag": "v1"}, "image"),
        ({"source": {"drop_steps": ["never"]}}, "drop_steps: never"),
    ],
)
def test_what_says_nothing_new(own: dict[str, Any], name: str) -> None:
    for before in (BASE, None):
        found = overlay(own, before, BASE)
        assert [change.name for change in found.redundant] == [name]
        assert found.conflicts == ()


def test_a_comparison_with_what_was_copied_by_hand() -> None:
    own = {"environment": {"A": "1", "B": "9", "MINE": "1"}, "volumes": ["/fast:/c"], "steps": ["one"]}
    found = overlay(own, None, BASE)
    assert [change.name for change in found.redundant] == ["A", "one"]
    assert [change.name for change in found.different] == ["B"]
    assert [change.name for change in found.only_own] == ["MINE"]
    names = ["image", "max-model-len", "dtype", "/x.py", "/srv", "two", "shm_size"]
    assert [change.name for change in found.only_upstream] == names
