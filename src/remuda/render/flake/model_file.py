"""The file of a model: a function of a package set to its server and its image.

The engine is taken as nixpkgs makes it. Whether it was built for the right GPUs is asked of torch, which decides that
for vLLM too (`cudaSupport ? torch.cudaSupport`), before anything is built.
"""

from __future__ import annotations

from remuda.engines import sglang
from remuda.facts.host import Host
from remuda.render.flake.built import ON_TORCH, Built
from remuda.render.flake.image import image
from remuda.render.flake.server import contained, server
from remuda.render.nix.expression import (
    Assert,
    Expression,
    Function,
    Inherit,
    Let,
    List,
    Negation,
    Operation,
    Pattern,
    Set,
    bind,
    call,
    ref,
)


def model_file(one: Built, host: Host) -> Expression:
    """The function; raises SpecError for a word that no script can hold."""
    body = Let(
        (
            Inherit(("lib",), ref("pkgs")),
            bind("engine", _agreed(one, _engine(one))),
            bind("version", _version(one)),
            bind("contained", contained(one)),
        ),
        Set((bind("server", server(one, host)), bind("image", image(one)))),
    )
    return Function(Pattern({"pkgs": None}), body)


def _engine(one: Built) -> Expression:
    if one.model.engine == sglang.NAME:
        packages = Function("python", List((ref("python.sglang"),)))
        return call(f"pkgs.{one.python}.withPackages", packages)
    return _package(one)


def _package(one: Built) -> Expression:
    name = one.model.engine
    return ref(f"pkgs.{one.python}Packages.{name}" if name in ON_TORCH else f"pkgs.{name}")


def _version(one: Built) -> Expression:
    package = _package(one)
    return call("lib.getVersion", package)


def _agreed(one: Built, engine: Expression) -> Expression:
    if one.model.engine not in ON_TORCH:
        return engine
    torch = f"pkgs.{one.python}Packages.torch"
    cuda, rocm = ref(f"{torch}.cudaSupport"), ref(f"{torch}.rocmSupport")
    match one.platform:
        case "cuda":
            condition: Expression = Operation("&&", (cuda, Negation(rocm)))
        case "rocm":
            condition = Operation("&&", (rocm, Negation(cuda)))
        case _:
            condition = Operation("&&", (Negation(cuda), Negation(rocm)))
    return Assert(condition, engine)
