"""Extraction is tried again with growing pauses; what trying again cannot help fails at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from warehouse.engine import is_interruption
from warehouse.errors import PulseError, SourceUnavailableError

INTERRUPTED = "interrupted by a signal"
EXTRACTION_RETRIES = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL)


@contextmanager
def permanent_errors_fail_at_once() -> Iterator[None]:
    """Turn errors into Dagster's, without a retry unless a source was merely unavailable.

    Raises:
        dagster.Failure: with the error's own line as its description.
            A signal is such an error too: Dagster would try an interrupted step again, and so ignore it.
    """
    try:
        yield
    except PulseError as error:
        raise dg.Failure(str(error), allow_retries=isinstance(error, SourceUnavailableError)) from error
    except dg.Failure:
        raise
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
        raise dg.Failure(INTERRUPTED, allow_retries=False) from error
    except Exception as error:
        what = INTERRUPTED if is_interruption(error) else f"{type(error).__name__}: {error}"
        raise dg.Failure(what, allow_retries=False) from error
