"""`lookups.parquet`: the keys that events have instead of learners' ids, and whose they are (R26).

It lands with the learners. A landing of a stream with a lookup has the key in `user_id`; whoever wants the learner
reads it by `resolved`. A key that is nobody's stays, and is no learner's id.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.lake.lake import Lake

RESOLVED = "(select landed.* replace (coalesce(whose.user_id, landed.user_id) as user_id) from {} as landed {})"
WHOSE = "left join {} as whose on landed.user_id = whose.key"
KEYS_OF = "select distinct key from {} where user_id = $user_id order by key"


def resolved(lake: Lake, stream: Stream, files: Sequence[Path]) -> str:
    """Return the SQL of a stream's landings with the learners' ids, those that are keys resolved.

    Args:
        lake: whose lookups.
        stream: an event stream.
        files: landings of it.
    """
    landed = engine.files(files)
    if stream.lookup is None or not lake.lookups.exists():
        return landed
    return RESOLVED.format(landed, WHOSE.format(engine.files([lake.lookups])))


def keys_of(connection: duckdb.DuckDBPyConnection, lake: Lake, user_id: str) -> list[str]:
    """Return the keys that are a learner's, in order.

    Args:
        connection: that reads them.
        lake: whose lookups.
        user_id: a normal id.
    """
    if not lake.lookups.exists():
        return []
    query = KEYS_OF.format(engine.files([lake.lookups]))
    return [key for (key,) in connection.execute(query, {"user_id": user_id}).fetchall()]
