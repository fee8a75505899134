"""The key set of an identity provider: public keys by `kid`, from a file or an https URL.

See docs/guide/connect.md; FAULTS 32, 34.

No request ever fetches. A file is checked once a second at most. A URL is fetched by a separate thread. An unknown
`kid` only brings the next fetch forward, to 30 seconds after the last one. While the set cannot be fetched or read, the
last good set stays in force, for 24 hours.
"""

import logging
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serve.credentials.bearer import Key
from serve.credentials.https import FetchError, fetched
from serve.credentials.jwks_keys import LARGEST_BYTES, KeysById, KeySetError, read_keys
from serve.http.errors import Reason, UnavailableError
from warehouse.errors import ConfigurationError

logger = logging.getLogger(__name__)
FETCH_SECONDS = 5.0
ATTEMPT_SECONDS = 30.0  # between the beginnings of two attempts, whatever happens
REFRESH_SECONDS = 240.0  # of a set without a missed key; five minutes at most, with the time that a fetch takes
LIFE_SECONDS = 24 * 3600.0
LOOK_SECONDS = 1.0  # between two looks at a file
LONGEST_KEY_ID = 200
Clock = Callable[[], float]


@dataclass(frozen=True)
class Held:
    """A good key set.

    Args:
        keys: by key id and algorithm.
        good_at: when it was last equal to the file or the URL's content, by the set's clock.
    """

    keys: KeysById
    good_at: float


class KeySet:
    """The base of both kinds of key set: the last good set, its life, and the look-up of keys.

    Args:
        location: for messages.
        algorithms: those that keys are kept for.
        clock: seconds that only ever grow.
    """

    def __init__(self, location: str, algorithms: Sequence[str], clock: Clock = time.monotonic) -> None:
        self._location = location
        self._algorithms = tuple(algorithms)
        self._clock = clock
        self._held: Held | None = None
        self._last_reason = ""

    def candidates(self, key_id: str | None, algorithm: str) -> Sequence[Key]:
        """Return the keys that may have signed a token; one without a `kid` needs a set without a choice.

        Raises:
            UnavailableError: there is no set yet, or none for too long.
        """
        self._look()
        held = self._held
        if held is None or self._clock() - held.good_at > LIFE_SECONDS:
            raise UnavailableError(Reason.NO_KEY_SET, "there is no key set", int(ATTEMPT_SECONDS))
        if key_id is None:
            only = [key for (_, name), keys in held.keys.items() if name == algorithm for key in keys]
            return only if len(only) == 1 else []
        keys = held.keys.get((key_id, algorithm), [])
        if not keys and len(key_id) <= LONGEST_KEY_ID and key_id.isprintable():
            self._missed()
        return keys

    def check(self) -> None:
        """Find out before the first request comes that there is nothing to check tokens with.

        Raises:
            ConfigurationError: there is certainly nothing.
        """

    def start(self) -> None:
        """Begin to look after the set, in this process."""

    def close(self) -> None:
        """Stop looking after it."""

    def _look(self) -> None:
        """Do what a request may do about the set."""

    def _missed(self) -> None:
        """Take notice that a token names a key that the set lacks."""

    def _take(self, content: bytes, now: float) -> None:
        keys = read_keys(content, self._algorithms)
        if self._held is None or self._held.keys.keys() != keys.keys():
            names = sorted(f"{key_id or '(none)'!r} for {algorithm}" for key_id, algorithm in keys)
            logger.info("key set %s: %s", self._location, ", ".join(names))
        self._held = Held(keys, now)
        self._last_reason = ""

    def _log_error(self, error: Exception) -> None:
        """Say what is wrong once, until it changes."""
        reason = str(error)
        if reason != self._last_reason:
            logger.error("key set %s: %s; the last good set stays in force for 24 hours", self._location, reason)
        self._last_reason = reason


class FileKeySet(KeySet):
    """A key set in a file, read again when the file changes.

    Args:
        file: where it is.
        algorithms: those that keys are kept for.
        clock: seconds that only ever grow.
    """

    def __init__(self, file: Path, algorithms: Sequence[str], clock: Clock = time.monotonic) -> None:
        super().__init__(str(file), algorithms, clock)
        self._file = file
        self._stamp: tuple[int, ...] = ()
        self._looked_at = float("-inf")
        self._looking = threading.Lock()

    def check(self) -> None:
        """Read the file for the first time.

        Raises:
            ConfigurationError: it cannot be read, or there is no key in it that could be used.
        """
        self._look()
        if self._held is None:
            raise ConfigurationError([f"auth.jwks: {self._file}: {self._last_reason}"])

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked_at < LOOK_SECONDS or not self._looking.acquire(blocking=self._held is None):
            return
        try:
            if now - self._looked_at >= LOOK_SECONDS:
                self._read(now)
                self._looked_at = now
        finally:
            self._looking.release()

    def _read(self, now: float) -> None:
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self._held is not None and stamp == self._stamp:
                self._held = Held(self._held.keys, now)
                return
            content = b""
            if stat.S_ISREG(status.st_mode):  # opening a pipe would block
                with self._file.open("rb") as opened:
                    content = opened.read(LARGEST_BYTES + 1)
            self._take(content, now)
            self._stamp = stamp
        except OSError as error:
            self._log_error(KeySetError(error.strerror or type(error).__name__))
        except KeySetError as error:
            self._log_error(error)


class FetchedKeySet(KeySet):
    """A key set behind an https URL, fetched beside the requests.

    Args:
        url: where it is.
        algorithms: those that keys are kept for.
        clock: seconds that only ever grow.
        seconds: how long a fetch may take.
    """

    def __init__(
        self, url: str, algorithms: Sequence[str], clock: Clock = time.monotonic, seconds: float = FETCH_SECONDS
    ) -> None:
        super().__init__(url.partition("?")[0], algorithms, clock)
        self._url = url
        self._seconds = seconds
        self._attempted_at = float("-inf")
        self._is_soon = True  # nothing is there yet, or something was missed, or the last attempt failed
        self._wake = threading.Event()
        self._is_closed = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Fetch from now on, in a thread of this process. Call it after a fork; further calls do nothing."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="key set", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop fetching, after the attempt that may be under way."""
        self._is_closed = True
        self._wake.set()

    def refresh_if_due(self) -> float:
        """Fetch the set if it is time to, and return the seconds until it will be."""
        due_in = self._due_in()
        if due_in > 0:
            return due_in
        self._attempted_at = now = self._clock()
        self._is_soon = False  # a key that is missed from here on may need another attempt
        try:
            self._take(fetched(self._url, seconds=self._seconds, most_bytes=LARGEST_BYTES), now)
        except (FetchError, KeySetError) as error:
            self._is_soon = True
            self._log_error(error)
        except Exception:  # whatever it is: without the thread that comes here no key would ever be rotated in
            self._is_soon = True
            logger.exception("key set %s: the attempt failed", self._location)
        return self._due_in()

    def _due_in(self) -> float:
        after = ATTEMPT_SECONDS if self._is_soon else REFRESH_SECONDS
        return max(0.0, self._attempted_at + after - self._clock())

    def _missed(self) -> None:
        if not self._is_soon:
            self._is_soon = True
            self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._is_closed:
                return
            self._wake.wait(self.refresh_if_due())


def key_set(location: str, folder: Path, algorithms: Sequence[str]) -> KeySet:
    """Return the key set of a file or a URL.

    Args:
        location: an https URL, or a file relative to the folder.
        folder: that of the configuration.
        algorithms: those that keys are kept for.
    """
    if "://" in location:
        return FetchedKeySet(location, algorithms)
    return FileKeySet(folder / location, algorithms)
