"""Puts a world into a real database, with the `pulse.toml` that reads it.

One table per stream and one of users, in column types that platforms use: SQLite holds instants as ISO 8601 text in
several forms, PostgreSQL has real types. How worlds are drawn, and how the product is run, stay out.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import create_engine, text

from tests.oracle.parts.oracle_profile import QUESTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from tests.oracle.oracle import Stream, World

    Rows = Sequence[Mapping[str, object]]

SECRET = "a secret of the tests, longer than 32 bytes"

# role -> column, by kind, as a platform might name them; docs/guide/connect.md says which roles may be left out
COLUMNS = {
    "users": {
        "user_id": "id",
        "username": "username",
        "timezone": "timezone",
        "is_public": "is_public",
        "deleted_at": "deleted_at",
        "freezes_available": "freezes_left",
        "booster_multiplier": "boost",
        "booster_ends_at": "boosted_until",
    },
    "xp": {
        "event_id": "id",
        "user_id": "user_id",
        "occurred_at": "created_at",
        "amount": "amount",
        "updated_at": "updated_at",
        "deleted_at": "deleted_at",
    },
    "sessions": {
        "event_id": "id",
        "user_id": "user_id",
        "started_at": "started_at",
        "ended_at": "ended_at",
        "last_activity_at": "last_seen",
        "updated_at": "updated_at",
        "deleted_at": "deleted_at",
    },
    "quizzes": {
        "event_id": "id",
        "user_id": "learner",
        "occurred_at": "submitted_at",
        "passed": "passed",
        "updated_at": "updated_at",
        "deleted_at": "deleted_at",
    },
    "daily": {
        "event_id": "id",
        "user_id": "learner",
        "on": "day",
        "xp": "points",
        "seconds": "time_read",
        "sessions": "visits",
        "quizzes": "tries",
        "quizzes_passed": "passes",
        "updated_at": "updated_at",
    },
    "freezes": {
        "event_id": "id",
        "user_id": "learner",
        "covered_on": "saved_on",
        "updated_at": "updated_at",
        "deleted_at": "given_back_at",
    },
}
KEYS = {"user_id": "anonymous", "event_id": "whose"}  # a lookup's columns, by roles of their types
OF_THE_NIGHT = {"freezes_available", "booster_multiplier", "booster_ends_at"}
OPTIONAL = {
    *("username", "timezone", "is_public", "deleted_at", "updated_at", "ended_at", "last_activity_at"),
    *OF_THE_NIGHT,
}
TOTALS = {"xp", "seconds", "sessions", "quizzes", "quizzes_passed"}
INSTANTS = {"occurred_at", "started_at", "ended_at", "last_activity_at", "updated_at", "deleted_at", "booster_ends_at"}


def write(world: World, url: str, *, users: int | None = None) -> None:
    """Create every table of the world anew and fill it; `users` numbers the landing of users (default: the last)."""
    _, users_rows = world.users_landings[-1 if users is None else users]
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in users_streams(world):
            own = [row for row in users_rows if row.get("stream", name) == name]
            _write_table(connection, name, users_columns(world, name), own, 0)
        for number, stream in enumerate(world.streams, start=1):
            rows = world.rows.get(stream.name, ())
            own_date = _own_date(stream)
            _write_table(connection, stream.name, stream_columns(world, stream), rows, number, own_date=own_date)
            if stream.name in world.lookups:
                lookup = world.lookups[stream.name].items()
                keys = [{"user_id": key, "event_id": learner} for key, learner in lookup]
                _write_table(connection, f"{stream.name}_keys", KEYS, keys, number)
    engine.dispose()


def configuration(world: World, url: str, data_dir: str) -> str:
    """The text of a `pulse.toml` (docs/guide/connect.md) that reads the world from that database."""
    parts = [
        _section(
            "pulse",
            data_dir=data_dir,
            first_day=world.first_day,
            default_timezone=world.default_timezone,
            level_metric=world.level_metric,
            min_active_days=world.min_active_days,
            **({"by_stream": True} if world.is_by_stream else {}),
        ),
        _section("sources.platform", url=url),
        *(
            _stream_section(name, "users", _users_mapping(world, name), _users_keys(world))
            for name in users_streams(world)
        ),
        *(
            _stream_section(stream.name, stream.kind, _stream_mapping(world, stream), stream_keys(stream))
            for stream in world.streams
        ),
        _section("auth", secret=SECRET),
        *_profile_sections(world),
    ]
    return "\n".join(parts)


def _profile_sections(world: World) -> list[str]:
    """What the profile is computed with, where the world says anything but the defaults."""
    step = {} if world.level_step is None else {"level_step": world.level_step}
    levels = {"level_thresholds": list(world.level_thresholds), **step}
    return [
        *(
            _section(f"quests.{name}", title=title, measure=measure, period=period, target=target)
            for name, title, _, measure, period, target in QUESTS
        ),
        *([_section("xp", **levels)] if levels != {"level_thresholds": [0]} else []),
        *([_section("serve", week_start=world.week_start)] if world.week_start != "sunday" else []),
    ]


def stream_keys(stream: Stream) -> dict[str, object]:
    """What a stream's section says beside its columns."""
    longer = {"longer_than_24h": stream.longer_than_24h} if stream.longer_than_24h != "quarantine" else {}
    return {"timezone": stream.timezone, **longer}


