"""The list of erased learners as a server asks it: with every request, and never guessed (README.md, Erasure).

Without it nobody can tell whose data may be answered, so then nobody's are. A list that is gone was lost if anything
remembers one: this process, the manifest of the version in service, or the receipts of erasures.
"""

import logging
import time

from serve.refusals import UnansweredError
from warehouse.errors import PulseError
from warehouse.lake import Lake
from warehouse.suppression import Suppressed, read_list

logger = logging.getLogger(__name__)
UNREAD = (0, 0, 0)
LOOK_SECONDS = 1.0


class ErasedLearners:
    """The list, read again whenever the file is another one; while it cannot be read, with every question.

    Args:
        lake: whose list.
    """

    def __init__(self, lake: Lake) -> None:
        self._place, self._receipts = lake.suppressed, lake.erasures  # looked at with every request
        self._read, self._list = UNREAD, Suppressed()
        self._complaint = ""
        self._no_receipts_until = float("-inf")

    def now(self, in_manifest: int = 0) -> Suppressed:
        """Return the list as it is at this moment.

        Args:
            in_manifest: how many were on it when the version in service was made.

        Raises:
            UnansweredError: who has been erased is not known.
        """
        try:
            status = self._place.stat()
            stamp = status.st_ino, status.st_mtime_ns, status.st_size
            if stamp == self._read:
                return self._list
            found = self._found(in_manifest)
        except FileNotFoundError:
            stamp, found = UNREAD, self._list
            if in_manifest or found.hashes or self._may_have_receipts():
                found = self._found(in_manifest)
        except OSError as error:
            raise self._unknown(f"the list of erased learners {self._place}: {error.strerror}") from error
        self._read, self._list, self._complaint = stamp, found, ""
        return found

    def _may_have_receipts(self) -> bool:
        """Tell whether somebody may have been erased; looked for once a second, as a look costs some time.

        An erasure writes the list before its receipt, so until then none can be missed.
        """
        if time.monotonic() < self._no_receipts_until:
            return False
        if self._receipts.exists():
            return True
        self._no_receipts_until = time.monotonic() + LOOK_SECONDS
        return False

    def trouble(self, in_manifest: int = 0) -> str | None:
        """Return the warning that the list is worth (README.md), None if it is well."""
        try:
            found = self.now(in_manifest)
        except UnansweredError:
            return "erased_unknown"
        return "erased_fewer" if len(found.hashes) < in_manifest else None

    def _found(self, in_manifest: int) -> Suppressed:
        has_been = in_manifest > 0 or bool(self._list.hashes)
        try:
            return read_list(self._place, has_been=has_been)
        except PulseError as error:
            raise self._unknown(str(error)) from error

    def _unknown(self, complaint: str) -> UnansweredError:
        self._read = UNREAD
        if complaint != self._complaint:
            logger.error("%s; until then nobody's data is answered", complaint)
            self._complaint = complaint
        return UnansweredError(complaint)
