"""What a driver's values mean: ids as text, instants in UTC, amounts as integers, booleans as booleans (R1, R19).

One value, or a column of them, of a role that is mapped by a name. Batches of them are `batches.py`.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assets.step1_extract.values.not_deleted import NEVER, is_never
from warehouse.configuration.streams import DELETED_AT, Role, ValueType
from warehouse.zones import to_utc

RawBatch: TypeAlias = pa.RecordBatch | pd.DataFrame

ISO_8601 = re.compile(
    r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?",
    re.ASCII,
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INTEGER = re.compile(r"([+-]?\d{1,18})(\.0*)?", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d*)?", re.ASCII)
BOOLEANS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
OUTSIDE = "outside of the years 1 to 9999"

ARROW_TYPES: dict[ValueType, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "instant": pa.timestamp("us"),
    "date": pa.timestamp("us"),  # its 00:00: the UTC day of that name is its landing (R2)
    "amount": pa.int64(),
    "boolean": pa.bool_(),
    "number": pa.float64(),
}
UUID = pa.uuid()  # what an id is instead where its column is one of UUIDs (`Reader.uuids`)


def read_id(value: object) -> str:
    """Return an id as text: whole numbers in decimal, whatever type holds them, anything else as it spells itself.

    Raises:
        ValueError: bytes that are not UTF-8.
    """
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        value = int(value)
    return value.decode() if isinstance(value, bytes) else str(value)


def read_instant(value: object, zone: str) -> datetime:
    """Return an instant as UTC without a zone attached.

    Args:
        value: a datetime, a date (its 00:00), or ISO 8601 text.
        zone: the zone of a value that carries none.

    Raises:
        ValueError: the value is no instant within the years 1 to 9999.
    """
    if isinstance(value, str) and ISO_8601.fullmatch(value):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone comes below
    if not isinstance(value, datetime):
        raise ValueError("no instant")  # noqa: TRY004 - unreadable, whatever its type
    try:
        if value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        return value if zone == "UTC" else to_utc(value, zone)
    except OverflowError:
        raise ValueError(OUTSIDE) from None


def read_date(value: object) -> datetime:
    """Return a learner's own date as the 00:00 of it (R5).

    Args:
        value: a date, or its text.

    Raises:
        ValueError: the value is no date of the years 1 to 9999, or has a time.
    """
    if isinstance(value, str) and DATE.fullmatch(value):
        value = date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("no date")  # noqa: TRY004 - unreadable, whatever its type
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - of no zone


def read_amount(value: object) -> int:
    """Return an amount; whether it is too large is R19's business, at landing.

    Raises:
        ValueError: the value is no integer, or has more than 18 digits.
    """
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return value
    match = INTEGER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("no integer")
    return int(match[1])


def read_boolean(value: object) -> bool:
    """Return a boolean from a boolean, 0/1 or one of t, f, true, false.

    Raises:
        ValueError: anything else.
    """
    if isinstance(value, bool | int | float | Decimal) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.isascii() and value.lower() in BOOLEANS:
        return BOOLEANS[value.lower()]
    raise ValueError("no boolean")


def read_number(value: object) -> float:
    """Return a number, which may have a fraction.

    Raises:
        ValueError: the value is none, or is not finite.
    """
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError("no number")


def read_column(raw: RawBatch, role: Role, zone: str) -> tuple[pa.Array, np.ndarray]:
    """Return the values of a role that is mapped by a name, and which of them cannot be read.

    Args:
        raw: a batch with a column of the role's name.
        role: the role.
        zone: the IANA zone of instants that carry none (R1).
    """
    if isinstance(raw, pd.DataFrame):
        return _read_objects(raw[role.name].tolist(), role, zone)
    column = raw.column(role.name)
    is_local = role.type == "instant" and zone != "UTC" and getattr(column.type, "tz", None) is None
    if role.type in {"instant", "date"} and not is_local and pa.types.is_temporal(column.type):
        return _read_arrow_instants(column)
    if role.type == "amount" and pa.types.is_string(column.type):
        return _read_arrow_decimals(column)
    if role.type == "id" and column.type == UUID:
        return column, np.zeros(len(column), dtype=bool)
    if role.type not in {"instant", "number"} and (
        column.type == ARROW_TYPES[role.type] or pa.types.is_integer(column.type)
    ):
        return _cast(column, role)
    values = python_values(column)
    if pa.types.is_binary(column.type):  # texts of a database that does not know what they say (`Reader.has_any_bytes`)
        values = [text_or_bytes(value) for value in values]
    return _read_objects(values, role, zone)


def text_or_bytes(raw: object) -> object:
    """Return bytes as the text that they are in UTF-8, and anything else, bytes that are none too, as it is."""
    try:
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        return raw


def _cast(column: pa.Array, role: Role) -> tuple[pa.Array, np.ndarray]:
    """Integers, text and booleans that PostgreSQL has typed; an integer boolean is read by its value."""
    if role.type == "boolean" and pa.types.is_integer(column.type):
        return _read_objects(column.to_pylist(), role, "UTC")
    return column.cast(ARROW_TYPES[role.type]), np.zeros(len(column), dtype=bool)


def _read_objects(values: Sequence[object], role: Role, zone: str) -> tuple[pa.Array, np.ndarray]:
    readers: dict[ValueType, Callable[[object], object]] = {
        "id": read_id,
        "text": read_id,
        "instant": lambda value: read_instant(value, zone),
        "date": read_date,
        "amount": read_amount,
        "boolean": read_boolean,
        "number": read_number,
    }
    read = readers[role.type]
    if role.name == DELETED_AT:
        read = lambda value: NEVER if is_never(value) else read_instant(value, zone)  # noqa: E731
    return each(values, lambda value: None if value is None else read(value), ARROW_TYPES[role.type])


def each(values: Iterable[Any], read: Callable[[Any], object], kind: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    """Read values one by one.

    Args:
        values: nulls among them.
        read: gives what a value is, or raises a ValueError.
        kind: the type of what comes.

    Returns:
        What was read, null where that failed, and where it failed.
    """
    parsed: list[object] = []
    unreadable: list[bool] = []
    for value in values:
        try:
            parsed.append(read(value))
            unreadable.append(False)
        except ValueError:
            parsed.append(None)
            unreadable.append(True)
    return pa.array(parsed, type=kind), np.array(unreadable, dtype=bool)


def _read_arrow_instants(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Timestamps and dates in UTC; one outside of the years 1 to 9999 is unreadable, and so PostgreSQL's `infinity`."""
    is_outside = _is_outside(column)
    readable = pc.if_else(is_outside, pa.scalar(None, column.type), column)
    return readable.cast(ARROW_TYPES["instant"]), is_outside.to_numpy(zero_copy_only=False)


