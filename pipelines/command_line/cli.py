"""The command `pulse`: which commands there are, and how every outcome becomes an exit code and a line to act on.

What a command does is a module of `commands/`, which is imported when that command is typed. So the server starts
without Dagster and pandas, and `pulse --help` without any library but click.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import click

from pipelines.command_line import terminal
from warehouse.errors import ConfigurationError

COMMANDS = {
    "demo": "make a sample platform, run its history, serve it",
    "init": "look at a source and propose a pulse.toml",
    "check": "say what is wrong with sources, rows and data folder",
    "nightly": "extract, build and publish a UTC day",
    "backfill": "the same for a range of days, as one run",
    "build": "build and publish a version from the lake alone",
    "reconcile": "extract again what differs from its source",
    "erase": "erase a learner from lake and versions, for good",
    "serve": "serve the API",
    "alert": "try out who is told of failures",
    "ui": "open Dagster's UI, with schedule and daemon",
    "explain": "say why a learner's date is what it is",
    "status": "say what is published",
    "versions": "list the versions that are kept",
    "export": "write a version as Parquet files",
    "rollback": "point to an earlier version and pin it",
    "unpin": "let nights publish again after a rollback",
    "publish-to": "copy what is published to another machine",
}
# What an installation that only serves can do.
WITHOUT_PIPELINES = {"serve", "status", "versions", "rollback", "unpin", "alert", "publish-to", "export"}
# Of commands that are not in one of their own name.
MODULES = {
    "unpin": "rollback",
    "backfill": "nightly",
    "publish-to": "publish_to",
    "explain": "reading.explain",
    "status": "reading.status",
    "versions": "reading.versions",
    "export": "reading.export",
}
ONLY_SERVES = "this installation only serves; install learning-pulse[pipelines] for this command"


class Pulse(click.Group):
    """The group of all commands, none of which is imported before it is typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command and return it, None if there is none of that name.

        Raises:
            ConfigurationError: this machine only serves, and has been asked for more.
        """
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in WITHOUT_PIPELINES and find_spec("dagster") is None:
            raise ConfigurationError([ONLY_SERVES])
        module = import_module(f"pipelines.command_line.commands.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        command.help = COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands for `pulse --help`; click's own way imports every one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


pulse = Pulse(
    help="The nightly learning pulse.",
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrong usage or configuration, 3 another run is on.

    Args:
        arguments: the words after `pulse`; by default those of the process.
    """
    if arguments is None:
        terminal.prepare_process()
        arguments = sys.argv[1:]
        _leave_out_what_is_not_used(arguments)
    with terminal.never_failing_outputs():
        try:
            return _run(pulse.make_context("pulse", list(arguments), obj=tuple(arguments)))
        except click.exceptions.Exit as end:  # `--help`
            return end.exit_code
        except click.UsageError as error:
            error.show(sys.stderr)
            return error.exit_code


def _leave_out_what_is_not_used(arguments: Sequence[str]) -> None:
    """Spare a process that only reads versions the libraries of the night, where they are installed."""
    if arguments and arguments[0] in WITHOUT_PIPELINES:
        from warehouse import engine  # noqa: PLC0415 - brings DuckDB, as below

        engine.leave_out_pandas()


def _run(context: click.Context) -> int:
    # Before anything can fail, also the opening of more files; brings DuckDB, which `pulse --help` does without.
    from pipelines.command_line.failures import failed  # noqa: PLC0415

    try:
        with context:
            pulse.invoke(context)
    except (SystemExit, click.exceptions.Exit, click.UsageError):
        raise
    except BaseException as error:  # noqa: BLE001 - no exception leaves the command as a traceback
        return failed(context.meta.get("config"), error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
