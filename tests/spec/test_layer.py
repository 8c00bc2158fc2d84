from pathlib import PurePosixPath
from typing import Any

import pytest

from remuda.errors import Position
from remuda.plan.check import check, load_fleet
from remuda.spec.document import load
from remuda.spec.layer import layer, merge, target
from remuda.spec.lock import Lock, Locked, written
from remuda.spec.merge import effective

FLEET = """\
lint: {model_ids: off}
upstreams: {u: {git: "https://h/u"}}
engines: {vllm: {environment: {BASE: "0", GONE: "0"}, settings: {seed: 1}}}
models:
  a:
    source: {upstream: u, path: a.yml}
    %s
"""
DERIVED = {
    "engine": "vllm",
    "runtime": "docker",
    "image": "vllm/vllm-openai",
    "tag": "v1",
    "model": "./remuda.upstream/u/made/m",
    "devices": ["cuda:all"],
    "volumes": ["./remuda.upstream/u/0/x.py:/p/x.py:ro", "/c:/cache"],
    "steps": ["one", "two\n"],
    "settings": {"max-model-len": 3, "dtype": "auto"},
    "environment": {"BASE": "1", "A": "1"},
}


def entry(**changed: Any) -> Locked:
    given: dict[str, Any] = {"upstream": "u", "url": "", "commit": "c", "date": "", "path": "a.yml", "recipe": ""}
    return Locked(**{**given, "derived": DERIVED, **changed}).sealed()


EDITED = written({"a": entry()}).replace(b'"v1"', b'"v2"')
_EDITED = "somebody edited: what is to be different belongs into the model itself"


def lock(**changed: Any) -> Lock:
    return Lock(content=written({"a": entry(**changed)}), directory=PurePosixPath("/fleet"))


@pytest.mark.parametrize(
    ("own", "key", "expected"),
    [
        ("", "settings", {"seed": 1, "max-model-len": 3, "dtype": "auto"}),
        ("settings: {max_model_len: 5, dtype: null}", "settings", {"seed": 1, "max_model_len": 5}),
        ("", "environment", {"BASE": "1", "GONE": "0", "A": "1"}),
        ("environment: {A: null, GONE: null, B: 2}", "environment", {"BASE": "1", "B": "2"}),
        ("", "image", "vllm/vllm-openai:v1"),
        ("tag: v2", "image", "vllm/vllm-openai:v2"),
        ("digest: 'sha256:%s'" % ("a" * 64), "image", "vllm/vllm-openai@sha256:" + "a" * 64),
        ("image: mine\n    tag: v9", "image", "mine:v9"),
        ("image: mine", "image", None),
        ("devices: [cuda0]", "devices", ("cuda0",)),
        ("runtime: podman", "runtime", "podman"),
    ],
)
def test_own_keys_over_the_recipe_over_the_engine(own: str, key: str, expected: object) -> None:
    fleet, _, _ = load_fleet(FLEET % own, "f", lock())
    assert getattr(effective(fleet, "a"), key) == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", ("/fleet/remuda.upstream/u/0/x.py:/p/x.py:ro", "/c:/cache")),
        ("volumes: ['/n:/new', '/mine:/p/x.py']", ("/mine:/p/x.py", "/c:/cache", "/n:/new")),
    ],
)
def test_volumes(own: str, expected: tuple[str, ...]) -> None:
    fleet, _, _ = load_fleet(FLEET % own, "f", lock())
    assert fleet.models["a"].volumes == expected
    assert fleet.models["a"].model == "/fleet/remuda.upstream/u/made/m"


@pytest.mark.parametrize(
    ("source", "own", "expected"),
    [
        ("", "", ("one", "two\n")),
        ("", "steps: [three]", ("one", "two\n", "three")),
        (", drop_steps: [two, never]", "steps: [three]", ("one", "three")),
        (", drop_steps: [one, two]", "", ()),
    ],
)
def test_steps(source: str, own: str, expected: tuple[str, ...]) -> None:
    text = (FLEET % own).replace("path: a.yml", "path: a.yml" + source)
    fleet, _, _ = load_fleet(text, "f", lock())
    assert fleet.models["a"].steps == expected


def test_problems_of_own_items_are_where_they_were_written() -> None:
    checked = check(FLEET % "steps: [ok, 'exec sh']\n    volumes: ['/n:/new', 3, '/mine:/p/x.py']", "f", lock())
    errors = {problem.path[2:]: problem.position for problem in checked.problems if problem.severity == "error"}
    assert errors == {("steps", 3): Position(7, 17), ("volumes", 3): Position(8, 26)}


def test_problems_of_the_recipe_are_at_the_model() -> None:
    checked = check(FLEET % "runtime: process", "f", lock())
    steps = next(problem for problem in checked.problems if problem.path == ("models", "a", "steps"))
    assert steps.position == Position(5, 3)


def test_a_fleet_without_sources_needs_no_lock() -> None:
    _, document, _ = load_fleet("models: {a: {url: 'http://h'}}\nlint: {model_ids: off}", "f", Lock(content=b"broken"))
    assert document.locked == {}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Lock(), "`models.a.source` is not in `remuda.lock`: nothing is known of the recipe of `a` yet"),
        (Lock(content=b"x"), "cannot use `remuda.lock`: it is damaged: json is malformed: invalid character (byte 0)"),
        (lock(path="b.yml"), "`models.a.source` is not what `remuda.lock` was made for"),
        (lock(service="s"), "`models.a.source` is not what `remuda.lock` was made for"),
        (lock(variables={"A": "1"}), "`models.a.source` is not what `remuda.lock` was made for"),
        (Lock(content=EDITED), f"`models.a.source` has an entry in `remuda.lock` that {_EDITED}"),
    ],
)
def test_a_lock_that_cannot_be_used_is_one_problem(found: Lock, message: str) -> None:
    checked = check(FLEET % "", "f", found)
    assert [problem.message for problem in checked.problems] == [message]
    assert checked.problems[0].position == Position(6, 5)
    assert checked.problems[0].hint == "run `remuda sync`"


def test_the_lock_of_a_moved_recipe_is_right_before_and_after_the_file_is_edited() -> None:
    moved = lock(path="b.yml", path_before="a.yml")
    assert not check(FLEET % "", "f", moved).has_errors
    assert not check((FLEET % "").replace("a.yml", "b.yml"), "f", moved).has_errors


@pytest.mark.parametrize(
    ("volume", "place"), [("/a:/b", "/b"), ("/a:/b:ro", "/b"), ("name:/b", "/b"), ("/b", "/b"), (3, "3")]
)
def test_target(volume: object, place: str) -> None:
    assert target(volume) == place


@pytest.mark.parametrize("own", [{"settings": 3}, {"volumes": "x"}, {"steps": 1}, {"environment": []}, {"source": 3}])
def test_values_of_another_kind_are_left_to_be_judged(own: dict[str, Any]) -> None:
    assert merge(DERIVED, own).data[next(iter(own))] == next(iter(own.values()))


def test_what_is_no_mapping_is_left_alone() -> None:
    document = load("models: {a: 3, b: {source: 3}, c: null}", "f")
    assert layer(document, Lock()) is document
