"""API keys, looked up live: whose key it is, and whether it is revoked, has expired or lacks the scope.

See docs/guide/connect.md, API keys.

Text that does not look like a key is refused here. A key is looked up by its hash. Unknown, revoked and expired keys
have the same query, the same code path and the same answer. `key_store.py` asks the table.
"""

import hashlib
import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from serve.http.errors import Reason, RefusedError, ScopeError
from warehouse.configuration.authentication import ApiKeys

logger = logging.getLogger(__name__)
REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 10_000
LONGEST_KEY = 256
VISIBLE = re.compile(r"[!-~]+", re.ASCII)
ITEM = r'"((?:[^"\\]|\\.)*)"|([^,{}"\\]+)'
ARRAY_ITEM = re.compile(ITEM, re.DOTALL)
ARRAY = re.compile(rf"\{{(?:(?:{ITEM})(?:,(?:{ITEM}))*)?\}}", re.DOTALL)  # of one dimension, as PostgreSQL writes it
NEVER = "infinity"


class Row(NamedTuple):
    """What the table says about a hash, as text; None where the column is null or not mapped."""

    key_hash: str | None
    user_id: str | None
    expires_at: str | None
    revoked_at: str | None
    scopes: str | None


class Store(Protocol):
    """Where keys are looked up."""

    def rows(self, key_hash: str) -> Sequence[Row]:
        """Return the rows of a hash, of which there should be one at most.

        Raises:
            UnavailableError: the store did not answer within its time.
        """


class CachedRows(NamedTuple):
    """An answer of the store, and until when it is good by the monotonic clock."""

    rows: Sequence[Row]
    until: float


class KeyOwner(NamedTuple):
    """The owner of a good key.

    Args:
        learner: as whom the key acts, a normal id (R26).
        key_hash: which key it is.
    """

    learner: str
    key_hash: str


class KeyRing:
    """Decides whether a key is good, and keeps the rows of the last seconds.

    Args:
        settings: of `[auth.api_keys]`.
        store: where keys are looked up.
        clock: seconds that only ever grow, for what is remembered.
        now: the present instant, for what expires.
    """

    def __init__(
        self,
        settings: ApiKeys,
        store: Store,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._now = now
        self._cached: OrderedDict[str, CachedRows] = OrderedDict()
        self._cache_lock = threading.Lock()

    def caller(self, key: str, scope: str = "") -> KeyOwner:
        """Return whose key it is.

        Args:
            key: as it was sent.
            scope: one that it needs beside the required one; empty for none.

        Raises:
            RefusedError: it is no key, or not a good one.
            ScopeError: it is a good one and lacks the scope.
            UnavailableError: the store did not answer within its time.
        """
        if not self._is_key(key):
            raise RefusedError(Reason.MALFORMED, "not of the form of an API key")
        key_hash = hashlib.sha256(key.encode("ascii")).hexdigest()
        row = _good_row(self._rows(key_hash), key_hash, self._now())
        if row is None or not row.user_id:
            raise RefusedError(Reason.API_KEY, "unknown, revoked or expired")
        granted = scopes_of(row.scopes)
        for required in (self._settings.required_scope, scope):
            if required and required not in granted:
                raise ScopeError(required, granted)
        try:
            learner = self._settings.columns.spelling.spelled(row.user_id)
        except ValueError:
            raise RefusedError(Reason.API_KEY, "of a user_id that is no UUID") from None
        return KeyOwner(learner, key_hash)

    def _is_key(self, key: str) -> bool:
        is_longer = len(self._settings.prefix) < len(key) <= LONGEST_KEY
        return is_longer and key.startswith(self._settings.prefix) and bool(VISIBLE.fullmatch(key))

    def _rows(self, key_hash: str) -> Sequence[Row]:
        """Return the store's rows, or those of the last seconds; also that there are none is kept."""
        asked_at = self._clock()
        with self._cache_lock:
            cached = self._cached.get(key_hash)
        if cached is not None and asked_at < cached.until:
            return cached.rows
        rows = self._store.rows(key_hash)
        with self._cache_lock:
            self._cached[key_hash] = CachedRows(rows, asked_at + REMEMBERED_SECONDS)
            self._cached.move_to_end(key_hash)
            while len(self._cached) > MOST_REMEMBERED:
                self._cached.popitem(last=False)
        return rows


def _good_row(rows: Sequence[Row], key_hash: str, now: datetime) -> Row | None:
    """Return the row of a hash if the key is in force; None also for two rows, which could contradict."""
    if len(rows) != 1 or rows[0].key_hash != key_hash:
        return None
    row = rows[0]
    return row if row.revoked_at is None and not _has_expired(row.expires_at, now) else None


def _has_expired(expires_at: str | None, now: datetime) -> bool:
    """Tell whether an instant has come. One without a zone is UTC (R1); one that cannot be read counts as expired."""
    if expires_at is None or expires_at == NEVER:
        return False
    try:
        instant = datetime.fromisoformat(expires_at.strip())
    except ValueError:
        logger.warning("an API key has expired because its expires_at cannot be read")
        return True
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) <= now


def scopes_of(text: str | None) -> list[str]:
    """Return the scopes in a text: a JSON array, a PostgreSQL array, or words with spaces or commas."""
    text = (text or "").strip()
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            return []
        return [scope for scope in listed if isinstance(scope, str)]
    if text.startswith("{"):
        if not ARRAY.fullmatch(text):
            return []  # such as a JSON object, which may name a scope to deny it
        items = ARRAY_ITEM.findall(text[1:-1])
        return [re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) or plain.strip() for quoted, plain in items]
    return [scope for scope in re.split(r"[\s,]+", text) if scope]
