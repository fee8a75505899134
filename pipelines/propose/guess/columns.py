"""What the values of a column are, by its type and a sample: instants and their unit, flags, UUIDs, numbers, zones.

Every answer says what was seen, so that whoever writes it down can say how sure it is.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from sqlalchemy import types

from assets.step1_extract.selects.types import BYTES, MYSQL, is_bit, is_readable
from assets.step1_extract.values.values import BOOLEANS, ISO_8601
from pipelines.propose.guess.formats import carries_zone, format_of
from pipelines.propose.guess.proposal import Value
from pipelines.propose.look.tables import Column
from warehouse.configuration.formats import InstantFormat
from warehouse.configuration.roles import PER_SECOND, Unit
from warehouse.zones import is_zone

# Instants of platforms lie between these; a number in one of the four ranges is in no other.
FIRST, END = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEX_32 = re.compile(r"[0-9a-fA-F]{32}")
DAY_ALONE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
UUID_BYTES = 16
UNITS: tuple[Unit, ...] = ("s", "ms", "us", "ns")
# Lengths of sessions have medians of half a minute to some hours; between one unit and the next lies a factor of 1,000.
LONGEST_MEDIANS: dict[Unit, float] = {"s": 2e4, "ms": 2e7, "us": 2e10, "ns": float("inf")}


@dataclass(frozen=True)
class Instants:
    """What is known of a column of instants.

    Args:
        unit: of numbers since 1970, None where they are instants by themselves.
        has_zeros: whether numbers are zero where nothing has happened yet.
        is_date: whether they are dates without a time.
        carries_zone: whether they carry their zone; numbers are UTC.
        is_seen: whether there was a value to look at.
        format: of texts that have another than ISO 8601.
    """

    unit: Unit | None = None
    has_zeros: bool = False
    is_date: bool = False
    carries_zone: bool = True
    is_seen: bool = True
    format: str | None = None

    def mapped(self, name: str) -> Value:
        """Return how a column with these instants is mapped."""
        if self.format is not None:
            return {"column": name, "format": self.format}
        if self.unit is not None:
            return {"column": name, "unit": self.unit} | ({"never": [0]} if self.has_zeros else {})
        return name


def instants_of(column: Column, usual: Unit | None = None) -> Instants | None:
    """Return what a column of instants has, None if it has none.

    Args:
        column: the column.
        usual: the unit of other columns of its type, for one of SQLite without a value.
    """
    if column.dialect == "sqlite":
        return _of_sqlite(column, usual) or _of_texts(column)
    if isinstance(column.type, types.DateTime):
        is_zoned = column.type.timezone or (column.dialect in MYSQL and isinstance(column.type, types.TIMESTAMP))
        return Instants(carries_zone=bool(is_zoned), is_seen=bool(column.values))
    if isinstance(column.type, types.Date):
        return Instants(is_date=True, is_seen=bool(column.values))
    return _of_numbers(numbers(column.values)) if is_number(column) else _of_texts(column)


def is_own_date(column: Column) -> bool:
    """Say whether a column has dates without a time, and a type that may be the learner's own date."""
    known = instants_of(column) if is_readable(column.type, "date", column.dialect) else None
    return known is not None and known.is_date


def numbers(values: Collection[Any]) -> list[int | float | Decimal]:
    """Return those of some values that are numbers."""
    return [value for value in values if isinstance(value, int | float | Decimal) and not isinstance(value, bool)]


def is_number(column: Column) -> bool:
    """Say whether a column has a type of numbers and, in SQLite, nothing else in it."""
    if column.dialect == "sqlite" and column.values:
        return len(numbers(column.values)) == len(column.values)
    return isinstance(column.type, types.Integer | types.Numeric | types.Float)


