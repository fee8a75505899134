"""The list of erased learners as the server checks it, with every request (docs/guide/erase.md).

Without the list it is not known whose data may be answered, so none are. A lost or older list is recognised by three
things that may remember more. These are this process, the manifest of the version in service, and the receipts of
erasures.
"""

import logging
import time
from typing import NamedTuple

from serve.http.errors import UnansweredError
from warehouse.disk.files import Stamp, stamp_of
from warehouse.erasure import receipts
from warehouse.erasure.suppression import Suppressed, read_list
from warehouse.errors import PulseError
from warehouse.lake.lake import Lake

logger = logging.getLogger(__name__)
UNREAD = (0, 0, 0)
LOOK_SECONDS = 1.0


class Receipts(NamedTuple):
    """What the receipts of erasures say, as long as their folder is the one that was read.

    Args:
        stamp: that of the folder.
        on_list: sums that have to be on the list.
        are_finished: whether all of the erasures are.
    """

    stamp: Stamp
    on_list: frozenset[str]
    are_finished: bool


class ErasedLearners:
    """The list, read again whenever it or the receipts' folder is another one; while it is bad, with every question.

    Args:
        lake: whose list.
    """

    def __init__(self, lake: Lake) -> None:
        self._path, self._folder = lake.suppressed, lake.erasures  # looked at with every request
        self._read, self._list = (UNREAD, UNREAD), Suppressed()
        self._receipts = Receipts(UNREAD, frozenset(), are_finished=True)
        self._last_reason = ""
        self._no_receipts_until = float("-inf")

    def now(self, in_manifest: int = 0) -> Suppressed:
        """Return the list as it is at this moment.

        Args:
            in_manifest: how many were on it when the version in service was made.

        Raises:
            UnansweredError: who has been erased is not known.
        """
        try:
            stamp = stamp_of(self._path), self._stamp_of_folder()
            suppressed = self._list
            if stamp == self._read and len(suppressed.hashes) >= in_manifest:
                return suppressed
            suppressed = self._read_list(in_manifest)
        except FileNotFoundError:
            stamp, suppressed = (UNREAD, UNREAD), self._list
            if in_manifest or suppressed.hashes or self._may_have_receipts():
                suppressed = self._read_list(in_manifest)
        except OSError as error:
            raise self._unknown(f"the list of erased learners {self._path}: {error.strerror}") from error
        self._list, self._last_reason = suppressed, ""
        self._read = stamp  # set last: another thread that sees it takes the list
        return suppressed

    def troubles(self, in_manifest: int = 0) -> list[str]:
        """Return the warnings that list and receipts are worth (docs/reference/metrics.md)."""
        try:
            self.now(in_manifest)
            are_finished = self._receipts_now().are_finished
        except (UnansweredError, OSError):
            return ["erased_unknown"]
        return [] if are_finished else ["erasure_unfinished"]

    def _may_have_receipts(self) -> bool:
        """Tell whether there may be receipts; checked once a second, because a check takes time.

        An erasure writes the list before its receipt, so until then none can be missed.
        """
        if time.monotonic() < self._no_receipts_until:
            return False
        if self._folder.exists():
            return True
        self._no_receipts_until = time.monotonic() + LOOK_SECONDS
        return False

    def _read_list(self, in_manifest: int) -> Suppressed:
        """Read the list, after what has to be on it: it only grows."""
        remembered = self._list.hashes
        try:
            listed = remembered | self._receipts_now().on_list
            return read_list(self._path, fewest=in_manifest, listed=listed)
        except PulseError as error:
            raise self._unknown(str(error)) from error
        except OSError as error:
            raise self._unknown(f"the receipts of erasures {self._folder}: {error.strerror}") from error

    def _receipts_now(self) -> Receipts:
        """Return the receipts' content. They are read when their folder has changed: each is put there by a rename.

        Raises:
            OSError: they may not be looked at.
        """
        stamp = self._stamp_of_folder()
        if stamp != self._receipts.stamp:
            contents = [content for content in receipts.contents(self._folder).values() if content]
            on_list = frozenset(content["learner_sha256"] for content in contents if receipts.is_on_list(content))
            self._receipts = Receipts(stamp, on_list, not any(map(receipts.is_unfinished, contents)))
        return self._receipts

    def _stamp_of_folder(self) -> Stamp:
        try:
            return stamp_of(self._folder)
        except FileNotFoundError:
            return UNREAD

    def _unknown(self, reason: str) -> UnansweredError:
        self._read = UNREAD, UNREAD
        if reason != self._last_reason:
            logger.error("%s; until then nobody's data is answered", reason)
            self._last_reason = reason
        return UnansweredError(reason)
