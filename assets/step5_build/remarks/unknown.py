"""Beside step 5: rows of learners who are not among the users (R21), by stream, and a likely cause.

The roll-up knows learners' rows by kind. Where several streams are of one kind, their landings are asked as well; where
there are totals by day, which the roll-up adds to what is of other kinds, all landings are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine
from warehouse.lake.lookups import resolved

UNKNOWN_LEARNERS = Path(__file__).with_name("unknown_learners.sql")
BY_KIND = UNKNOWN_LEARNERS.with_name("unknown_by_kind.sql")
BY_STREAM = UNKNOWN_LEARNERS.with_name("unknown_by_stream.sql")


@dataclass(frozen=True)
class Unknown:
    """What a stream has of learners who are not among the users.

    Args:
        rows: landed rows that pass, of anybody.
        unknown: those of unknown learners.
        alike: those of them whose learner's id is a known one's but for case, accents or spaces at the end.
    """

    rows: int
    unknown: int
    alike: int


def unknown_by_stream(connection: duckdb.DuckDBPyConnection, night: Night, newest: date) -> dict[str, Unknown]:
    """Return what every event stream has of unknown learners, from `first_day` to the newest day.

    Args:
        connection: that of the build, with `rolled_learners`, `users` and `landed_users`.
        night: the streams and their landings.
        newest: the version's newest day.
    """
    connection.execute(f"create or replace temp table unknown_learners as {engine.sql(UNKNOWN_LEARNERS)}")
    by_kind = {kind: (unknown, alike) for kind, unknown, alike in connection.execute(engine.sql(BY_KIND)).fetchall()}
    streams = night.configuration.activity_streams
    kinds = Counter(stream.kind for stream in streams)
    has_totals = "daily" in kinds
    by_stream = {}
    for stream in streams:
        landings = night.landings_of(stream.name, newest)
        unknown, alike = by_kind["every" if has_totals else stream.kind]
        if unknown and (has_totals or kinds[stream.kind] > 1):
            files = [night.lake.landing(stream.name, landing.day) for landing in landings]
            rows = resolved(night.lake, stream, files)
            connection.execute(f"create or replace temp view landed as select * from {rows}")
            unknown, alike = engine.one_row(connection, engine.sql(BY_STREAM))
        by_stream[stream.name] = Unknown(sum(landing.rows for landing in landings), unknown, alike)
    return by_stream


def alike_warnings(unknown: Mapping[str, Unknown], users: str) -> list[str]:
    """Return a line for every stream whose unknown ids the source may take for known ones (R26).

    Args:
        unknown: as `unknown_by_stream`.
        users: the names of the streams of learners.
    """
    return [
        f"stream {stream}: {counts.alike:,} of {counts.rows:,} rows count for nobody, because their user_id is that of "
        f"a learner in {users} but for case, accents or spaces at the end; ids are compared byte for byte: map a view "
        f"that spells them as {users} does"
        for stream, counts in unknown.items()
        if counts.alike
    ]
