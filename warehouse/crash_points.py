"""Named points at which a run can be made to die, as by SIGKILL or a power cut (FAULTS 1).

Every step that changes what is on the disk has some. They do nothing unless the environment variable names one. The
tests kill a night at each of them and look at what is left.
"""

import os
import signal

ENVIRONMENT = "PULSE_CRASH_POINT"

# In the order in which a night reaches them. `@N` names one time of a point that is reached once per file or table.
NAMES = (
    "landing: rows spooled",
    "landing: files written",
    "landing: one put in place",
    "landing: all put in place",
    "users: rows spooled",
    "users: files written",
    "users: profiles put in place",
    "users: zones put in place",
    "users: lookups put in place",
    "users: all put in place",
    "activity: one written",
    "activity: one put in place",
    "build: numbered",
    "build: tables made",
    "build: one filled",
    "build: filled",
    "build: basis written",
    "build: signed",
    "build: look-up file written",
    "build: detached",
    "check: all columns read",
    "check: done",
    "publish: checked",
    "publish: restatements recorded",
    "publish: durable",
    "publish: one put in place",
    "publish: put in place",
    "publish: manifest written",
    "publish: basis recorded",
    "publish: link made",
    "publish: switched",
    "publish: one manifest pruned",
    "publish: pruned",
)

# Those of a run that moves away what a clock that was ahead has landed.
NAMES_OF_AHEAD = (
    "ahead: basis cut",
    "ahead: one moved",
)

# Those of an erasure, which also reaches those of activity, build, check and publish.
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
    """Note that a run has reached a point, and kill the process if the environment names it.

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
