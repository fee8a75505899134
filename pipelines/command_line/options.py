"""What commands have in common: options, the types of what is typed, what holds before and after a command runs."""

import os
import shlex
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from pipelines.command_line import terminal
from warehouse.configuration.configuration import configuration_path, load
from warehouse.disk import owners
from warehouse.errors import ConfigurationError, PulseError

F = TypeVar("F", bound=Callable[..., object])
CONFIG = "config"  # the option, and where failures find it in the context's `meta`
GUARDS = ("accept_shrink", "accept_quarantine")
LOCALHOST = "127.0.0.1"
PORT = click.IntRange(1, 65535)
POSITIVE = click.IntRange(min=1)


class Writing(click.Command):
    """A command that writes: root does not run it in somebody else's data folder."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command, unless root would leave files that their owner cannot use."""
        if os.geteuid() == 0:
            try:
                data_dir = load(ctx.params[CONFIG]).data_dir
            except ConfigurationError:
                pass  # the command will say all that is wrong
            else:
                refuse_root(ctx, data_dir)
        return super().invoke(ctx)


class Answering(click.Command):
    """A command that is typed for what it prints: it fails if nobody gets that."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command; a reader that has read enough, such as `head`, is no failure."""
        super().invoke(ctx)
        lost = terminal.lost_output()
        if lost is not None and not isinstance(lost, BrokenPipeError):
            raise PulseError(f"standard output cannot be written ({lost.strerror}); the answer is lost, ask again")


def refuse_root(ctx: click.Context, data_dir: Path) -> None:
    """Make sure, before anything is written, that root does not work in somebody else's data folder.

    Args:
        ctx: of the command, with the words that were typed.
        data_dir: where the command writes.

    Raises:
        ConfigurationError: this is root, and the folder is somebody else's.
    """
    owners.refuse_root(data_dir, shlex.join(["pulse", *ctx.obj]))


def _keep_config(ctx: click.Context, _: click.Parameter, config: Path) -> Path:
    ctx.meta[CONFIG] = config
    return config


config_option = click.option(
    "--config",
    type=configuration_path,
    default=configuration_path,
    show_default=False,
    metavar="FILE",
    callback=_keep_config,
    help="pulse.toml, or PULSE_CONFIG",
)


def guard_options(command: F) -> F:
    """Add the options by which an operator lets through what a guard holds back."""
    shrink = click.option("--accept-shrink", is_flag=True, help="let landings and the version lose much")
    quarantine = click.option("--accept-quarantine", is_flag=True, help="publish whatever the quarantine's size")
    return shrink(quarantine(command))


def accepted(guards: dict[str, bool]) -> tuple[str, ...]:
    """Return the guards that are let through, from the values of `guard_options`."""
    return tuple(guard for guard in GUARDS if guards[guard])


def utc_day(text: str) -> date:
    """Return the day that is typed.

    Raises:
        ValueError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day, write one like 2026-11-22") from None


def learner_id(text: str) -> str:
    """Return the id that is typed.

    Raises:
        ValueError: it is empty, or bytes of the command line that are no UTF-8.
    """
    try:
        is_id = bool(text.encode())
    except UnicodeEncodeError:
        is_id = False
    if not is_id:
        raise ValueError("an id has at least one character, all of it UTF-8")
    return text
