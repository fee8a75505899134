"""Roles that are mapped by tables, a column at a time: what `mapped_values.py` says of each value, without the loop.

Only for what Arrow holds, whose columns have values of one type. Wherever a float could be wrong, or a column is of a
type that is not spelled here, each value is judged by `mapped_values.py` itself (R1, R19).
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.step1_extract.values.mapped_values import MOST_DIGITS, is_yes, number, read_epochs
from assets.step1_extract.values.values import each
from warehouse.configuration.roles import Mapped, Scalar, Unit

USUAL = 1e90  # beyond it, and below its inverse, a number is judged by itself
CLOSE = 1e-9  # a share of two numbers; what is closer together is compared exactly


def epochs_but(column: pa.Array, unit: Unit, never: tuple[Scalar, ...]) -> tuple[pa.Array, np.ndarray]:
    """Return whole numbers since 1970 as instants, and which are unreadable; those that mean "never" are null."""
    values, is_unreadable = read_epochs(column, unit)
    numbers = [number(value) for value in never if not isinstance(value, str)]
    whole = [int(value) for value in numbers if value == value.to_integral_value() and abs(value) < 2**63]
    if not whole:
        return values, is_unreadable
    is_never = pc.is_in(column.cast(pa.int64()), value_set=pa.array(whole, type=pa.int64()))
    none = pa.scalar(None, values.type)
    return pc.if_else(is_never, none, values), is_unreadable & ~is_never.to_numpy(zero_copy_only=False)


def each_distinct(column: pa.Array, read: Callable[[object], object], kind: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    """Read each value of a column once, however often it stands there; what cannot be read is null, and marked."""
    encoded = column.dictionary_encode()
    values, is_unreadable = each([*encoded.dictionary.to_pylist(), None], read, kind)
    indices = pc.fill_null(encoded.indices, len(values) - 1)
    return values.take(indices), is_unreadable[indices.to_numpy()]


def read_scores(table: Mapped, column: pa.Array, highest: pa.Array | None) -> tuple[pa.Array, np.ndarray] | None:
    """Return which scores are enough, and which say nothing; None if the columns are of a type that has no floats.

    Args:
        table: has `at_least`, and `of` with a column of highest scores.
        column: the scores.
        highest: what they are a share of.
    """
    scores, most = _floats(column), np.ones(len(column)) if highest is None else _floats(highest)
    if scores is None or most is None or table.at_least is None:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        enough = float(table.at_least) * most
        is_sure = (np.abs(scores - enough) > CLOSE * (np.abs(scores) + np.abs(enough))) & (most > 0)
        is_sure &= np.isfinite(scores) & np.isfinite(enough) & _is_usual(column, scores)
        is_sure &= True if highest is None else _is_usual(highest, most)
        passes = scores >= enough
    is_none, is_unreadable = np.zeros(len(column), dtype=bool), np.zeros(len(column), dtype=bool)
    known: dict[tuple[object, object], bool | ValueError | None] = {}
    for index in np.flatnonzero(~is_sure).tolist():
        pair = (column[index].as_py(), None if highest is None else highest[index].as_py())
        if pair not in known:
            known[pair] = _judged(table, *pair)
        says = known[pair]
        is_unreadable[index] = isinstance(says, ValueError)
        is_none[index] = not isinstance(says, bool)
        passes[index] = says is True
    return pa.array(passes, mask=is_none), is_unreadable


def _judged(table: Mapped, score: object, of: object) -> bool | ValueError | None:
    try:
        return is_yes(table, score, of)
    except ValueError as error:
        return error


def _is_usual(column: pa.Array, floats: np.ndarray) -> np.ndarray:
    """Tell of which numbers it is certain that `number` takes them: it refuses exponents and digits without end."""
    if pa.types.is_integer(column.type):
        return np.ones(len(column), dtype=bool)
    size = np.abs(floats)
    is_usual: np.ndarray = (size > 1 / USUAL) & (size < USUAL)
    if pa.types.is_string(column.type):
        is_short = pc.fill_null(pc.less(pc.utf8_length(column), MOST_DIGITS), fill_value=False)
        is_usual &= is_short.to_numpy(zero_copy_only=False)
    else:
        is_usual |= size == 0
    return is_usual


def _floats(column: pa.Array) -> np.ndarray | None:
    """Numbers as floats, which may be a little off, nulls as NaN; None if a text is no number or a type has none."""
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind)):
        return None
    try:
        floats = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        return None
    values: np.ndarray = floats.to_numpy(zero_copy_only=False)
    return values
