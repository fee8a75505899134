"""When each landing was last found equal to its source: `lake/proofs.parquet`, and `landings.proven_at` from it.

A landing is proven by its own extraction. A reconciliation, or a night that looks back on its day, proves it again
where it is unchanged, without writing it. A proof belongs to one landing, so it ends when the day is extracted again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import duckdb

from warehouse import clock, engine
from warehouse.disk.files import written_beside
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing


@dataclass(frozen=True)
class Proof:
    """When a landing was last found equal to its source, UTC, ISO 8601.

    Args:
        proven_at: by whomever.
        night_at: by a night, which would have read the day again otherwise. So it counts like a landing of that night
            (R21, R22). None if no night has done so.
    """

    proven_at: str
    night_at: str | None = None


Proofs: TypeAlias = Mapping[tuple[str, date, str], Proof]  # by stream, UTC day and `extracted_at`


def proofs_in(lake: Lake) -> Proofs:
    """Return the proofs that a lake holds, without those by a clock that was ahead of ours.

    Raises:
        DamagedError: the file cannot be read, or is another.
    """
    if not lake.proofs.exists():
        return {}
    latest = (clock.now() + clock.TOLERANCE).isoformat()
    return {
        (stream, day, extracted_at): Proof(proven_at, night_at if night_at and night_at <= latest else None)
        for stream, day, extracted_at, proven_at, night_at in _rows(lake)
        if proven_at <= latest
    }


def _rows(lake: Lake) -> list[tuple[str, date, str, str, str | None]]:
    try:
        with engine.reading() as connection:
            file = engine.files([lake.proofs])
            has_nights = "night_at" in connection.sql(f"select * from {file}").columns  # not of an earlier release
            of_nights = "night_at::varchar" if has_nights else "null"
            columns = f"stream::varchar, day::date, extracted_at::varchar, proven_at::varchar, {of_nights}"
            return connection.execute(f"select {columns} from {file} where proven_at is not null").fetchall()
    except duckdb.Error as error:
        if engine.is_interruption(error) or isinstance(error, duckdb.OutOfMemoryException):
            raise
        reason = " ".join(str(error).split())[:200]
        way_out = "restore it from a backup, or delete it: landings are then proven by their own extraction"
        raise DamagedError(f"{lake.proofs} cannot be read: {reason}; {way_out}") from error


def proven_at(landing: Landing, proofs: Proofs) -> str:
    """Return when a landing was last found equal to its source, UTC, ISO 8601."""
    proof = proofs.get(_key(landing))
    return landing.extracted_at if proof is None else proof.proven_at


def night_at(landing: Landing, proofs: Proofs) -> str | None:
    """Return when a night last found a landing equal to its source, UTC, ISO 8601; None if none has."""
    proof = proofs.get(_key(landing))
    return None if proof is None else proof.night_at


def add_proofs(
    lake: Lake,
    landings: Mapping[tuple[str, date], Landing],
    proven: Mapping[tuple[str, date], str],
    *,
    by_night: bool = False,
) -> None:
    """Add proofs to those that the lake holds, and drop those of landings that are no more.

    Args:
        lake: where they are kept.
        landings: every landing that counts.
        proven: by stream and day, when they were found equal to their sources.
        by_night: whether a night found that, and not a reconciliation.
    """
    current = {_key(landing) for landing in landings.values()}
    kept = {key: proof for key, proof in proofs_in(lake).items() if key in current}
    for which, when in proven.items():
        landing = landings[which]
        kept[_key(landing)] = Proof(when, when if by_night else night_at(landing, kept))
    if not kept:
        return
    keys = sorted(kept)
    streams, days, extracted = (list(column) for column in zip(*keys, strict=True))
    times = {name: [getattr(kept[key], name) for key in keys] for name in ("proven_at", "night_at")}
    with written_beside(lake.proofs) as unfinished, engine.reading() as connection:
        engine.create(connection, "proofs", stream=streams, day=days, extracted_at=extracted, **times)
        connection.execute("copy proofs to $file (format parquet)", {"file": str(unfinished)})


def _key(landing: Landing) -> tuple[str, date, str]:
    return landing.stream, landing.day, landing.extracted_at
