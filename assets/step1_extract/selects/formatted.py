"""Instants that are texts of a format: their bounds, their days, and which may be none, in the source's own SQL."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, literal, or_, types

from assets.step1_extract.selects import questions
from assets.step1_extract.selects.types import DUCKDB, MYSQL, SourceColumn, raw
from warehouse.configuration.formats import WIDTHS, InstantFormat

END_OF_TEXT = {True: r"\z", False: "$"}  # MySQL's `$` takes a line break at the end for nothing
EXACT_CASE = {True: "(?-i)", False: ""}  # whatever the column's collation takes for equal


def between(column: SourceColumn, form: InstantFormat, begin: date, end: date) -> ColumnElement[bool]:
    """Return the condition that an instant lies on the days from `begin` up to and without `end`.

    Every row with a text lies there where texts are not in the order of their days.
    """
    stored = raw(column)
    if not form.begins_with_the_day:
        return stored.is_not(None)
    low, high = (literal(form.text_of(day), types.Text()) for day in (begin, end))
    return and_(stored >= low, stored < high)


def day_of(column: SourceColumn, form: InstantFormat) -> ColumnElement[Any]:
    """Return the date that a text says, as `YYYY-MM-DD`."""
    stored = raw(column)
    year, month, day = (
        func.substr(stored, form.positions[letter], WIDTHS[letter], type_=types.Text()) for letter in ("Y", "m", "d")
    )
    return year.concat("-").concat(month).concat("-").concat(day)


def may_be_none(column: SourceColumn, form: InstantFormat, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a text may be no instant: what a database is not sure of is judged by our code."""
    stored = raw(column)
    if dialect in {"sqlite", DUCKDB}:
        return questions.is_none("is_not_of_format", column, dialect, "".join(form.parts))
    is_mysql = dialect in MYSQL
    pattern = f"{EXACT_CASE[is_mysql]}{form.sure}{END_OF_TEXT[is_mysql]}"
    return or_(stored.is_(None), ~cast(stored, types.Text).regexp_match(literal(pattern, types.Text())))
