"""Warnings about the files that say what may be shown, under the names of `/health/detailed`."""

from serve.public.profiles import Profiles
from serve.version.erased import ErasedLearners
from serve.version.reader import Follower
from warehouse.lake.lake import Lake

TROUBLES = ["erased_unknown", "erasure_unfinished", "profiles_unreadable", "profiles_missing", "public_limit_off"]


class Troubles:
    """Asks the files beside the version.

    Args:
        follower: what is served.
        lake: where the files are.
        erased: the learners who have been erased.
        profiles: the names that have a public page.
    """

    def __init__(self, follower: Follower, lake: Lake, erased: ErasedLearners, profiles: Profiles) -> None:
        self.of_limits = _nothing
        self._follower, self._lake, self._erased, self._profiles = follower, lake, erased, profiles

    def now(self) -> list[str]:
        """Return the warnings of this moment."""
        current = self._follower.current
        warnings = [
            *self._erased.troubles(current.erased if current else 0),
            self._profiles.trouble(is_expected=self._lake.users.exists()),
            self.of_limits(),
        ]
        return [warning for warning in warnings if warning]


def _nothing() -> str | None:
    """No warning before the limits exist."""
    return None
