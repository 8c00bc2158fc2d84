from __future__ import annotations

from remuda.spec.rules.names import claims, name_pattern, one_namespace, unit_names
from tests.spec.reading import document, said

COLLIDING = """
    models:
      a: {aliases: [x, a]}
      b: {aliases: [x]}
    routes:
      b: a
      x: b
    """


def test_every_name_that_clients_may_send() -> None:
    assert [(name, what) for name, what, _ in claims(document(COLLIDING))] == [
        ("a", "model"),
        ("b", "model"),
        ("b", "route"),
        ("x", "route"),
        ("x", "alias"),
        ("a", "alias"),
        ("x", "alias"),
    ]


def test_models_aliases_and_routes_share_one_namespace_and_both_places_are_named() -> None:
    assert said(one_namespace, COLLIDING) == [
        "5:3 the route `b` has the name of the model `models.b` at 3:3",
        "2:17 the alias `x` has the name of the route `routes.x` at 6:3",
        "2:20 the alias `a` has the name of the model `models.a` at 2:3",
        "3:17 the alias `x` has the name of the route `routes.x` at 6:3",
    ]


def test_names_that_clients_can_send() -> None:
    text = """
        models:
          qwen3.6:27b/a_b-c: {}
          -a: {aliases: ["b c", ok]}
          é: {}
        routes: {"": x}
        """
    rule = "must begin with a letter or digit and hold only those and `._:/-`"
    assert said(name_pattern, text) == [
        f"3:3 the model `-a` {rule}",
        f"4:3 the model `é` {rule}",
        f"5:10 the route `` {rule}",
        f"3:18 the alias `b c` {rule}",
    ]


def test_units() -> None:
    text = """
        models:
          a_b: {runtime: podman}
          a_c: {runtime: process}
          a_d: {runtime: docker, enabled: false}
          a/e: {runtime: systemd, unit: a-e}
          f: {runtime: podman, unit: a_f}
          g: {runtime: podman, unit: h}
          h: {runtime: docker}
          i: {unit: h}
        """
    rule = "must begin with a letter or digit and hold only those, `.` and `-`"
    assert said(unit_names, text) == [
        f"2:3 model `a_b` needs `unit`: the name of a podman unit {rule}",
        f"6:30 `models.f.unit` {rule}, not `a_f`",
        "8:3 model `h` has the same unit as model `g`: `h`",
    ]


def test_the_hint_is_a_unit_name_that_works() -> None:
    (problem,) = unit_names(document("models: {'qwen3_6:27b/x': {runtime: podman}}\n"))
    assert problem.hint == "add `unit: qwen3-6-27b-x`"
