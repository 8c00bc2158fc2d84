"""The program that runs a model's engine: a script that sets the environment of the fleet file and becomes the engine.

It sets the variables that the engine's module does, under those names and no others, so that no variable is read by
one of the two only. Arguments are an array; what the caller adds comes after them, without empty words, such as an
unset variable in quotes would leave. Secrets are read when it starts: everybody can read the Nix store.

On the machine it listens on loopback and sees the devices of the fleet file; in an image it listens on all addresses,
as only a published port leads there, and sees what the container is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from remuda.engines import ENGINES
from remuda.engines.contract import Launch
from remuda.facts.host import Host
from remuda.plan.container import ANYWHERE
from remuda.quoting.shell import quoted
from remuda.render.flake import built
from remuda.render.flake.built import Built
from remuda.render.nix.expression import Block, Expression, Part, call, ref, text
from remuda.render.order import LOOPBACK, Place, order
from remuda.render.systemd.device import granted
from remuda.spec.reference import Reference

_END: Final = """\
)
for word in "$@"; do
  if [ -n "$word" ]; then
    arguments+=("$word")
  fi
done
exec """


def server(one: Built, host: Host) -> Expression:
    """The script for the machine; raises SpecError for a word that no shell can hold."""
    visible = granted(host, one.model.devices or ()).environment
    launched = launch(one, LOOPBACK)
    return _script(one, Launch(launched.argv, {**visible, **launched.environment}))


def contained(one: Built) -> Expression:
    """The script for an image; raises SpecError for a word that no shell can hold."""
    return _script(one, launch(one, ANYWHERE))


def launch(one: Built, host: str) -> Launch:
    """What the engine's module starts there; the first word is the name of a program. Nobody puts it to sleep."""
    ordered = order(one.model, Place(built.ENGINES[one.model.engine], host, one.port), one.values)
    return ENGINES[one.model.engine].launch(replace(ordered, sleep=None))


def _script(one: Built, launched: Launch) -> Expression:
    parts: list[Part] = [
        "".join(f"{line}\n" for line in _lines(one, launched)),
        _END,
        call("lib.getExe'", ref("engine"), text(launched.argv[0])),
        ' "${arguments[@]}"\n',
    ]
    return call("pkgs.writeShellScriptBin", text(f"{one.name}-server"), Block(tuple(parts)))


def _lines(one: Built, launched: Launch) -> Iterator[str]:
    yield "set -euo pipefail"
    for name, value in sorted(launched.environment.items()):
        if name not in one.values.secrets:
            yield f"export {name}={quoted(value)}"
    for name, reference in sorted(one.values.secrets.items()):
        yield f"{name}={_read(reference)}"
        yield f"export {name}"
    yield "arguments=("
    for word in launched.argv[1:]:
        yield f"  {quoted(word)}"


def _read(reference: Reference) -> str:
    """What a shell puts in for a secret; it ends the script where there is none."""
    match reference.kind:
        case "env":
            return f'"${{{reference.name}?is not set}}"'
        case "cred":
            return f'$(<"${{CREDENTIALS_DIRECTORY?is not set}}/"{quoted(reference.name)})'
    return f"$(<{quoted(reference.name)})"