def stream_columns(world: World, stream: Stream) -> dict[str, str]:
    """The columns of a stream that are mapped, by role: a role that no row has is left out where it may be."""
    if stream.kind == "daily":
        return {role: COLUMNS["daily"][role] for role in ("user_id", "on", *stream.roles)}
    return _mapped(stream.kind, world.rows.get(stream.name, ()))


def _stream_mapping(world: World, stream: Stream) -> dict[str, object]:
    """What `columns` says: names of columns, and tables for a learner's own date, constants and keys of a lookup."""
    mapping: dict[str, object] = {**stream_columns(world, stream)}
    if stream.has_own_dates and stream.dated_by == "occurred_at":
        mapping["occurred_at"] = {"column": mapping["occurred_at"], "date": "local"}
    if stream.name in world.lookups:
        of_keys = {"key": KEYS["user_id"], "value": KEYS["event_id"]}
        lookup = {"source": "platform", "table": f"{stream.name}_keys", **of_keys}
        mapping["user_id"] = {"column": mapping["user_id"], "lookup": lookup}
    return mapping | {role: {"value": value} for role, value in stream.constants}


def _own_date(stream: Stream) -> str | None:
    """The role that is a learner's own date (R5), if one is."""
    return stream.dated_by if stream.has_own_dates else None


def users_streams(world: World) -> tuple[str, ...]:
    """The streams of learners, in their order."""
    return world.users_streams or (world.users_stream,)


def users_columns(world: World, stream: str) -> dict[str, str]:
    """The mapped columns of a stream of learners by role, the same for every landing."""
    rows = [row for _, landing in world.users_landings for row in landing if row.get("stream", stream) == stream]
    return _mapped("users", rows)


def _users_mapping(world: World, stream: str) -> dict[str, object]:
    columns = users_columns(world, stream)
    prefix = world.users_prefixes.get(stream)
    return columns | ({"user_id": {"column": columns["user_id"], "prefix": prefix}} if prefix else {})


def _users_keys(world: World) -> dict[str, object]:
    keys = {"merge": world.are_users_merged, "zone_names": dict(world.zone_names)}
    return {key: value for key, value in keys.items() if value}


def _mapped(kind: str, rows: Rows) -> dict[str, str]:
    held = {role for row in rows for role in row}
    return {role: column for role, column in COLUMNS[kind].items() if role in held or role not in OPTIONAL}


def _section(name: str, **keys: object) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in keys.items()), ""])


def _stream_section(name: str, kind: str, columns: Mapping[str, object], others: Mapping[str, object]) -> str:
    return _section(f"streams.{name}", kind=kind, source="platform", table=name, columns=columns, **others)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(held)}" for key, held in value.items()) + " }"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


