"""`remuda render`: the fleet as files of another program.

Neither the GPUs nor anything else of this machine is looked at, so that the files of any machine can be made here, and
are the same wherever they are made. What is known of that machine comes from a file.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from remuda.cli import fleet_file, output
from remuda.errors import SpecError, UnsatisfiableError

if TYPE_CHECKING:
    from remuda.cli.fleet_file import Loaded
    from remuda.render.contract import Rendering

_STDOUT = Path("-")
_PROGRAM_HELP = "Where `remuda` is on the machine, for the units of systemd; otherwise the one that runs."


class _Wanted(TypedDict):
    """What is rendered, for which machine, and how."""

    only: tuple[str, ...]
    facts: Path | None
    program: Path | None
    force: bool


@click.command("render")
@click.argument("target", metavar="TARGET")
@fleet_file.option
@click.option("-o", "--output", "directory", metavar="DIR", required=True, type=fleet_file.PATH, help="Where to write.")
@click.option("--facts", type=fleet_file.PATH, metavar="FILE", help="Render for the machine of this file.")
@click.option("--only", "only", metavar="MODEL", multiple=True, help="Render only this model; may be repeated.")
@click.option("--remuda", "program", metavar="PATH", type=click.Path(path_type=Path), help=_PROGRAM_HELP)
@click.option("--force", is_flag=True, help="Write over files that were edited or are not Remuda's.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON; with `-o -`, the files.")
def command(target: str, file: Path | None, directory: Path, *, as_json: bool, **wanted: Unpack[_Wanted]) -> int:
    """Write the files of TARGET to DIR, or print them with `-o -`; nothing is started.

    The targets are `quadlet` (units of podman), `systemd` (units for the gateway and what it starts), `compose`,
    `llama-swap`, `llmhop`, for NixOS `nixos`, `nixos-llmhop` and `nixos-llama-swap`, and `flake`. Files that Remuda
    wrote to DIR earlier and that are not rendered any more are removed; what somebody edited is left alone. With
    `--facts`, GPUs are named by what they are on that machine. The exit code is 3 if the target cannot express the
    fleet.
    """
    loaded = fleet_file.load(file)
    rendering = rendered(target, loaded, only=wanted["only"], facts=wanted["facts"], program=wanted["program"])
    if directory == _STDOUT:
        _print(rendering, loaded, as_json=as_json)
        return 0
    from remuda.edge.rendered import write  # noqa: PLC0415

    done = write(directory, target, rendering, force=wanted["force"])
    if as_json:
        changes = {"written": done.written, "unchanged": done.unchanged, "removed": done.removed}
        told = {name: [str(path) for path in paths] for name, paths in changes.items()}
        output.data({**told, "problems": _problems(rendering, loaded)})
        return 0
    for path in done.written:
        output.line(f"wrote {directory / path}")
    for path in done.removed:
        output.line(f"removed {directory / path}")
    if done.unchanged:
        output.line(f"{len(done.unchanged)} of {len(rendering.files)} files unchanged")
    return 0


def rendered(
    target: str,
    loaded: Loaded,
    *,
    only: tuple[str, ...] = (),
    facts: Path | None = None,
    program: Path | None = None,
) -> Rendering:
    """The rendering; what is worth a remark is printed. Raises SpecError or UnsatisfiableError."""
    from remuda.cli.doctor import read_facts  # noqa: PLC0415 (these and the targets load only here)
    from remuda.edge import itself  # noqa: PLC0415
    from remuda.facts.host import Host  # noqa: PLC0415
    from remuda.render import TARGETS  # noqa: PLC0415
    from remuda.render.contract import Request  # noqa: PLC0415
    from remuda.spec.nearest import suggestion  # noqa: PLC0415

    known = f"use one of `{'`, `'.join(TARGETS)}`"
    if target not in TARGETS:
        hint = suggestion(target, TARGETS, otherwise=known)
        raise SpecError(f"cannot render `{target}`: there is no such target", hint=hint)
    for model in only:
        if model not in loaded.fleet.models:
            hint = suggestion(model, loaded.fleet.models, otherwise="name a key of `models`")
            raise SpecError(f"cannot render the model `{model}`: it is not in `{loaded.path}`", hint=hint)
    if program is not None and not program.is_absolute():
        raise SpecError(f"cannot write `{program}` to units: its path is not absolute", hint="write the whole path")
    remuda = PurePosixPath(program or itself.program())
    host = read_facts(facts) if facts else Host(())
    request = Request(loaded.fleet, host, frozenset(only), loaded.text, remuda)
    rendering = TARGETS[target].render(request)
    problems = loaded.placed(rendering.problems)
    if rendering.is_refused:
        message = f"cannot render this fleet for `{target}`"
        raise UnsatisfiableError(message, file=str(loaded.path), problems=problems)
    output.remark(problems, str(loaded.path))
    return rendering


def _print(rendering: Rendering, loaded: Loaded, *, as_json: bool) -> None:
    if as_json:
        files = {str(path): text for path, text in rendering.files.items()}
        output.data({"files": files, "problems": _problems(rendering, loaded)})
        return
    for path, text in rendering.files.items():
        output.line(f"==> {path} <==")
        output.line(text)


def _problems(rendering: Rendering, loaded: Loaded) -> list[dict[str, object]]:
    return [output.problem_json(problem, str(loaded.path)) for problem in loaded.placed(rendering.problems)]
