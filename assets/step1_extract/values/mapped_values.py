"""What values mean of a role that is mapped by a table or by several columns (`warehouse/configuration/roles.py`).

They are read raw and judged here, the same of every database. Numbers with a fraction are decimals and exact. What
cannot be read raises, and becomes a defect of its row (R19).
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.step1_extract.values.values import ISO_8601, read_instant
from warehouse.configuration.roles import PER_SECOND, Mapped, Scalar, Unit
from warehouse.identifiers import normal_id

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, like every instant that is read
FIRST_MICROSECOND = (datetime.min - EPOCH) // timedelta(microseconds=1)  # noqa: DTZ901
LAST_MICROSECOND = (datetime.max - EPOCH) // timedelta(microseconds=1)  # noqa: DTZ901
LEAST, GREATEST = -(2**63), 2**63 - 1  # of a column of whole numbers
MICROSECONDS = 1_000_000
ISO_8601_LENGTH = re.compile(
    r"(-)?P(?=[\dT-])(?:(\d+)W|(?:(\d+)D)?(?:T(?=[\d-])(?:(\d+)H)?(?:(\d+)M)?(?:(-?\d+(?:[.,]\d+)?)S)?)?)", re.ASCII
)
SECONDS_PER_PART = tuple(map(Decimal, (604_800, 86_400, 3_600, 60, 1)))
MOST_DIGITS = 100  # of a number, and of its exponent; MySQL has 65
EXACT = Context(prec=4 * MOST_DIGITS)  # in which products of such numbers are not rounded
LARGEST_READ = 10**18  # as of other amounts; what is too large is judged at landing (R19)
DELETED = EPOCH  # of somebody who is deleted and no one says since when


def number(value: object) -> Decimal:
    """Return a number as the decimal that it is.

    Raises:
        ValueError: it is none, not finite, or has more digits than numbers of databases have; a text may claim any.
    """
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str) and ("_" in value or not value.isascii()):  # which Python takes as well
        raise ValueError("no number")
    try:
        decimal = Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("no number") from None
    if not decimal.is_finite():
        raise ValueError("no finite number")
    if len(decimal.as_tuple().digits) > MOST_DIGITS or abs(decimal.adjusted()) > MOST_DIGITS:
        raise ValueError("too many digits")
    return decimal


def is_in(value: object, values: Sequence[Scalar]) -> bool:
    """Say whether a value is one of a list, exactly: a number by its value, a text by its bytes."""
    return any(_equals(value, listed) for listed in values)


def read_epoch(value: object, unit: Unit) -> datetime:
    """Return the instant that a number since 1970 is, in UTC, rounded down to microseconds.

    Raises:
        ValueError: it is no number, or outside of the years 1 to 9999.
    """
    microseconds = int(_microseconds(value, unit).to_integral_value(ROUND_FLOOR))
    if not FIRST_MICROSECOND <= microseconds <= LAST_MICROSECOND:
        raise ValueError("outside of the years 1 to 9999")
    return EPOCH + timedelta(microseconds=microseconds)


def read_epoch_or_text(value: object, unit: Unit) -> datetime:
    """Read a number since 1970; a column of numbers may have text, in SQLite and in files.

    Raises:
        ValueError: as `read_epoch` and `read_instant`.
    """
    if isinstance(value, str) and ISO_8601.fullmatch(value):
        return read_instant(value, "UTC")
    return read_epoch(value, unit)


def read_epochs(column: pa.Array, unit: Unit) -> tuple[pa.Array, np.ndarray]:
    """Return whole numbers since 1970 as instants, and which of them are outside of the years 1 to 9999."""
    per_second = PER_SECOND[unit]
    factor, divisor = max(1, MICROSECONDS // per_second), max(1, per_second // MICROSECONDS)
    numbers = column.cast(pa.int64())
    ends = -(-FIRST_MICROSECOND // factor) * divisor, LAST_MICROSECOND // factor * divisor
    low, high = max(ends[0], LEAST), min(ends[1], GREATEST)  # nanoseconds of 64 bits end within these years
    is_outside = pc.fill_null(pc.or_(pc.less(numbers, low), pc.greater(numbers, high)), fill_value=False)
    readable = pc.if_else(is_outside, pa.scalar(None, pa.int64()), numbers)
    whole = readable if divisor == 1 else _floor_divided(readable, divisor)
    microseconds = pc.multiply(whole, factor)
    return microseconds.cast(pa.timestamp("us")), is_outside.to_numpy(zero_copy_only=False)


def read_length(value: object) -> Decimal:
    """Return how many microseconds a length is: a `timedelta`, or text in ISO 8601 without years and months.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, timedelta):
        return Decimal(value // timedelta(microseconds=1))
    match = ISO_8601_LENGTH.fullmatch(value.decode() if isinstance(value, bytes) else str(value))
    if match is None or not any(match.groups()[1:]):
        raise ValueError("no length")
    amounts = (number(text.replace(",", ".")) if text else Decimal(0) for text in match.groups()[1:])
    seconds = sum(EXACT.multiply(amount, per) for amount, per in zip(amounts, SECONDS_PER_PART, strict=True))
    return EXACT.multiply(Decimal(-MICROSECONDS if match[1] else MICROSECONDS), Decimal(seconds))


def ended_at(started_at: datetime | None, length: object, unit: Unit | None) -> datetime | None:
    """Return when a session ended that was so long; None without a length, or without a beginning.

    Args:
        started_at: when it began.
        length: a number of the unit, or what `read_length` reads.
        unit: None if the length says itself what it is.

    Raises:
        ValueError: the length is no number, or the end is after the year 9999.
    """
    if length is None or started_at is None:
        return None
    try:
        microseconds = _microseconds(length, unit) if unit else read_length(length)
        return started_at + timedelta(microseconds=int(microseconds))
    except OverflowError:
        raise ValueError("too long") from None


def reader_of_amount(table: Mapped) -> Callable[[object], int]:
    """Return what reads an amount that is multiplied."""
    times = table.times if table.times is not None else Decimal(1)

    def read(value: object) -> int:
        product = EXACT.multiply(number(value), times)
        if product != product.to_integral_value():
            if table.round is None:
                raise ValueError("no integer")
            product = product.to_integral_value(ROUND_HALF_UP)
        if abs(product) >= LARGEST_READ:
            raise ValueError("too large")
        return int(product)

    return read


def is_yes(table: Mapped, value: object, of: object) -> bool | None:
    """Return what a flag or a score says; None if it says nothing.

    Raises:
        ValueError: it is in neither list, or no score, or there is no highest score above zero.
    """
    if value is None:
        return None
    if table.at_least is not None:
        highest = Decimal(1)
        if table.of is not None and (of is None or (highest := number(of)) <= 0):
            raise ValueError("no highest score")
        return number(value) >= EXACT.multiply(table.at_least, highest)
    if is_in(value, table.true):
        return True
    if is_in(value, table.false):
        return False
    raise ValueError("in neither list")


def reader_of_id(table: Mapped, read_id: Callable[[object], str]) -> Callable[[object], str]:
    """Return what reads an id that is spelled otherwise than we spell it (R26).

    What is empty stays empty, so that it is missing (R19). A prefix stands before the id that it would be without one.
    """

    def read(value: object) -> str:
        given = value if isinstance(value, bytes) and table.as_ == "uuid" else read_id(value)
        if table.lookup is None:
            return table.spelled(given)
        key = table.without_prefix(given)
        return table.lookup.mark(table.prefix) + key if key else key

    return read


def composite_id(parts: Sequence[object], read_id: Callable[[object], str]) -> str | None:
    r"""Return a key of several columns as one id: its parts joined by `:`, with `\` before a `\` or `:` in them.

    None if a part is null: then the row has no id.
    """
    if any(part is None for part in parts):
        return None
    spelled = (normal_id(read_id(part)).replace("\\", "\\\\").replace(":", "\\:") for part in parts)
    return ":".join(spelled)


def _microseconds(value: object, unit: Unit) -> Decimal:
    return EXACT.divide(EXACT.multiply(number(value), Decimal(MICROSECONDS)), Decimal(PER_SECOND[unit]))


def _floor_divided(numbers: pa.Array, divisor: int) -> pa.Array:
    """Arrow's division rounds towards zero."""
    quotients = pc.divide(numbers, divisor)
    is_below = pc.and_(pc.less(numbers, 0), pc.not_equal(pc.multiply(quotients, divisor), numbers))
    return pc.if_else(is_below, pc.subtract(quotients, 1), quotients)


def _equals(value: object, listed: Scalar) -> bool:
    if isinstance(value, bytes):
        value = value.decode(errors="surrogateescape")
    if isinstance(listed, str):
        return isinstance(value, str) and value == listed
    if isinstance(listed, bool) and isinstance(value, str) and value == str(listed).lower():
        return True  # as JSON spells it
    try:
        return number(value) == number(listed)
    except ValueError:
        return False
