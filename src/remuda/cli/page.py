"""The reference page of the command line, made from the commands' own help, so that the two cannot differ."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

from remuda import errors
from remuda.cli.main import COMMANDS, INTERRUPTED, verbs

_WIDTH = 96
"""Columns of the help, whatever terminal this runs in."""

_HEAD = """\
# The command line

Made from the commands' own help by `scripts/generate`.

Results go to standard output, everything else to standard error.
Without `-f FILE` the fleet file is `./remuda.yaml`, then `$XDG_CONFIG_HOME/remuda/remuda.yaml`.

| Exit code | Means |
|---|---|
"""


def page() -> str:
    """The whole page."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in _exit_codes())
    return _HEAD + codes + "".join(_section(verb) for verb in COMMANDS)


def _exit_codes() -> Iterator[tuple[int, str]]:
    yield 0, "Done."
    yield errors.RemudaError.exit_code, "Something unexpected went wrong."
    kinds = (
        errors.SpecError,
        errors.UnsatisfiableError,
        errors.ProbeError,
        errors.InternalError,
        errors.EffectError,
    )
    for kind in kinds:
        yield kind.exit_code, str(kind.__doc__)
    yield INTERRUPTED, "Interrupted by Ctrl-C."


def _section(verb: str) -> str:
    command: click.Command = importlib.import_module(f"remuda.cli.{verb}").command
    group = click.Context(verbs, info_name="remuda", terminal_width=_WIDTH, **verbs.context_settings)
    return "".join(_pages(command, click.Context(command, info_name=verb, parent=group)))


def _pages(command: click.Command, context: click.Context) -> Iterator[str]:
    """The help of a verb, and of the verbs that it has itself."""
    yield f"\n## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _pages(inner, click.Context(inner, info_name=name, parent=context))
