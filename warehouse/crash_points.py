"""Named points at which a run can be made to die, as it would by SIGKILL or a power cut (FAULTS 1).

Every step that changes what is on the disk has some. They do nothing unless the environment variable says so; the
tests kill a night at each of them and look at what is left.
"""

import os
import signal

ENVIRONMENT = "PULSE_CRASH_POINT"

# In the order in which a night reaches them; those that are reached once per file or table can be told apart by `@N`.
NAMES = (
    "landing: rows spooled",
    "landing: files written",
    "landing: one put in place",
    "landing: all put in place",
    "users: rows spooled",
    "users: files written",
    "users: profiles put in place",
    "users: zones put in place",
    "users: all put in place",
    "activity: one written",
    "activity: one put in place",
    "build: numbered",
    "build: tables made",
    "build: one filled",
    "build: filled",
    "build: basis written",
    "build: signed",
    "build: detached",
    "build: packed",
    "check: all columns read",
    "check: done",
    "publish: checked",
    "publish: restatements recorded",
    "publish: durable",
    "publish: put in place",
    "publish: manifest written",
    "publish: basis recorded",
    "publish: link made",
    "publish: switched",
    "publish: one manifest pruned",
    "publish: pruned",
)

# The same for a run that finds what a clock that was ahead has landed.
NAMES_OF_AHEAD = (
    "ahead: basis cut",
    "ahead: one moved",
)

# The same for an erasure, which reaches those of activity, build, check and publish on its way too.
NAMES_OF_ERASURE = (
    "erase: list made",
    "erase: receipt begun",
    "erase: learner suppressed",
    "erase: learner counted",
    "erase: one file replaced",
    "erase: lake done",
    "erase: version published",
    "erase: pointer switched",
    "erase: one version deleted",
)

_times_reached = 0


def reached(name: str) -> None:
    """Say that a run has come to a point, and end without another word if that is where it is to die.

    Args:
        name: one of `NAMES`, `NAMES_OF_AHEAD` or `NAMES_OF_ERASURE`. The variable `PULSE_CRASH_POINT` holds one, or
            `NAME@3` for the third time it is reached.
    """
    global _times_reached  # noqa: PLW0603 - a process dies once
    wanted, _, times = os.environ.get(ENVIRONMENT, "").partition("@")
    if wanted == name:
        _times_reached += 1
        if _times_reached == int(times or 1):
            os.kill(os.getpid(), signal.SIGKILL)
