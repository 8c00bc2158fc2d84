from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.deploy.change import FileChange, change, in_order
from remuda.deploy.tree import EMPTY, Unit, units
from tests.deploy.trees import SYSTEM, service, system, tree

A = f"{SYSTEM}/a.service"
B = f"{SYSTEM}/b.service"
Z = f"{SYSTEM}/z.service"
SOCKET = f"{SYSTEM}/g.socket"
GATEWAY = f"{SYSTEM}/g.service"
FLEET = "etc/remuda/remuda.yaml"
LISTENS = "[Socket]\nListenStream={}\n[Install]\nWantedBy=sockets.target\n"


def serves(*, reloads: bool) -> str:
    more = f"ExecStart=/bin/remuda up -f /{FLEET}\n" + ("ExecReload=/bin/true\n" if reloads else "")
    return service(1, wanted=False, more=more)


@pytest.mark.parametrize(
    ("old", "new", "running", "expected"),
    [
        pytest.param({}, {A: service(1)}, "", "start a", id="new and wanted"),
        pytest.param({}, {A: service(1, wanted=False)}, "", "", id="new, but for somebody else to start"),
        pytest.param({A: service(1)}, {}, "a", "stop a", id="gone"),
        pytest.param({A: service(1)}, {}, "", "", id="gone and did not run"),
        pytest.param({A: service(1)}, {A: service(2)}, "a", "restart a", id="changed"),
        pytest.param({A: service(1)}, {A: service(1)}, "a", "", id="the same"),
        pytest.param({A: service(1)}, {A: service(1)}, "", "start a", id="wanted, but down"),
        pytest.param(
            {A: service(1, wanted=False)}, {A: service(2, wanted=False)}, "a", "restart a", id="on demand, up"
        ),
        pytest.param({A: service(1, wanted=False)}, {A: service(2, wanted=False)}, "", "", id="on demand, down"),
        pytest.param({A: service(1)}, {A: service(1), f"{A}.d/x.conf": "#"}, "a", "restart a", id="a drop-in"),
        pytest.param(
            {A: service(1), B: service(1)}, {A: service(1), B: service(2)}, "a b", "restart b", id="one of two"
        ),
        pytest.param(
            {}, {A: service(1, after="b.service"), B: service(1)}, "", "start b, start a", id="in the order of After="
        ),
        pytest.param(
            {A: service(1, after="b.service"), B: service(1)}, {}, "a b", "stop a, stop b", id="stopped the other way"
        ),
        pytest.param(
            {GATEWAY: serves(reloads=True), FLEET: "1"},
            {GATEWAY: serves(reloads=True), FLEET: "2"},
            "g",
            "reload g",
            id="a file that it names, and it reloads",
        ),
        pytest.param(
            {GATEWAY: serves(reloads=True), Z: service(1), "etc/x": "1"},
            {GATEWAY: serves(reloads=True).replace(f"/{FLEET}", "%E/x"), Z: service(2), "etc/x": "1"},
            "g z",
            "restart g, restart z",
            id="in the order of names",
        ),
        pytest.param(
            {A: service(1), Z: service(1, wanted=False)},
            {A: service(2), Z: service(2, wanted=False)},
            "a z",
            "restart z, restart a",
            id="what runs on demand before what may have asked for it",
        ),
        pytest.param(
            {GATEWAY: serves(reloads=True).replace(f"/{FLEET}", "%E/x"), Z: service(1), "etc/x": "1"},
            {GATEWAY: serves(reloads=True).replace(f"/{FLEET}", "%E/x"), Z: service(2), "etc/x": "2"},
            "g z",
            "restart z, reload g",
            id="reloaded last",
        ),
        pytest.param(
            {GATEWAY: serves(reloads=False), FLEET: "1"},
            {GATEWAY: serves(reloads=False), FLEET: "2"},
            "g",
            "restart g",
            id="a file that it names, and it cannot reload",
        ),
        pytest.param(
            {SOCKET: LISTENS.format(1), GATEWAY: serves(reloads=True)},
            {SOCKET: LISTENS.format(2), GATEWAY: serves(reloads=True)},
            "g g.socket",
            "stop g, restart g.socket, start g",
            id="a socket, for which its service makes way",
        ),
        pytest.param({}, {"compose.yaml": "1", "gateway.yaml": "1"}, "", "start compose", id="compose, new"),
        pytest.param(
            {"compose.yaml": "1", "gateway.yaml": "1"},
            {"compose.yaml": "2", "gateway.yaml": "2"},
            "compose remuda-gateway",
            "restart compose, restart remuda-gateway",
            id="compose, changed",
        ),
    ],
)
def test_units_follow_their_files(old: Mapping[str, str], new: Mapping[str, str], running: str, expected: str) -> None:
    manager = "compose" if "compose" in running else "system"
    up = {Unit(manager, name if "." in name or manager == "compose" else f"{name}.service") for name in running.split()}
    found = change(tree(old), tree(new), up).actions
    assert ", ".join(f"{one.verb} {one.unit.name.removesuffix('.service')}" for one in found) == expected


def test_files_are_told_with_their_lines() -> None:
    told = change(tree({"etc/a": "1\n2\n", "etc/b": "x"}), tree({"etc/a": "1\n3\n", "etc/c": ""}), set()).files
    assert [(str(one.path), one.kind) for one in told] == [
        ("etc/a", "changed"),
        ("etc/b", "removed"),
        ("etc/c", "added"),
    ]
    assert told[0].diff() == "--- a/etc/a\n+++ b/etc/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
    assert told[1].diff().endswith("\n-x\n")


def test_a_file_that_becomes_a_program_has_changed() -> None:
    assert [str(one.path) for one in change(tree({"go": ""}), tree({"go!": ""}), set()).files] == ["go"]
    assert FileChange(PurePosixPath("go"), "", "").diff() == ""


def test_models_that_clients_feel_are_those_whose_unit_ran() -> None:
    models = {"a.service": "org/a", "b.service": "org/b"}
    new = tree({A: service(2), B: service(2)}, models=models)
    assert change(tree({A: service(1)}), new, set(system("a.service"))).models == dict(
        zip(system("a.service"), ["org/a"], strict=True)
    )


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"))))
def test_every_unit_comes_once_and_behind_what_it_waits_for_unless_in_a_ring(waits: dict[str, set[str]]) -> None:
    files = {
        f"{SYSTEM}/{n}.service": service(1, after=" ".join(f"{o}.service" for o in others))
        for n, others in waits.items()
    }
    ordered = [unit.name[0] for unit in in_order(units(tree(files)))]
    assert sorted(ordered) == sorted(waits)
    is_acyclic = all(other < name for name, others in waits.items() for other in others)
    if is_acyclic:
        pairs = itertools.combinations(ordered, 2)
        assert not any(second in waits[first] for first, second in pairs)


def test_many_units_are_no_matter() -> None:
    files = {f"{SYSTEM}/m{n}.service": service(1, after=f"m{n - 1}.service") for n in range(500)}
    began = time.monotonic()
    found = change(EMPTY, tree(files), set()).actions
    assert time.monotonic() - began < 1
    assert [one.unit.name for one in found[:2]] == ["m0.service", "m1.service"]
