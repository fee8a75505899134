"""The command `pulse`: its words, and how every outcome becomes an exit code and a line that a person can act on.

What a command does is in `commands.py` and `commands_on_versions.py`. Nothing heavy is imported here: the server starts
without Dagster and pandas, and a refused lock is answered at once.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from pipelines.command_line import commands, commands_on_versions, terminal
from pipelines.command_line.failures import failed
from warehouse.configuration.configuration import configuration_path
from warehouse.disk import owners
from warehouse.errors import ConfigurationError, PulseError

DEMO = Path("demo/var")  # the data folder of `pulse demo`, which has no configuration before it begins
ANSWERS = {commands_on_versions.status, commands_on_versions.versions}  # commands that are typed for what they print


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrong usage or configuration, 3 another run is on.

    Args:
        arguments: the words after `pulse`; by default those of the process.
    """
    if arguments is None:
        terminal.own_the_process()
    with terminal.spoken_to():
        chosen = parser().parse_args(arguments)
        try:
            if chosen.command not in ANSWERS:
                _refuse_root(chosen, sys.argv[1:] if arguments is None else arguments)
            chosen.command(chosen)
            if chosen.command in ANSWERS:
                _refuse_lost_answer()
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - no exception leaves the command as a traceback
            return failed(chosen, error)
    return 0


def _refuse_root(chosen: argparse.Namespace, arguments: Sequence[str]) -> None:
    """Make sure, before anything is written, that root does not work in somebody else's data folder."""
    if os.geteuid() != 0:
        return
    data_dir = DEMO if chosen.command is commands.demo else None
    if data_dir is None:
        try:
            data_dir = commands.configuration_of(chosen).data_dir
        except ConfigurationError:
            return  # the command will say all that is wrong
    owners.refuse_root(data_dir, shlex.join(["pulse", *arguments]))


def _refuse_lost_answer() -> None:
    """Say so if nobody gets what a command is typed for; a reader that has read enough, such as `head`, is none."""
    lost = terminal.lost_output()
    if lost is not None and not isinstance(lost, BrokenPipeError):
        raise PulseError(f"standard output cannot be written ({lost.strerror}); the answer is lost, ask again")


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command and option."""
    top = argparse.ArgumentParser(prog="pulse", description="The nightly learning pulse.", allow_abbrev=False)
    words = top.add_subparsers(required=True, metavar="COMMAND")

    demo = words.add_parser("demo", help="make a sample platform, run its history, serve it", allow_abbrev=False)
    demo.add_argument("--users", type=_positive, default=40, metavar="N", help="learners (40)")
    demo.add_argument("--days", type=_positive, default=365, metavar="N", help="days of history (365)")
    demo.add_argument("--port", type=_port, default=8000, metavar="P", help="port to serve on (8000)")
    demo.add_argument("--no-serve", action="store_true", help="stop once the history has been published")
    demo.set_defaults(command=commands.demo, config=None)

    nightly = _with_config(words, "nightly", "extract, build and publish a UTC day", commands.nightly)
    nightly.add_argument("--day", type=_day, metavar="D", help="the UTC day, as 2026-11-22 (yesterday)")
    backfill = _with_config(words, "backfill", "the same for a range of days, as one run", commands.backfill)
    backfill.add_argument("--from", type=_day, required=True, metavar="A", dest="first", help="the first UTC day")
    backfill.add_argument("--to", type=_day, required=True, metavar="B", dest="last", help="the last UTC day")
    backfill.add_argument("--stream", metavar="S", help="only this event stream")
    build = _with_config(words, "build", "build and publish a version from the lake alone", commands.build)
    reconcile = _with_config(words, "reconcile", "extract again what differs from its source", commands.reconcile)
    for guarded in (nightly, backfill, build, reconcile):
        guarded.add_argument("--accept-shrink", action="store_true", help="let landings and the version lose much")
        guarded.add_argument("--accept-quarantine", action="store_true", help="publish whatever the quarantine's size")

    erase = _with_config(words, "erase", "erase a learner from lake and versions, for good", commands.erase)
    erase.add_argument("user_id", type=_id, metavar="USER_ID", help="the learner's id, as the platform has it")

    serve = _with_config(words, "serve", "serve the API", commands.serve)
    serve.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=_port, default=8000, metavar="P", help="port to listen on (8000)")
    serve.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes that answer (1)")
    ui = _with_config(words, "ui", "open Dagster's UI, with schedule and daemon", commands.ui)
    ui.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (127.0.0.1)")
    ui.add_argument("--port", type=_port, default=3000, metavar="P", help="port to listen on (3000)")

    _with_config(words, "status", "say what is published", commands_on_versions.status)
    _with_config(words, "versions", "list the versions that are kept", commands_on_versions.versions)
    rollback = _with_config(words, "rollback", "point to an earlier version and pin it", commands_on_versions.rollback)
    rollback.add_argument("version", nargs="?", metavar="VERSION", help="its name (the one before the current one)")
    _with_config(words, "unpin", "let nights publish again after a rollback", commands_on_versions.unpin)
    return top


def _with_config(
    words: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    description: str,
    command: commands.Command,
) -> argparse.ArgumentParser:
    added = words.add_parser(name, help=description, description=description, allow_abbrev=False)
    added.add_argument(
        "--config", type=configuration_path, default=None, metavar="FILE", help="pulse.toml, or PULSE_CONFIG"
    )
    added.set_defaults(command=command)
    return added


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _refuse(f"{text!r} is no day, write one like 2026-11-22")


def _id(text: str) -> str:
    try:
        is_id = bool(text.encode())
    except UnicodeEncodeError:  # bytes of the command line that are no UTF-8
        is_id = False
    if not is_id:
        _refuse("an id has at least one character, all of it UTF-8")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        _refuse(f"{text!r} is no number from 1 up")
    return int(text)


def _port(text: str) -> int:
    highest = 65535
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        _refuse(f"{text!r} is no port from 1 to {highest}")
    return int(text)


def _refuse(message: str) -> NoReturn:
    raise argparse.ArgumentTypeError(message)


if __name__ == "__main__":
    sys.exit(main())
