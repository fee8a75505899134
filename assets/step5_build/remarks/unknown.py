"""Beside step 5: rows of learners who are not among the users (R21), stream by stream, and why that may be.

The roll-up knows learners' rows by kind. Where several streams are of one kind, their landings are asked as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.configuration.streams import EVENT_KINDS, Kind
from warehouse.lake.lake import Lake, Landing

UNKNOWN_LEARNERS = Path(__file__).with_name("unknown_learners.sql")
COLUMNS: Mapping[Kind, str] = {"xp": "xp_events", "sessions": "sessions", "quizzes": "quizzes"}
BY_KIND = """
select coalesce(sum({rows}), 0)::bigint, coalesce(sum({rows}) filter (is_alike), 0)::bigint from unknown_learners
"""
BY_STREAM = """
select count(*), count(*) filter (is_alike)
from {landings} as landed
inner join unknown_learners as learner on landed.user_id = learner.user_id
where landed.reason is null
"""


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


def unknown_by_stream(
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    landings: Mapping[tuple[str, date], Landing],
    newest: date,
) -> dict[str, Unknown]:
    """Return what every event stream has of unknown learners, from `first_day` to the newest day.

    Args:
        connection: that of the build, with `rolled_learners`, `users` and `landed_users`.
        configuration: names the streams.
        landings: every landing under the present mappings.
        newest: the version's newest day.
    """
    connection.execute(f"create or replace temp table unknown_learners as {engine.sql(UNKNOWN_LEARNERS)}")
    lake = Lake.of(configuration)
    counts: dict[str, tuple[int, int]] = {}
    for kind in EVENT_KINDS:
        streams = [stream for stream in configuration.event_streams if stream.kind == kind]
        of_kind = engine.one_row(connection, BY_KIND.format(rows=COLUMNS[kind]))
        for stream in streams:
            is_known = len(streams) == 1 or not of_kind[0]
            days = [day for name, day in landings if name == stream.name and day <= newest]
            counts[stream.name] = of_kind if is_known else _in_landings(connection, lake, stream, days)
    return {
        stream.name: Unknown(_landed(stream, landings, newest), *counts[stream.name])
        for stream in configuration.event_streams
    }


def alike_warnings(unknown: Mapping[str, Unknown], users: str) -> list[str]:
    """Return a line for every stream with rows whose ids the source may well take for known ones, and we do not (R26).

    Args:
        unknown: as `unknown_by_stream`.
        users: the name of the users stream.
    """
    return [
        f"stream {stream}: {found.alike:,} of {found.rows:,} rows count for nobody, because their user_id is that of a "
        f"learner in {users} but for case, accents or spaces at the end; ids are compared byte for byte: map a view "
        f"that spells them as {users} does"
        for stream, found in unknown.items()
        if found.alike
    ]


def _landed(stream: Stream, landings: Mapping[tuple[str, date], Landing], newest: date) -> int:
    return sum(landing.rows for (name, day), landing in landings.items() if name == stream.name and day <= newest)


def _in_landings(
    connection: duckdb.DuckDBPyConnection, lake: Lake, stream: Stream, days: list[date]
) -> tuple[int, int]:
    places = [lake.landing(stream.name, day) for day in days]
    unknown, alike = engine.one_row(connection, BY_STREAM.format(landings=engine.files(places)))
    return unknown, alike
