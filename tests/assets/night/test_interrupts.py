"""A signal whose exception nobody can catch: it is known all the same, and nothing is printed of it."""

import signal
import sys
import weakref

import pytest

from assets.night import interrupts
from assets.night.progress import Progress


class Owner:
    """Something that can be referred to weakly."""


def lose(error: type[BaseException] | None) -> None:
    """Raise an error, or what a signal raises, where Python can only print it."""

    def callback(_: object) -> None:
        if error is None:
            signal.raise_signal(signal.SIGINT)
        else:
            raise error

    owner = Owner()
    reference = weakref.ref(owner, callback)
    del owner
    assert reference() is None


def test_a_signal_whose_exception_is_lost_is_obeyed_and_not_printed(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """FAULTS 1: Python ignores what is raised while it forgets an object, and says so on standard error."""
    told: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: told.append(lost.exc_type))
    listener = Progress().listener
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have switched off
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with interrupts.obeyed(listener) as obeyed:
        lose(None)
        assert interrupts.has_come()
        with pytest.raises(KeyboardInterrupt):
            obeyed.advanced(1)
        lose(ValueError)
    lose(None)
    assert told == [ValueError, KeyboardInterrupt]
