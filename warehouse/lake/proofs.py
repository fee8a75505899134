"""When each landing was last found equal to its source: `lake/proofs.parquet`, and `landings.proven_at` from it.

A landing is proven by its own extraction. A reconciliation that finds it unchanged proves it again, without writing it.
A proof belongs to one landing, so it ends when the day is extracted again.
"""

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

import duckdb

from warehouse import clock, engine
from warehouse.disk.files import written_beside
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing

Proofs: TypeAlias = Mapping[tuple[str, date, str], str]  # by stream, UTC day and `extracted_at`: when, ISO 8601


def proofs_in(lake: Lake) -> Proofs:
    """Return the proofs that a lake holds, without those by a clock that was ahead of ours."""
    if not lake.proofs.exists():
        return {}
    with duckdb.connect() as connection:
        query = f"select stream, day, extracted_at, proven_at from {engine.files([lake.proofs])}"
        rows = connection.execute(query).fetchall()
    latest = (clock.now() + clock.TOLERANCE).isoformat()
    return {(stream, day, extracted_at): when for stream, day, extracted_at, when in rows if when <= latest}


def proven_at(landing: Landing, proofs: Proofs) -> str:
    """Return when a landing was last found equal to its source, UTC, ISO 8601."""
    return proofs.get(_key(landing), landing.extracted_at)


def add_proofs(
    lake: Lake, landings: Mapping[tuple[str, date], Landing], proven: Mapping[tuple[str, date], str]
) -> None:
    """Add proofs to those that the lake holds, and drop those of landings that are no more.

    Args:
        lake: where they are kept.
        landings: every landing that counts.
        proven: by stream and day, when they were found equal to their sources.
    """
    current = {_key(landing) for landing in landings.values()}
    kept = {key: when for key, when in proofs_in(lake).items() if key in current}
    kept.update({_key(landings[which]): when for which, when in proven.items()})
    if not kept:
        return
    keys = sorted(kept)
    streams, days, extracted = (list(column) for column in zip(*keys, strict=True))
    with written_beside(lake.proofs) as unfinished, duckdb.connect() as connection:
        times = [kept[key] for key in keys]
        engine.create(connection, "proofs", stream=streams, day=days, extracted_at=extracted, proven_at=times)
        connection.execute("copy proofs to $file (format parquet)", {"file": str(unfinished)})


def _key(landing: Landing) -> tuple[str, date, str]:
    return landing.stream, landing.day, landing.extracted_at
