"""Extraction is tried again with growing pauses; what trying again cannot help fails at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from warehouse.errors import PulseError, SourceUnavailableError

EXTRACTION_RETRIES = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL)


@contextmanager
def permanent_errors_fail_at_once() -> Iterator[None]:
    """Turn our errors into Dagster's, without a retry unless the source was merely unavailable.

    Raises:
        dagster.Failure: with the error's own line as its description.
    """
    try:
        yield
    except PulseError as error:
        raise dg.Failure(str(error), allow_retries=isinstance(error, SourceUnavailableError)) from error
