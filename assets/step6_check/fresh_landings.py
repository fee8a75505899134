"""Beside step 6: what has landed since the published version, which the guards of R21 and R22 look at.

Landings are told apart by when they were extracted. One that a night has proven since counts as landed. Rows without
a day belong to no landing. They do not count again if the published version's quarantine has them, or an operator let
them through.
"""

from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine
from warehouse.disk.files import written_beside
from warehouse.lake.lake import Lake
from warehouse.lake.lookups import resolved
from warehouse.lake.proofs import night_at, proofs_in

ACCEPTED = Path(__file__).with_name("scans") / "accepted.sql"


def remember_accepted(night: Night, version: Path) -> None:
    """Keep in the lake what was let through, so that it does not count again (R22).

    That is the quarantine of a version, with its rows without a day. Foreign duplicates are kept as so many rows,
    without an id.
    """
    with (
        night.connect() as connection,
        engine.attached(connection, version, "version"),
        written_beside(night.lake.accepted_quarantine) as unfinished,
    ):
        view_landings(connection, night)
        connection.execute(f"copy ({engine.sql(ACCEPTED)}) to $file (format parquet)", {"file": str(unfinished)})


def view_landings(connection: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Make `lake_landings`, of figures that only the lake's files have."""
    of_lake, proofs = night.landings.values(), proofs_in(night.lake)
    engine.create(
        connection,
        "lake_landings",
        stream=[landing.stream for landing in of_lake],
        day=[landing.day for landing in of_lake],
        foreign_duplicates=[landing.foreign_duplicates for landing in of_lake],
        night_at=[night_at(landing, proofs) or "" for landing in of_lake],
    )


def view_accepted(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make `accepted_quarantine`, empty while nothing was let through."""
    if lake.accepted_quarantine.exists():
        engine.view_files(connection, "accepted_quarantine", [lake.accepted_quarantine])
    else:
        connection.execute("create temp view accepted_quarantine as select * from version.quarantine where false")


def view_fresh_rows(connection: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Make `fresh_rows`: stream and learner of every row landed since the published version."""
    lake, streams = night.lake, night.configuration.streams
    fresh = connection.execute("select stream, day from fresh_landings").fetchall()
    parts = ["select '' as stream, '' as user_id where false"]
    for stream in sorted({stream for stream, _ in fresh}):
        files = [lake.landing(stream, day) for name, day in fresh if name == stream]
        rows = resolved(lake, streams[stream], files)
        parts.append(f"select {engine.quoted(stream)}, user_id from {rows} where reason is null")
    connection.execute(f"create temp view fresh_rows as {' union all '.join(parts)}")
