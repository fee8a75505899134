"""`pulse erase`: a learner is erased from lake and versions, for good."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from assets.night.interrupts import obeyed
from assets.night.night import Night
from assets.night.progress import Progress
from pipelines.command_line import terminal
from pipelines.command_line.options import Writing, config_option, learner_id
from pipelines.command_line.progress_bars import listener_for
from warehouse.configuration.configuration import Configuration, load
from warehouse.copies.copy import copy_list, publish_to
from warehouse.copies.targets import target_at
from warehouse.disk.lock import run_lock
from warehouse.errors import PulseError


@click.command(cls=Writing)
@config_option
@click.argument("user_id", type=learner_id)
def erase(config: Path, user_id: str) -> None:
    """Erase a learner from lake and versions; standard output gets the receipt, standard error everything else."""
    configuration = load(config)
    with run_lock(configuration, "pulse erase", tell=_warn):
        from assets.all_steps import publish_whatever_is_ahead  # noqa: PLC0415 - as above
        from assets.erase.erase import erase as erase_learner  # noqa: PLC0415 - pandas is slow, the lock comes first

        try:
            with listener_for(sys.stderr) as shown, obeyed(shown) as listener:
                night = Night.of(configuration, Progress(listener))
                erased = erase_learner(night, user_id, publish_whatever_is_ahead, lambda: _copy_lists(configuration))
        except BaseException:
            print("pulse: the erasure is not complete, run it again", file=sys.stderr)
            raise
    print(erased.receipt.to_json(), end="", flush=True)
    if failures := [*filter(None, [erased.failure]), *_copy_versions(configuration)]:
        raise PulseError("; ".join(failures))
    if lost := terminal.lost_output():
        message = f"the learner is erased, but standard output cannot be written ({lost.strerror}); the receipt is "
        raise PulseError(f"{message}{erased.receipt.path}")


def _copy_lists(configuration: Configuration) -> None:
    """Let servers of other machines know at once whom they may not show; what cannot be reached is told again later."""
    for target in configuration.pulse.publish_to:
        try:
            copy_list(configuration, target_at(target, configuration.path.parent))
        except PulseError as error:
            _warn(f"{target}: the list of erased learners is not there yet: {error}")


def _copy_versions(configuration: Configuration) -> Iterator[str]:
    """Replace what other machines serve, and yield those where the learner still is."""
    for target in configuration.pulse.publish_to:
        try:
            publish_to(configuration, target_at(target, configuration.path.parent))
        except PulseError as error:
            yield f"the learner is erased here, and not yet at {target}: {error}; run `pulse publish-to`"


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
