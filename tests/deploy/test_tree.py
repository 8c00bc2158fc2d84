from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from remuda.deploy.tree import Tree, Unit, links, narrowed, owner, scopes, units
from remuda.render.contract import Rendering
from tests.deploy.trees import SYSTEM, USER, service, tree

CURRENT = PurePosixPath("/store/current")


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        (f"{SYSTEM}/a.service", ("system", "a.service")),
        (f"{SYSTEM}/a.socket", ("system", "a.socket")),
        (f"{SYSTEM}/a.service.d/x.conf", ("system", "a.service")),
        (f"{USER}/a.service", ("user", "a.service")),
        ("etc/containers/systemd/a.b.container", ("system", "a.b.service")),
        ("etc/containers/systemd/a.container.d/x.conf", ("system", "a.service")),
        ("etc/containers/systemd/a.volume", ("system", "a-volume.service")),
        ("etc/containers/systemd/users/503/a.container", ("503", "a.service")),
        ("config/containers/systemd/a.container", ("user", "a.service")),
        ("compose.yaml", ("compose", "compose")),
        ("gateway.yaml", ("compose", "remuda-gateway")),
        ("etc/tmpfiles.d/a.conf", None),
        ("etc/sysusers.d/a.service", None),
        (f"{SYSTEM}/README", None),
        ("etc/containers/systemd/a.txt", None),
        ("prepare", None),
    ],
)
def test_a_file_is_that_of_a_unit(path: str, unit: tuple[str, str] | None) -> None:
    assert owner(PurePosixPath(path)) == (Unit(*unit) if unit else None)


def test_a_unit_is_shown_with_whose_it_is() -> None:
    assert [str(Unit(manager, "a.service")) for manager in ("system", "503")] == ["a.service", "a.service (user 503)"]


def test_a_drop_in_counts_after_its_unit() -> None:
    found = units(tree({f"{SYSTEM}/a.service.d/x.conf": "[Install]\nWantedBy=", f"{SYSTEM}/a.service": service(1)}))
    assert not found[Unit("system", "a.service")].file.is_wanted
    assert len(found[Unit("system", "a.service")].paths) == 2


def test_links_lead_through_current_and_enable_what_is_wanted() -> None:
    made = tree(
        {
            f"{SYSTEM}/a.service": service(1),
            "config/x": "",
            "prepare!": "",
            "etc/containers/systemd/b.container": service(1),
        }
    )
    assert {str(place): text for place, text in links(made, CURRENT).items()} == {
        f"{SYSTEM}/a.service": f"/store/current/{SYSTEM}/a.service",
        f"{SYSTEM}/multi-user.target.wants/a.service": "../a.service",
        "config/x": "/store/current/config/x",
        "etc/containers/systemd/b.container": "/store/current/etc/containers/systemd/b.container",
    }


def test_what_is_required_is_enabled_as_that() -> None:
    made = tree({f"{USER}/a.socket": "[Install]\nRequiredBy=b.service"})
    assert f"{USER}/b.service.requires/a.socket" in map(str, links(made, CURRENT))


def test_a_tree_may_be_for_the_system_and_for_a_user() -> None:
    both = tree({"etc/a": "", "config/b": "", "prepare!": ""})
    assert scopes(both) == {"system", "user"}
    assert set(map(str, narrowed(both, "system").files)) == {"etc/a", "prepare"}
    assert set(map(str, narrowed(both, "user").files)) == {"config/b", "prepare"}
    assert scopes(tree({"compose.yaml": ""})) == frozenset()


def test_a_tree_is_made_of_a_rendering() -> None:
    path = PurePosixPath("prepare")
    assert Tree.of("t", Rendering({path: "x"}, executable=frozenset({path})), {"a.service": "a"}) == Tree(
        "t", {path: "x"}, frozenset({path}), {"a.service": "a"}
    )
