"""Every error that a person is meant to read: one line with the thing, the culprit and the way out."""

from collections.abc import Sequence


class PulseError(Exception):
    """The base of our errors; whatever fails between source and pointer ends as one of these (exit 1)."""

    exit_code = 1
    cause = ""  # of a run of Dagster's: the class of the error that ended it, which is known by its name only
    without_ids = ""  # the message for what outlives an erasure; empty if the message itself names no learner


class ConfigurationError(PulseError):
    """The configuration, or the words of a command, cannot be used (exit 2).

    Args:
        mistakes: every mistake that was found, each a line of its own.
    """

    exit_code = 2

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class LockHeldError(PulseError):
    """Another run is under way (exit 3)."""

    exit_code = 3


class LockWaitError(PulseError):
    """Another process has held a lock for longer than the longest wait."""


class SourceDriftError(PulseError):
    """A source's table is not what the mapping says; trying again cannot help."""


class SourceUnavailableError(PulseError):
    """A source did not answer, or not completely; trying again may help."""


class ClockError(PulseError):
    """Our clock is wrong, compared with a source's clock or with a day that was asked for (R2)."""


class ShrinkError(PulseError):
    """A landing would lose more rows than R23 lets pass."""


class CheckFailedError(PulseError):
    """A check blocks publishing (R25): the last good version stays.

    Args:
        message: what failed.
        without_ids: the same without any learner, where the message names one.
    """

    def __init__(self, message: str, without_ids: str = "") -> None:
        self.without_ids = without_ids
        super().__init__(message)


class StorageError(PulseError, OSError):
    """A file of ours could not be written: the disk is full or broken, or nobody may write there."""


class DamagedError(PulseError):
    """Something in the data folder is not what we put there: copied otherwise, damaged, or not ours."""


class UnexpectedError(PulseError):
    """A run ended in an error of a library; the message is that error's."""


class NoVersionError(PulseError):
    """The version that was asked for cannot be served: nothing published, or not a version that we can read."""
