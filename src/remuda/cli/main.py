"""The command `remuda`: finds the verb, runs it, and turns whatever went wrong into a message and an exit code.

A verb is a module `remuda.cli.<verb>` with a click command named `command`. Modules are imported when their verb is
used, and the help lines are here, because `remuda --help` has to answer before anything heavy could be imported.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from remuda import __version__
from remuda.errors import RemudaError, SpecError

COMMANDS: Final = {
    "check": "Report every problem of the fleet file.",
    "schema": "Print the JSON schema of the fleet file or the variants file.",
    "doctor": "Show what can run on this machine, and why not.",
    "plan": "Show where each model is placed and what it needs.",
    "import": "Turn another program's configuration into a fleet file.",
    "render": "Write the fleet as files of another program.",
    "apply": "Put a target's files in place and start its units.",
    "rollback": "Go back to an earlier generation.",
    "generations": "Show what was applied, and when.",
    "variants": "Keep the build matrix of vLLM packages.",
    "up": "Serve the fleet at one address.",
    "down": "End the running daemon.",
    "restart": "Replace the running daemon, not its engines.",
    "serve": "Serve one model without a fleet file.",
    "demo": "Serve two tiny models made on the spot.",
    "ps": "Show what is running.",
    "load": "Load a model now.",
    "unload": "Take a model out of memory.",
    "lease": "Hold on to a model for a while.",
    "lend": "Lend a device to another program.",
    "reload": "Apply the edited fleet file.",
    "logs": "Show the log of a model's engine.",
}
"""Every verb, in the order of the help."""

UNEXPECTED: Final = 1
INTERRUPTED: Final = 130


class _Verbs(click.Group):
    """A click group whose commands are modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"remuda.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_unknown_verb(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def verbs(*, debug: bool) -> None:
    """Keep a fleet of language models on your machines behind one OpenAI-compatible address."""
    if debug:
        os.environ["REMUDA_DEBUG"] = "1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code.

    When whoever reads our output has left (`remuda check | head`), click exits quietly.
    """
    try:
        returned = verbs.main(list(arguments), prog_name="remuda", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return SpecError.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except RemudaError as error:
        return _failed(error)
    except Exception as error:  # noqa: BLE001 (the outermost place: anything else is reported in one line)
        return _unexpected(error)
    return returned if isinstance(returned, int) else 0


def _unknown_verb(name: str) -> str:
    from remuda.spec.nearest import nearest  # noqa: PLC0415 (only for a mistake)

    found = nearest(name, COMMANDS)
    return f"unknown command `{name}`" + (f": did you mean `{found}`?" if found else "")


def _failed(error: RemudaError) -> int:
    from remuda.cli import output  # noqa: PLC0415 (only for a failure)

    output.error(error)
    return error.exit_code


def _unexpected(error: Exception) -> int:
    from remuda.cli import output  # noqa: PLC0415 (only for a failure)

    if os.environ.get("REMUDA_DEBUG"):
        import traceback  # noqa: PLC0415

        output.note("".join(traceback.format_exception(error)).rstrip())
    hint = "run `remuda --debug …` or set REMUDA_DEBUG=1 to see the traceback"
    output.error(RemudaError(f"unexpected {type(error).__name__}: {error}", hint=hint))
    return UNEXPECTED
