"""Beside step 3: the tables that say whose the keys of events are, landed with the learners (R26).

A key of a learner who has been erased goes on the list of the erased, because later rows with it are the learner's too.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine
from warehouse.erasure import suppression
from warehouse.erasure.erased import most_erased
from warehouse.errors import CheckFailedError

LOOKUPS = Path(__file__).with_suffix(".sql")
SHARED_KEYS = LOOKUPS.with_name("shared_keys.sql")
NO_LOOKUPS = "create temp table lookups (stream varchar, key varchar, user_id varchar)"
KEYS_OF_ERASED = "select distinct everybody.key from everybody semi join suppressed_learners using (user_id)"


def make_lookups(connection: duckdb.DuckDBPyConnection, night: Night, files: Sequence[Path]) -> None:
    """Make the table `lookups` of the tables that were read, without erased learners, whose keys go on the list.

    Args:
        connection: has our macros; it loses the view `everybody`, and so the spool of learners.
        night: who has been erased.
        files: what was read, `key`, `user_id` and `stream`; none if no stream has a lookup.

    Raises:
        CheckFailedError: a key is of several learners.
    """
    if not files:
        connection.execute(NO_LOOKUPS)
        return
    suppression.view_not_erased(connection, "lookup_rows", files, night.erased_learners())
    keys = [key for (key,) in connection.execute(KEYS_OF_ERASED).fetchall() if key]
    connection.execute(f"create temp table lookups as {engine.sql(LOOKUPS)}")
    for stream, shared in connection.execute(engine.sql(SHARED_KEYS)).fetchall():
        lookup = night.configuration.streams[stream].lookup
        table = f"{lookup.source}.{lookup.table}" if lookup else ""
        raise CheckFailedError(
            f"stream {stream}: {shared:,} keys of its lookup {table} are of several learners; no learners were "
            "replaced: a key is one learner's, so correct the table, or name one that has each key once"
        )
    if keys:
        suppression.suppress(night.lake.suppressed, *keys, fewest=most_erased(night.warehouse))
