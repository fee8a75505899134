"""Extraction is retried with growing pauses. Permanent errors fail at once, and a signal ends the run."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from assets.night import interrupts
from assets.orchestration.resources import LISTENER_OF_COMMAND
from warehouse.engine import is_interruption
from warehouse.errors import PulseError, SourceUnavailableError

EXTRACTION_RETRIES = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL)


class Stopped(dg.DagsterExecutionInterruptedError, dg.DagsterError):
    """A signal has come: the run ends here, cancelled if it was terminated.

    Dagster tries a step with a retry policy again when it is interrupted, which would publish what somebody has
    terminated. It passes on its own errors, so this is one as well.
    """


@contextmanager
def permanent_errors_fail_at_once() -> Iterator[None]:
    """Turn errors into Dagster's, without a retry unless a source was merely unavailable.

    Raises:
        dagster.Failure: with the error's own line as its description.
        Stopped: a signal has come, before this or meanwhile, whatever error it appears as.
    """
    if interrupts.has_come():  # where Dagster was at work, and begins the step again
        raise Stopped
    try:
        yield
    except (Exception, KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
        if _is_by_signal(error):
            raise Stopped from error
        if isinstance(error, dg.Failure):
            raise
        text = str(error) if isinstance(error, PulseError) else f"{type(error).__name__}: {error}"
        if isinstance(error, PulseError) and error.without_ids:
            if listener := LISTENER_OF_COMMAND.get():
                listener.noted(text)  # for whoever looks now; Dagster keeps the line without ids
            raise dg.Failure(error.without_ids, allow_retries=False) from type(error)(error.without_ids)
        raise dg.Failure(text, allow_retries=isinstance(error, SourceUnavailableError)) from error


def _is_by_signal(error: BaseException) -> bool:
    return not isinstance(error, Exception) or is_interruption(error) or interrupts.has_come()
