"""Lengths of sessions by type, name and values."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Column as TableColumn
from sqlalchemy import MetaData, Table, types
from sqlalchemy.dialects import mysql, postgresql

from pipelines.propose.guess.lengths import length_of, seconds_of
from pipelines.propose.look.tables import Column, LookedAt


def table_of(name: str, kind: types.TypeEngine[Any], values: Sequence[Any], dialect: str) -> LookedAt:
    columns = {name: Column(name, kind, is_nullable=True, values=values, nulls=0, dialect=dialect)}
    table = Table("visits", MetaData(), TableColumn(name, kind))
    return LookedAt("visits", "visits", columns, (), (), {}, frozenset(), (), table)


@pytest.mark.parametrize(
    ("name", "kind", "values", "dialect", "value", "sureness"),
    [
        ("duration", postgresql.INTERVAL(), ["01:00:00"], "postgresql", "duration", "likely"),
        ("time_spent", mysql.TIME(), [], "mysql", "time_spent", "check"),
        ("duration", types.Text(), ["PT1H30M", "PT5S"], "postgresql", "duration", "likely"),
        ("duration_ms", types.Integer(), [5], "mysql", {"column": "duration_ms", "unit": "ms"}, "likely"),
        ("duration", types.Integer(), [600], "mysql", {"column": "duration", "unit": "s"}, "check"),
    ],
)
def test_a_length_says_its_unit_or_has_one(  # noqa: PLR0917
    name: str, kind: types.TypeEngine[Any], values: list[Any], dialect: str, value: object, sureness: str
) -> None:
    guess = length_of(table_of(name, kind, values, dialect), "started_at")
    assert guess is not None
    assert (guess.value, guess.sureness) == (value, sureness)


@pytest.mark.parametrize(
    ("name", "kind", "values", "dialect"),
    [
        ("duration", postgresql.TIME(), [], "postgresql"),  # a time of the day
        ("duration", types.Text(), ["PT1H30M", "an hour"], "postgresql"),
        ("duration", types.Text(), [], "postgresql"),
        ("duration_minutes", types.Integer(), [5], "mysql"),
        ("started_at", postgresql.INTERVAL(), ["01:00:00"], "postgresql"),
    ],
)
def test_what_is_no_length_is_none(name: str, kind: types.TypeEngine[Any], values: list[Any], dialect: str) -> None:
    assert length_of(table_of(name, kind, values, dialect), "started_at") is None


def test_seconds_of_a_day_are_made_of_hours_and_doubted_by_their_size() -> None:
    hours = seconds_of(table_of("hours", types.Integer(), [2], "mysql"), "day")
    by_size = seconds_of(table_of("time_read", types.Integer(), [600], "mysql"), "day")
    assert hours is not None
    assert by_size is not None
    assert (hours.value, hours.sureness) == ({"column": "hours", "times": 3600}, "likely")
    assert (by_size.value, by_size.sureness) == ("time_read", "check")
    assert seconds_of(table_of("duration", postgresql.INTERVAL(), [], "postgresql"), "day") is None