def is_whole(column: Column) -> bool:
    """Say whether every number of a column is whole."""
    return is_number(column) and all(value == value // 1 for value in numbers(column.values))


def is_text(column: Column) -> bool:
    """Say whether a column is text that a role of texts takes."""
    return isinstance(column.type, types.String) and all(isinstance(value, str) for value in column.values)


def is_switch(column: Column) -> bool:
    """Say whether a column has a type that is nothing but yes and no."""
    return isinstance(column.type, types.Boolean) or is_bit(column.type)


def is_flag(column: Column) -> bool:
    """Say whether a column has a type or values of yes and no that need no list."""
    if is_switch(column):
        return all(isinstance(value, bool) or str(value).lower() in BOOLEANS for value in column.values)
    if isinstance(column.type, types.Integer | types.Numeric | types.Float | types.NullType) and not column.values:
        return False
    if not isinstance(column.type, types.Integer | types.Numeric | types.Float | types.String | types.NullType):
        return False
    return all(str(value).lower() in BOOLEANS for value in column.values) and bool(column.values)


def yes(column: Column) -> bool | int:
    """Return what a flag's yes is in a list of values: true where the type is one of booleans, else 1."""
    is_boolean = isinstance(column.type, types.Boolean) and column.dialect == "postgresql"
    return True if is_boolean else 1


def is_uuid(column: Column) -> bool:
    """Say whether a column holds UUIDs that are spelled as 32 hex digits or as 16 bytes."""
    if not column.values:
        return isinstance(column.type, BYTES) and getattr(column.type, "length", None) == UUID_BYTES
    return all(
        (isinstance(value, bytes) and len(value) == UUID_BYTES) or (isinstance(value, str) and HEX_32.fullmatch(value))
        for value in column.values
    )


def is_id(column: Column) -> bool:
    """Say whether a column has a type that a role of ids takes."""
    if isinstance(column.type, BYTES):
        return is_uuid(column)
    if isinstance(column.type, types.Numeric) and not isinstance(column.type, types.Float):
        return not column.type.scale
    is_unknown = isinstance(column.type, types.NullType) and column.dialect == "sqlite"
    return is_unknown or isinstance(column.type, types.Integer | types.String | types.Uuid)


def share_of_zones(column: Column) -> float:
    """Return which share of a column's values are IANA names."""
    return sum(isinstance(value, str) and is_zone(value) for value in column.values) / max(len(column.values), 1)


def unit_of_lengths(values: Sequence[Any]) -> Unit:
    """Guess the unit of lengths of sessions by their size."""
    positive = [float(value) for value in numbers(values) if value > 0]
    middle = median(positive) if positive else 0.0
    return next(unit for unit, longest in LONGEST_MEDIANS.items() if middle <= longest)


def unit_of_instants(values: Collection[Any]) -> Unit | None:
    """Return the unit of numbers since 1970 by their size, None if they are in no single range."""
    positive = [value for value in numbers(values) if value != 0]
    for unit in UNITS if positive else ():
        low, high = (int((end - EPOCH).total_seconds()) * PER_SECOND[unit] for end in (FIRST, END))
        if all(low <= value < high for value in positive):
            return unit
    return None


def days_of(values: Collection[Any], unit: Unit | None, text: str | None = None) -> list[date]:
    """Return the UTC days of those values that are instants of our time, in order.

    Args:
        values: the values.
        unit: of numbers since 1970.
        text: the format of texts.
    """
    return sorted(day for value in values if (day := _day(value, unit, text)) and FIRST.date() <= day < END.date())


def _day(value: object, unit: Unit | None, text: str | None) -> date | None:
    try:
        if text is not None:
            return InstantFormat.of(text).read(str(value), "UTC").date()
        if unit is not None and isinstance(value, int | float | Decimal):
            return (EPOCH + timedelta(seconds=float(value) / PER_SECOND[unit])).date()
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value.astimezone(UTC) if value.tzinfo else value).date()
        return value if isinstance(value, date) else None
    except (ValueError, OverflowError):
        return None


def _of_sqlite(column: Column, usual: Unit | None) -> Instants | None:
    """By its values, because SQLite keeps any value in any column; by its type only where there are none."""
    texts = [value for value in column.values if isinstance(value, str)]
    counted = numbers(column.values)
    if len(texts) + len(counted) < len(column.values) or not all(map(ISO_8601.fullmatch, texts)):
        return None
    if not column.values:
        is_instant = isinstance(column.type, types.DateTime | types.Date | types.String)
        return Instants(unit=usual, carries_zone=usual is not None, is_seen=False) if is_instant else None
    if counted:
        found_in = _of_numbers(counted)
        return found_in if found_in is None or not texts or found_in.unit else None
    is_date = all(map(DAY_ALONE.fullmatch, texts))
    carries_zone = not is_date and all(datetime.fromisoformat(value).tzinfo is not None for value in texts)
    return Instants(is_date=is_date, carries_zone=carries_zone)


def _of_texts(column: Column) -> Instants | None:
    text = format_of(column.values) if is_text(column) else None
    return Instants(format=text, carries_zone=carries_zone(text)) if text is not None else None


def _of_numbers(values: Sequence[Any]) -> Instants | None:
    unit = unit_of_instants(values)
    return Instants(unit=unit, has_zeros=any(value == 0 for value in values)) if unit else None