def _is_outside(column: pa.Array) -> pa.Array:
    """Compared as numbers: ADBC hands `infinity` over as a date some 290,000 years before Christ."""
    is_date = pa.types.is_date32(column.type)
    ends = date if is_date else datetime
    bounds = pa.array([ends.min, ends.max])
    number = pa.int32() if is_date else pa.int64()
    low, high = bounds.cast(number if is_date else pa.timestamp("us")).view(number)
    numbers = column.view(number)
    return pc.fill_null(pc.or_(pc.less(numbers, low), pc.greater(numbers, high)), fill_value=False)


def _read_arrow_decimals(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """NUMERIC as PostgreSQL spells it: an integer may end in `.00`, anything else is none."""
    is_integer = pc.fill_null(pc.match_substring_regex(column, r"^[+-]?[0-9]{1,18}(\.0*)?$"), fill_value=False)
    digits = pc.replace_substring_regex(column, pattern=r"\.0*$", replacement="")
    readable = pc.if_else(is_integer, digits, pa.scalar(None, pa.string()))
    is_unreadable = pc.and_(pc.is_valid(column), pc.invert(is_integer))
    return readable.cast(pa.int64()), is_unreadable.to_numpy(zero_copy_only=False)


def python_values(column: pa.Array) -> list[object]:
    """Python's values; a date or timestamp that Python has no value for comes as a text that nothing reads."""
    if not pa.types.is_temporal(column.type):
        values: list[object] = column.to_pylist()
        return values
    return [_python_value(value) for value in column]


def _python_value(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return OUTSIDE
