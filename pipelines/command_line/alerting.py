"""Telling somebody how a command ended: once it has let go of its lock, and never so that it fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from warehouse.condition import night_metrics
from warehouse.condition.alerts import occasions
from warehouse.configuration.configuration import Configuration
from warehouse.errors import LockHeldError, PulseError


@contextmanager
def telling(
    configuration: Configuration, command: str, say: Callable[[str], object], last: date | None = None
) -> Iterator[None]:
    """Tell somebody if the block fails, and of whatever was noted in it.

    A command that finds another at work notes that, and the other tells of it.

    Args:
        configuration: who is told, and the data folder.
        command: what runs, as people type it.
        say: gets a line about what cannot be told.
        last: the last UTC day that it is for; None if it is for no day.
    """
    if configuration.alerts.is_for_anybody:
        from warehouse.condition.alerts.channels import channels_of  # noqa: PLC0415 - mail and TLS, for those who tell somebody

        for mistake in channels_of(configuration.alerts)[1]:
            say(f"nobody will be told of a failure: {mistake}")
    try:
        yield
    except LockHeldError:
        if last is not None:
            occasions.night_skipped(configuration, f"`{command}`", last)
        raise
    except Exception as error:
        cause = (error.cause if isinstance(error, PulseError) else "") or type(error).__name__
        occasions.run_failed(configuration, f"`{command}`", cause, str(error), last=last)
        for line in night_metrics.write_failure(configuration, command.split()[1]):
            say(line)
        occasions.send_noted(configuration, say)
        raise
    occasions.send_noted(configuration, say)
