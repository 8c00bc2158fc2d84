"""Renders a fleet for llama-swap on NixOS: `config.nix`, its settings, and `llama-swap.nix`, a module that has them.

The settings are those of `remuda render llama-swap`, so both say the same. Commands have a line for each flag, which
llama-swap reads as one command. `config.nix` is a plain set, so that it suits nixpkgs' module as well as one's own;
`nix-instantiate --eval --strict --json config.nix` shows it.

Facts: nixos/modules/services/networking/llama-swap.nix of nixpkgs at 1f9970d; `listenAddress` came later, and without
it the module listens at every address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Problem
from remuda.plan.plan import CONTAINERS
from remuda.render.contract import Rendering, Request
from remuda.render.llama_swap.target import configuration
from remuda.render.nix.expression import (
    Binding,
    Block,
    Expression,
    File,
    Function,
    Has,
    Location,
    Name,
    Number,
    Operation,
    Pattern,
    Set,
    Text,
    bind,
    call,
    ref,
)
from remuda.render.nix.printer import to_nix
from remuda.render.nix.value import value

NAME: Final = "nixos-llama-swap"
SUMMARY: Final = "settings of llama-swap and a module for NixOS that has them"

CONFIG: Final = PurePosixPath("config.nix")
MODULE: Final = PurePosixPath("llama-swap.nix")

_BEFORE_FLAG: Final = re.compile(r"""('[^']*'|"[^"]*")| (?=-)""")
_HEAD: Final = f"Made by `remuda render {NAME}`; edit the fleet file instead."


def render(request: Request) -> Rendering:
    """The two files."""
    config, said = configuration(request)
    problems = (*said, *_of_service(request), *_of_order(request))
    if config is None or any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    files = {CONFIG: to_nix(File(settings(config), _HEAD)), MODULE: to_nix(File(_module(request), _HEAD))}
    return Rendering(files, problems)


def settings(config: Mapping[str, Any]) -> Expression:
    """The configuration as an expression, with commands that are easy to read."""
    models = {name: _model(entry) for name, entry in config["models"].items()}
    bindings = (
        Binding((key,), Set(tuple(Binding((name,), entry) for name, entry in models.items())))
        if key == "models"
        else Binding((key,), value(data))
        for key, data in config.items()
    )
    return Set(tuple(bindings))


def _model(entry: Mapping[str, Any]) -> Expression:
    return Set(tuple(Binding((key,), _command(data) if key == "cmd" else value(data)) for key, data in entry.items()))


def _command(text: str) -> Text | Block:
    """A command with a line for each flag; within quotes nothing changes."""
    lined = _BEFORE_FLAG.sub(lambda found: found[1] or "\n", text)
    return Block((f"{lined}\n",)) if "\n" in lined else Text((text,))


def _module(request: Request) -> Expression:
    listen = request.fleet.gateway.listen
    has_address = Has(ref("options.services.llama-swap"), ("listenAddress",))
    imported = call("import", Location(f"./{CONFIG}"))
    own = Set((bind("enable", Name("true")), bind("port", Number(listen.port)), bind("settings", imported)))
    address = call("lib.optionalAttrs", has_address, value({"listenAddress": listen.host}))
    pattern = Pattern({"lib": None, "options": None}, is_open=True)
    return Function(pattern, Set((bind("services.llama-swap", Operation("//", (own, address))),)))


def _of_service(request: Request) -> tuple[Problem, ...]:
    """What nixpkgs' service does not let llama-swap do."""
    listen = request.fleet.gateway.listen
    found = []
    if listen.is_loopback:
        message = f"nixpkgs' older modules of llama-swap listen at every address, not at `{listen.host}` only"
        hint = "keep its port closed in the firewall, or use a nixpkgs that has `services.llama-swap.listenAddress`"
        found.append(Problem(message, ("gateway", "listen"), hint=hint, severity="warning"))
    for model in request.models():
        if model.runtime in CONTAINERS:
            message = f"nixpkgs' service of llama-swap may not run `{model.runtime}`, as `{model.model_id}` needs"
            hint = "relax `systemd.services.llama-swap` and add the program to its `path`, or use a module of your own"
            found.append(Problem(message, ("models", model.model_id, "runtime"), hint=hint, severity="warning"))
    return tuple(found)


def _of_order(request: Request) -> tuple[Problem, ...]:
    """What is lost as Nix has no order of attributes but that of their names."""
    sets = list(request.fleet.residency.sets or ())
    if sets == sorted(sets):
        return ()
    message = "of `residency.sets` that cost the same llama-swap takes the first, and Nix sorts them by their names"
    hint = "name them in their order"
    return (Problem(message, ("residency", "sets"), hint=hint, severity="warning"),)
