"""What is read a column at a time is what each value is read as, to the last digit (R1, R19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assets.step1_extract.values.mapped_values import is_in, is_yes, read_epoch, reader_of_amount
from assets.step1_extract.values.whole_columns import each_distinct, epochs_but, read_scores
from warehouse.configuration.roles import Mapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

INTEGERS = st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.decimals(-1000, 1000, places=20) | st.decimals(-3, 3, places=1)
SCORES = (
    st.none() | DECIMALS.map(str) | st.sampled_from(("0.6", "0.5999999999999999999", "6e-1", "0", "-0.0", "1e-400"))
)
NUMBERS = st.none() | INTEGERS | st.integers(-3, 3)


def mapped(**options: object) -> Mapped:
    return Mapped.model_validate({"column": "x", **options})


def one_by_one(values: Sequence[Any], read: Callable[[Any], object]) -> list[object]:
    """Return what each value is read as; what cannot be read is a text that says so."""
    found: list[object] = []
    for value in values:
        try:
            found.append(read(value))
        except ValueError:
            found.append("unreadable")
    return found


def together(read: tuple[pa.Array, Any]) -> list[object]:
    values, is_unreadable = read
    return ["unreadable" if bad else value for value, bad in zip(values.to_pylist(), is_unreadable, strict=True)]


@given(st.lists(st.tuples(SCORES, SCORES)) | st.lists(st.tuples(NUMBERS, NUMBERS)), st.sampled_from((0, 0.6, 1, -2)))
@example([("0.6", "1"), ("0.59999999999999999999", "1"), ("3", "5"), (None, "1"), ("1", None), ("1", "0")], 0.6)
@example([("1e-400", "1"), ("0." + "9" * 101, "1"), ("1", "1e-400"), ("0", "1")], 0.6)
@example([(6, 10), (2**62, 2**62 + 1), (2**62 + 1, 2**62 + 1), (0, -5)], 1)
def test_scores(pairs: list[tuple[object, object]], at_least: float) -> None:
    table = mapped(at_least=at_least, of="most")
    columns = [pa.array([pair[part] for pair in pairs], type=kind_of(pairs)) for part in (0, 1)]
    read = read_scores(table, *columns)
    assert read is not None
    assert together(read) == one_by_one(pairs, lambda pair: is_yes(table, *pair))
    alone = read_scores(mapped(at_least=at_least), columns[0], None)
    assert alone is not None
    assert together(alone) == one_by_one(
        [score for score, _ in pairs], lambda score: is_yes(table_of(at_least), score, 1)
    )


def kind_of(pairs: list[tuple[object, object]]) -> pa.DataType:
    is_text = any(isinstance(value, str) for pair in pairs for value in pair)
    return pa.string() if is_text else pa.int64()


def table_of(at_least: float) -> Mapped:
    return mapped(at_least=at_least)


def test_scores_that_are_no_numbers_are_left_to_be_judged_one_by_one() -> None:
    for column in (pa.array(["n/a", "1"]), pa.array([True]), pa.array([b"1"])):
        assert read_scores(table_of(0.5), column, None) is None


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@given(st.lists(NUMBERS | st.integers(0, 2 * 10**9)))
def test_numbers_since_1970(unit: Any, numbers: list[int | None]) -> None:
    never = (0, -1, "0", 2)

    def read(number: int | None) -> datetime | None:
        return None if number is None or is_in(number, never) else read_epoch(number, unit)

    found = together(epochs_but(pa.array(numbers, type=pa.int64()), unit, never))
    assert found == one_by_one(numbers, read)


@given(st.lists(SCORES))
def test_values_that_are_read_once_each(amounts: list[str | None]) -> None:
    table = mapped(times=10, round="half_up")
    read = reader_of_amount(table)

    def read_value(value: object) -> int | None:
        return None if value is None else read(value)

    found = together(each_distinct(pa.array(amounts, type=pa.string()), read_value, pa.int64()))
    assert found == one_by_one(amounts, read_value)
