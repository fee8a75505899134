"""What steps say, in the log of Dagster's run: there it is still when the terminal is gone.

Dagster's events outlive an erasure. So no line that a step says has an id or a username; an example is the value that
is wrong, at most 40 characters of it.
"""

import dagster as dg

from assets.night.progress import Listener

WARNING = "warning: "  # as remarks of a version begin (`warehouse/versions/remarks.py`)


class RunLog:
    """Passes on what it gets, and logs what steps have done and found.

    Args:
        listener: gets everything, as without a log.
        log: of the step that is at work.
    """

    def __init__(self, listener: Listener, log: dg.DagsterLogManager) -> None:
        self.listener = listener
        self._log = log

    def began(self, step: str, days: int) -> None:
        """Pass it on: Dagster knows when its own steps begin."""
        self.listener.began(step, days)

    def advanced(self, days: int) -> None:
        """Pass it on."""
        self.listener.advanced(days)

    def ended(self, summary: str) -> None:
        """Pass it on and log it."""
        self.listener.ended(summary)
        self._log.info(summary)

    def noted(self, line: str) -> None:
        """Pass it on and log it, a warning as such."""
        self.listener.noted(line)
        if line.startswith(WARNING):
            self._log.warning(line.removeprefix(WARNING))
        else:
            self._log.info(line)
