"""The columns of assets, as Dagster shows them: of sources by the mapping, of the lake here, of versions by the schema.

The lake's files are written by SQL, so what they have is said here once more; a test compares it with files.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import dagster as dg

from warehouse.configuration.configuration import Stream
from warehouse.configuration.streams import INPUTS, ROLES_OF_TABLES
from warehouse.versions import schema

SCHEMA = "dagster/column_schema"


class LakeColumn(NamedTuple):
    """A column of a file of the lake: its name, its type in DuckDB, and what it is."""

    name: str
    type: str
    description: str


LANDING: Sequence[LakeColumn] = (
    LakeColumn("event_id", "VARCHAR", "The event's id; null in a quarantined row without one."),
    LakeColumn("user_id", "VARCHAR", "The learner's id, or the key that a lookup resolves."),
    LakeColumn("instant", "TIMESTAMP", "When it happened, UTC; it decides the day (R2)."),
    LakeColumn("ended_at", "TIMESTAMP", "When a session ended, UTC."),
    LakeColumn("last_activity_at", "TIMESTAMP", "When something happened last in a session, UTC (R8)."),
    LakeColumn("amount", "BIGINT", "XP of an event."),
    LakeColumn("passed", "BOOLEAN", "Whether a quiz was passed."),
    LakeColumn("updated_at", "TIMESTAMP", "When the row was changed last; of one id the latest counts (R20)."),
    LakeColumn("reason", "VARCHAR", "Why the row does not count, null where it does (R19, R20)."),
    LakeColumn("row", "VARCHAR", "A quarantined row as JSON: role to value as text."),
)
MEASURES = LakeColumn(
    "measures",
    "STRUCT(xp BIGINT, seconds BIGINT, sessions BIGINT, quizzes BIGINT, quizzes_passed BIGINT)",
    "The totals of the learner's date.",
)
USERS: Sequence[LakeColumn] = (
    LakeColumn("user_id", "VARCHAR", "The learner's id; null in a quarantined row."),
    LakeColumn("username", "VARCHAR", "The name of the learner's public page."),
    LakeColumn("timezone", "VARCHAR", "The learner's zone as the source has it (R4)."),
    LakeColumn("is_public", "BOOLEAN", "Whether the learner has a public page."),
    LakeColumn("is_deleted", "BOOLEAN", "Whether the source says that the learner is deleted (R3)."),
    LakeColumn("freezes_available", "BIGINT", "Streak savers that the learner has left (R27)."),
    LakeColumn("booster_multiplier", "DOUBLE", "What XP are multiplied by (R29)."),
    LakeColumn("booster_ends_at", "TIMESTAMP", "Until when, UTC."),
    LakeColumn("reason", "VARCHAR", "Why the row does not count, null where it does (R19)."),
    LakeColumn("row", "VARCHAR", "A quarantined row as JSON: role to value as text."),
    LakeColumn("stream", "VARCHAR", "The streams that the learner is in."),
)
ACTIVITY: Sequence[LakeColumn] = (
    LakeColumn("day", "DATE", "The UTC day."),
    LakeColumn("user_key", "BIGINT", "63-bit hash of user_id."),
    LakeColumn("user_id", "VARCHAR", "The learner."),
    LakeColumn("zone", "VARCHAR", "The zone in force, by which dates are cut."),
    LakeColumn("activity_date", "DATE", "The learner's own date."),
    LakeColumn("xp", "BIGINT", "Sum of XP, of any sign."),
    LakeColumn("session_microseconds", "BIGINT", "Union of sessions on that date."),
    LakeColumn("xp_events", "BIGINT", "Events of XP."),
    LakeColumn("sessions", "BIGINT", "Sessions that began on that date."),
    LakeColumn("quizzes", "BIGINT", "Quizzes taken."),
    LakeColumn("quizzes_passed", "BIGINT", "Quizzes passed."),
)
EVENT_ROWS = LakeColumn("event_rows", "BIGINT", "Rows that the sums are of.")  # where a stream has own dates
STREAMS = LakeColumn(
    "streams",
    "STRUCT(stream VARCHAR, xp BIGINT, session_microseconds BIGINT, sessions BIGINT, quizzes BIGINT, "
    "quizzes_passed BIGINT)[]",
    "What of it is of which stream, each with its own union.",
)  # with `pulse.by_stream`


def of_landing(stream: Stream) -> Mapping[str, dg.TableSchema]:
    """Return the columns of a stream's landings."""
    return _of_lake([*LANDING, MEASURES] if stream.kind == "daily" else LANDING)


def of_users() -> Mapping[str, dg.TableSchema]:
    """Return the columns of the file of the learners."""
    return _of_lake(USERS)


def of_activity(*, has_own_dates: bool, is_by_stream: bool) -> Mapping[str, dg.TableSchema]:
    """Return the columns of a day's activity.

    Args:
        has_own_dates: whether a stream has rows of learners' own dates (R5).
        is_by_stream: whether it says what is of which stream (R31).
    """
    return _of_lake([*ACTIVITY, *([EVENT_ROWS] if has_own_dates else []), *([STREAMS] if is_by_stream else [])])


def of_source(streams: Iterable[Stream]) -> Mapping[str, dg.TableSchema]:
    """Return the columns that streams read of one table, each with the roles that it plays, and what it is read as."""
    played: dict[str, list[str]] = {}
    read_as: dict[str, str] = {}
    for stream in streams:
        types: dict[str, str] = {role.name: role.type for role in ROLES_OF_TABLES[stream.kind]}
        types |= INPUTS.get(stream.kind, {})  # a lookup's table has none
        for label, column in stream.inputs.items():
            role = label.partition(".")[0]
            played.setdefault(column, []).append(f"{role} of {stream.name}")
            read_as.setdefault(column, types[role])
    columns = [
        dg.TableColumn(name, type=read_as[name], description=", ".join(dict.fromkeys(roles)))
        for name, roles in played.items()
    ]
    return {SCHEMA: dg.TableSchema(columns)}


def as_read(types: Mapping[str, str], mapped: Iterable[str]) -> Mapping[str, dg.TableSchema]:
    """Return all columns of a source's table by the types that it has, as a run has found it.

    Args:
        types: of every column, by its name.
        mapped: the columns that are read.
    """
    names = set(mapped)
    columns = [
        dg.TableColumn(name, type=type_, description="" if name in names else "Not read.")
        for name, type_ in types.items()
    ]
    return {SCHEMA: dg.TableSchema(columns)}


def of_table(table: schema.Table) -> Mapping[str, dg.TableSchema]:
    """Return the columns of a public table, read from the schema and not written again."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=column.type,
            description=column.comment,
            constraints=dg.TableColumnConstraints(nullable=column.is_nullable),
        )
        for column in table.columns
    ]
    return {SCHEMA: dg.TableSchema(columns)}


def _of_lake(columns: Iterable[LakeColumn]) -> Mapping[str, dg.TableSchema]:
    return {SCHEMA: dg.TableSchema([dg.TableColumn(*column) for column in columns])}
