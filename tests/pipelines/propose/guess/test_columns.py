"""What values are, by their type and size: units of instants and lengths, flags, UUIDs, zones."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import types
from sqlalchemy.dialects import mysql

from pipelines.propose.guess.columns import (
    Instants,
    days_of,
    instants_of,
    is_flag,
    is_uuid,
    share_of_zones,
    unit_of_instants,
    unit_of_lengths,
)
from pipelines.propose.look.tables import Column

SECOND = 1_793_880_600  # 2026-11-05 12:10 UTC


def column(kind: types.TypeEngine[Any], values: Sequence[Any], dialect: str = "postgresql") -> Column:
    return Column("a", kind, True, values, 0, dialect)  # noqa: FBT003


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([SECOND, 0, 631_152_000], "s"),
        ([SECOND * 1000 + 5], "ms"),
        ([SECOND * 10**6, 0], "us"),
        ([SECOND * 10**9], "ns"),
        ([Decimal(SECOND)], "s"),
        ([SECOND + 0.25], "s"),
        ([SECOND, SECOND * 1000], None),
        ([SECOND, 12], None),
        ([SECOND, -1], None),
        ([20_261_105], None),
        ([0, 0], None),
        ([], None),
    ],
)
def test_the_unit_of_instants_is_that_of_the_one_range_in_which_all_are(values: list[Any], unit: str | None) -> None:
    assert unit_of_instants(values) == unit


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([3600, 60, 900], "s"),
        ([1_800_000, 60_000, 900_000], "ms"),
        ([1_800_000_000, 60_000_000], "us"),
        ([1_800_000_000_000, 1_800_000_000_000, 500_000_000], "ns"),
        ([0, None, 30], "s"),
    ],
)
def test_the_unit_of_lengths_makes_usual_sessions(values: list[Any], unit: str) -> None:
    assert unit_of_lengths(values) == unit


@pytest.mark.parametrize(
    ("looked_at", "expected"),
    [
        (column(types.DateTime(timezone=True), ["infinity"]), Instants()),
        (column(types.DateTime(), ["2026-11-05 12:00:00"]), Instants(carries_zone=False)),
        (column(mysql.TIMESTAMP(), [], "mysql"), Instants(is_seen=False)),
        (column(mysql.DATETIME(), ["x"], "mysql"), Instants(carries_zone=False)),
        (column(types.Date(), ["2026-11-05"]), Instants(is_date=True)),
        (column(types.BigInteger(), [SECOND, 0], "mysql"), Instants(unit="s", has_zeros=True)),
        (column(types.BigInteger(), [5]), None),
        (column(types.Text(), ["2026-11-05 12:00:00"]), Instants(format="%Y-%m-%d %H:%M:%S", carries_zone=False)),
        (column(types.Text(), ["5 November"]), None),
        (column(types.TIMESTAMP(), ["2026-11-05T12:00:00Z"], "sqlite"), Instants()),
        (column(types.Text(), ["2026-11-05 12:00"], "sqlite"), Instants(carries_zone=False)),
        (column(types.Text(), ["2026-11-05"], "sqlite"), Instants(is_date=True, carries_zone=False)),
        (column(types.DateTime(), [SECOND * 1000, "2026-11-05 12:00:00"], "sqlite"), Instants(unit="ms")),
        (column(types.DateTime(), [5, "2026-11-05 12:00:00"], "sqlite"), None),
        (column(types.Text(), ["2026-11-05 12:00:00(UTC)"], "sqlite"), Instants(format="%Y-%m-%d %H:%M:%S(%Z)")),
        (column(types.Text(), [], "sqlite"), Instants(carries_zone=False, is_seen=False)),
        (column(types.Integer(), [], "sqlite"), None),
        (column(types.DateTime(), [b"x"], "sqlite"), None),
    ],
)
def test_instants_are_known_by_type_and_in_sqlite_by_value(looked_at: Column, expected: Instants | None) -> None:
    assert instants_of(looked_at) == expected


def test_a_column_of_sqlite_without_a_value_takes_the_unit_of_the_others() -> None:
    empty = column(types.DateTime(), [], "sqlite")
    assert instants_of(empty, "ms") == Instants(unit="ms", is_seen=False)
    assert instants_of(empty) == Instants(carries_zone=False, is_seen=False)


@pytest.mark.parametrize(
    ("looked_at", "expected"),
    [
        (column(types.Boolean(), []), True),
        (column(types.Boolean(), [True]), True),
        (column(mysql.TINYINT(), [0, 1], "mysql"), True),
        (column(types.Integer(), [0, 1, 2]), False),
        (column(types.Integer(), []), False),
        (column(types.Text(), ["t", "False"]), True),
        (column(types.Text(), ["pass", "fail"]), False),
    ],
)
def test_flags_are_yes_and_no_and_nothing_else(looked_at: Column, expected: bool) -> None:  # noqa: FBT001
    assert is_flag(looked_at) is expected


def test_uuids_are_32_hex_digits_or_16_bytes() -> None:
    assert is_uuid(column(types.CHAR(32), ["0A" * 16, "0b" * 16]))
    assert is_uuid(column(types.BINARY(16), []))
    assert is_uuid(column(types.BINARY(16), [b"x" * 16]))
    assert not is_uuid(column(types.CHAR(36), ["00000000-0000-4000-8000-000000000001"])), "which needs nothing (R26)"
    assert not is_uuid(column(types.CHAR(32), ["0a" * 16, "ana"]))
    assert not is_uuid(column(types.CHAR(32), []))


def test_zones_are_iana_names_to_the_letter() -> None:
    assert share_of_zones(column(types.Text(), ["Europe/Berlin", "UTC", "europe/berlin", "99"])) == 0.5
    assert share_of_zones(column(types.Text(), [])) == 0


def test_days_are_those_of_our_time() -> None:
    assert days_of([SECOND, 0, None], "s") == [date(2026, 11, 5)]
    values = ["2026-11-05 23:00:00-02", "infinity", "0000-00-00 00:00:00", "0001-01-01", "2026-11-04"]
    assert days_of(values, None) == [date(2026, 11, 4), date(2026, 11, 6)]
