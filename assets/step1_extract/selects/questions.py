"""What SQLite and DuckDB ask our own functions about texts (`assets/step1_extract/values/texts.py`), in their SQL."""

from sqlalchemy import ColumnElement, cast, func, literal, types

from assets.step1_extract.selects.types import DUCKDB, SourceColumn, raw


def is_none(question: str, column: SourceColumn, dialect: str, *texts: str) -> ColumnElement[bool]:
    """Return the condition that a value is none of what a question asks for.

    Args:
        question: its name, one of `QUESTIONS`.
        column: whose values are meant.
        dialect: SQLite's or DuckDB's.
        texts: what else the question takes.
    """
    stored = raw(column)
    values = [stored] if dialect == DUCKDB else [cast(stored, types.LargeBinary), func.typeof(stored)]
    answer = getattr(func, question)(*values, *(literal(text, types.Text()) for text in texts), type_=types.Boolean)
    return answer if dialect == DUCKDB else answer == literal(1)  # type: ignore[no-any-return]
