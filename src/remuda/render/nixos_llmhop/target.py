"""`remuda render nixos-llmhop`: `llmhop-1.nix` for llmhop's modules of 1.2 and 1.3, `llmhop-2.nix` from 2.0 on.

vLLM and SGLang in containers are llmhop's own models, and its router has them by itself; what somebody else runs is
told to the router. The settings of the router are those of `remuda render llmhop`, in which what it cannot do is
refused too.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Problem
from remuda.render import llmhop
from remuda.render.contract import Rendering, Request
from remuda.render.nix.expression import Binding, File, Function, Name, Pattern, Set, bind
from remuda.render.nix.printer import to_nix
from remuda.render.nix.value import value
from remuda.render.nixos_llmhop.module import Module, lists, of_first, takes
from remuda.render.nixos_llmhop.options import IMAGES
from remuda.render.ports import ports
from remuda.spec.defaults import EXTERNAL
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective

NAME: Final = "nixos-llmhop"
SUMMARY: Final = "options of llmhop's modules for NixOS, of its releases 1 and 2"

FIRST: Final = PurePosixPath("llmhop-1.nix")
SECOND: Final = PurePosixPath("llmhop-2.nix")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_HEAD: Final = (
    f"Made by `remuda render {NAME}`; edit the fleet file instead.\n"
    "For llmhop {release}: import its module and that of quadlet-nix (github:mirkolenz/quadlet-nix) beside this one."
)


def render(request: Request) -> Rendering:
    """The two files; the first is left out where llmhop 1 has no form for something."""
    router = llmhop.render(request)
    modules = _modules(request)
    problems = (*router.problems, *_of_models(request), *(each for one in modules for each in one.problems()))
    if any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    options = {module.engine: module.options() for module in modules}
    own = {model.model_id for module in modules for model in module.models}
    files = {
        SECOND: _file(router.files[llmhop.SECOND], own, {f"{name}-quadlet": it for name, it in options.items()}, 2)
    }
    repeated = tuple(_of_lists(options))
    if llmhop.FIRST in router.files and not repeated:
        first = {name: of_first(it) for name, it in options.items()}
        files[FIRST] = _file(router.files[llmhop.FIRST], own, first, 1)
    return Rendering(dict(sorted(files.items())), (*problems, *repeated))


def _modules(request: Request) -> list[Module]:
    chosen: dict[str, list[Effective]] = defaultdict(list)
    for model in request.models():
        if takes(model):
            chosen[model.engine].append(model)
    given, engines = ports(request.fleet), request.fleet.engines
    return [
        Module(name, engines.get(name, EngineDefaults()), models, given, request.host)
        for name, models in chosen.items()
    ]


def _file(router: str, own: set[str], options: Mapping[str, Any], release: int) -> str:
    """A module's text. The models that llmhop runs itself are known to its router already."""
    settings = json.loads(router)
    settings["models"] = {name: entry for name, entry in settings["models"].items() if name not in own}
    if not settings["models"]:
        del settings["models"]
    router_entries = (("enable", True), ("settings", settings))
    entries = [Binding(("services", "llmhop", name), value(it)) for name, it in router_entries]
    if options:
        entries.append(bind("virtualisation.quadlet.enable", Name("true")))
    entries += [Binding(("services", "llmhop", name), value(it), is_apart=True) for name, it in options.items()]
    body = Function(Pattern({}, is_open=True), Set(tuple(entries)))
    return to_nix(File(body, _HEAD.replace("{release}", f"{release}.x")))


def _of_models(request: Request) -> Iterator[Problem]:
    """Models that llmhop's modules do not run, and names that it does not take."""
    for model in request.models():
        path = ("models", model.model_id)
        if model.runtime == EXTERNAL:
            continue
        if not takes(model):
            engines = "` and `".join(sorted(IMAGES))
            message = f"cannot render `{model.model_id}` for llmhop's modules: they run `{engines}` by podman"
            yield Problem(message, path, hint="change `engine` or `runtime`, or name the other models with `--only`")
        elif not _NAME.fullmatch(model.model_id):
            message = f"cannot render `{model.model_id}`: llmhop takes letters, digits, `.` and `-` for a model's name"
            yield Problem(message, path, hint="rename it")


def _of_lists(options: Mapping[str, Any]) -> Iterator[Problem]:
    for it in options.values():
        for name, key in lists(it):
            path = ("models", name, "settings", key)
            message = f"{label(path)} is a list, which llmhop 1 passes as many flags: `{FIRST}` is not rendered"
            yield Problem(message, path, severity="warning")
