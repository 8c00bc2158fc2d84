"""`flake.nix`: nixpkgs at one commit, and packages, shells, checks and a module made of it.

An input that names its commit needs no hash: a commit of git is one, of all that is in the tree. `flake.lock`, which
Nix writes itself, adds the hash of what was fetched. Nothing here depends on the machine that evaluates it.

Each platform has a package set of its own, made once for a system: two of them in one would fight over torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remuda.knowledge.builds import Platform
from remuda.knowledge.nixpkgs import Broken
from remuda.render.flake.built import Built
from remuda.render.flake.overlay import configuration
from remuda.render.nix.expression import (
    Assert,
    Binding,
    Block,
    Entry,
    Expression,
    Function,
    Inherit,
    Let,
    List,
    Location,
    Name,
    Operation,
    Pattern,
    Select,
    Set,
    Text,
    bind,
    call,
    ref,
    text,
)
from remuda.render.nix.value import value
from remuda.spec.nix import Nix


def flake_file(nix: Nix, models: Sequence[Built], broken: Sequence[Broken]) -> Expression:
    """The flake of these models, which refuses a nixpkgs that cannot build them."""
    return Set(
        (
            bind("description", text("Servers and images of a fleet's models")),
            bind("inputs.nixpkgs.url", text(f"github:NixOS/nixpkgs/{nix.nixpkgs}")),
            bind("outputs", Function(Pattern({"self": None, "nixpkgs": None}), _outputs(nix, models, broken))),
        )
    )


def _outputs(nix: Nix, models: Sequence[Built], broken: Sequence[Broken]) -> Expression:
    platforms: Mapping[Platform, None] = dict.fromkeys(one.platform for one in models)
    bound: tuple[Entry, ...] = (
        Inherit(("lib",), ref("nixpkgs")),
        bind("configs", Set(tuple(bind(platform, configuration(nix, platform)) for platform in platforms))),
        bind("models", Set(tuple(_model(one) for one in models))),
        bind("sets", _sets(models), "One package set for each system and platform."),
        bind("built", _built()),
    )
    body: Expression = Set(
        (
            bind(
                "overlays", Set(tuple(bind(each, call("import", Location(f"./nix/{each}.nix"))) for each in platforms))
            ),
            bind("packages", _packages()),
            bind("devShells", _shells()),
            bind("checks", _checks()),
            bind("nixosModules.default", call("import", Location("./nix/module.nix"), Name("self"))),
        )
    )
    for row in broken:
        body = _unless(row, body)
    return Let(bound, body)


def _model(one: Built) -> Binding:
    about = Set(
        (
            bind("file", Location(f"./nix/models/{one.name}.nix")),
            bind("platform", text(one.platform)),
            bind("systems", value(list(one.systems))),
        )
    )
    return Binding((one.name,), about)


def _sets(models: Sequence[Built]) -> Expression:
    systems = dict.fromkeys(system for one in models for system in one.systems)
    made = call(
        "import",
        Name("nixpkgs"),
        Set(
            (
                Inherit(("system", "config")),
                bind("overlays", List((Select(Name("self"), ("overlays", Text((Name("platform"),)))),))),
            )
        ),
    )
    each = call("lib.mapAttrs", Function("platform", Function("config", made)), Name("configs"))
    return call("lib.genAttrs", value(list(systems)), Function("system", each))


def _built() -> Expression:
    chosen = call(
        "lib.filterAttrs",
        Function("_", Function("model", call("lib.elem", Name("system"), ref("model.systems")))),
        Name("models"),
    )
    platform = Text((ref("model.platform"),))
    evaluated = call("import", ref("model.file"), Set((bind("pkgs", Select(Name("of"), (platform,))),)))
    each = call("lib.mapAttrs", Function("_", Function("model", evaluated)), chosen)
    return call("lib.mapAttrs", Function("system", Function("of", each)), Name("sets"))


def _packages() -> Expression:
    pair = List((_named("server"), _named("image")))
    listed = call("lib.concatMap", Function("name", pair), call("lib.attrNames", Name("models")))
    return _per_system(call("lib.listToAttrs", listed))


def _named(what: str) -> Expression:
    name = Text((Name("name"), f"-{what}"))
    return call("lib.nameValuePair", name, Select(Name("models"), (Text((Name("name"),)), what)))


def _shells() -> Expression:
    servers = call("lib.mapAttrsToList", Function("_", Function("model", ref("model.server"))), Name("models"))
    shell = call(_any_set("mkShell"), Set((bind("packages", servers),)))
    return _per_system(Set((bind("default", shell),)))


def _checks() -> Expression:
    script = Block(("bash -n ", call("lib.getExe", ref("model.server")), '\ntouch "$out"\n'))
    checked = call(_any_set("runCommand"), Text((Name("name"), "-check")), Set(), script)
    each = Function("name", Function("model", checked))
    return _per_system(call("lib.mapAttrs", each, Name("models")))


def _any_set(function: str) -> Expression:
    sets = Select(Name("sets"), (Text((Name("system"),)),))
    return Select(call("lib.head", call("lib.attrValues", sets)), (function,))


def _per_system(body: Expression) -> Expression:
    return call("lib.mapAttrs", Function("system", Function("models", body)), Name("built"))


def _unless(row: Broken, body: Expression) -> Expression:
    message = f"{row.package} for {row.platform} does not build in nixpkgs before {row.since}: {row.reference}"
    is_mended = Operation(">=", (Select(Name("nixpkgs"), ("lastModified",)), value(row.epoch)))
    return Assert(Operation("||", (is_mended, call("throw", text(message)))), body)