# --- tables ---------------------------------------------------------------------------------------------------------


def _write_table(
    connection: Connection,
    table: str,
    columns: Mapping[str, str],
    rows: Rows,
    number: int,
    *,
    own_date: str | None = None,
) -> None:
    """Drop, create and fill one table; its number varies the types where a platform has a choice."""
    is_sqlite = connection.dialect.name == "sqlite"
    choose = sqlite_type if is_sqlite else postgresql_type
    types = {role: choose(role, [row.get(role) for row in rows], number) for role in columns}
    types |= {own_date: ("DATE", "TEXT")[number % 2] if is_sqlite else "DATE"} if own_date else {}
    defined = ", ".join(f'"{column}" {types[role]}' for role, column in columns.items())
    connection.execute(text(f'DROP TABLE IF EXISTS "{table}"'))
    connection.execute(text(f'CREATE TABLE "{table}" ({defined})'))
    places = [f":{role}" if is_sqlite else f"CAST(:{role} AS {types[role]})" for role in columns]
    insert = f'INSERT INTO "{table}" VALUES ({", ".join(places)})'
    bound = [{role: row.get(role) for role in columns} for row in rows]
    if is_sqlite:
        bound = [{role: sqlite_value(held, place) for role, held in row.items()} for place, row in enumerate(bound)]
    if bound:
        connection.execute(text(insert), bound)


def sqlite_type(role: str, values: Sequence[object], number: int) -> str:
    """A declared type whose affinity keeps what the values mean."""
    held = [value for value in values if value is not None]
    if role in INSTANTS:
        return ("TEXT", "DATETIME", "TIMESTAMP")[number % 3]
    if role in ("amount", "freezes_available") or role in TOTALS:
        return ("INTEGER", "NUMERIC")[number % 2]
    if role == "booster_multiplier":
        return ("REAL", "NUMERIC")[number % 2]
    if role in ("passed", "is_public"):
        return "TEXT" if held and all(isinstance(value, str) for value in held) else "BOOLEAN"
    if role in ("event_id", "user_id") and held and all(isinstance(value, int) for value in held):
        return "INTEGER"
    return "TEXT"


def sqlite_value(value: object, number: int) -> object:
    """A value as SQLite holds it: instants as ISO 8601 text in a form that changes from row to row."""
    if isinstance(value, datetime):
        plain = value.isoformat(sep=" T"[number % 2])
        return plain.replace("+00:00", "Z") if number % 3 else plain
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and abs(value) < 2**63 and value == int(value)
        return int(value) if is_whole else float(value)
    return str(value) if isinstance(value, UUID) else value


def postgresql_type(role: str, values: Sequence[object], number: int) -> str:
    """The type that holds all values of a column."""
    if role in INSTANTS:
        return _postgresql_instant(values)
    held = {type(value) for value in values if value is not None}
    if role in ("amount", "freezes_available", "booster_multiplier") or role in TOTALS:
        by_type = {Decimal: "NUMERIC", float: "DOUBLE PRECISION", int: "BIGINT"}
        return by_type[held.pop()] if held else ("BIGINT", "NUMERIC")[number % 2]
    if role in ("passed", "is_public"):
        return {bool: "BOOLEAN", int: "INTEGER", str: "TEXT"}[held.pop()] if held else "BOOLEAN"
    if role in ("event_id", "user_id") and len(held) == 1:
        return {UUID: "UUID", int: "BIGINT", str: ("TEXT", "VARCHAR")[number % 2]}[held.pop()]
    return "TEXT"


def _postgresql_instant(values: Sequence[object]) -> str:
    """TIMESTAMPTZ for instants with a zone, TIMESTAMP for those without, DATE for dates."""
    held = [value for value in values if isinstance(value, date)]
    if any(isinstance(value, datetime) and value.tzinfo is None for value in held):
        return "TIMESTAMP"
    return "TIMESTAMPTZ" if not held or any(isinstance(value, datetime) for value in held) else "DATE"
