from remuda.plan.check import load_fleet
from remuda.render.flake.objection import names, of_model, of_nixpkgs, relevant, without_pin
from remuda.spec.merge import effective
from remuda.spec.nix import Nix

NIX = Nix(nixpkgs="0" * 40, date="2026-01-01")


def test_a_hint_for_who_pins_nothing() -> None:
    assert without_pin().hint == "add `nix: {nixpkgs: COMMIT}`"


def test_the_engines_keys_are_told_where_they_are() -> None:
    text = """
        engines: {vllm: {executable: vllm, devices: [/dev/dri/card0], environment_file: /etc/e}}
        models: {a: {engine: vllm, model: x/y}, b: {engine: vllm, model: x/y, executable: e, devices: [cpu]}}
        lint: {model_ids: "off"}
        """
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    engine = ("engines", "vllm")
    assert [problem.path for problem in of_model(effective(fleet, "a"), NIX)] == [
        (*engine, "executable"),
        (*engine, "environment_file"),
        (*engine, "devices"),
    ]
    assert [problem.path for problem in of_model(effective(fleet, "b"), NIX)] == [
        ("models", "b", "executable"),
        (*engine, "environment_file"),
    ]


def test_three_of_one_name() -> None:
    text = """
        models: {"a.b": {engine: vllm, model: x/y}, "A:b": {engine: vllm, model: x/y}, c: {engine: vllm, model: x/y}}
        lint: {model_ids: "off"}
        """
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    found = names([effective(fleet, model_id) for model_id in fleet.models])
    assert [problem.path for problem in found] == [("models", "A:b")]


def test_nothing_is_broken_where_nothing_is_built() -> None:
    assert relevant(NIX, frozenset()) == ()
    assert list(of_nixpkgs(NIX, ())) == []
