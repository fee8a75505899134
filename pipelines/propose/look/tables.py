"""What was seen of a source: its tables with columns, types, keys and a sample of rows, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from assets.step1_extract.selects.types import Type

LONGEST_SHOWN = 100


@dataclass(frozen=True)
class Column:
    """A column as it looks.

    Args:
        name: as the source spells it.
        type: SQLAlchemy's, NullType where that is not known.
        is_nullable: whether it may be null.
        values: those of the sample that are not null.
        nulls: how many of the sample are.
        dialect: SQLAlchemy's name of the source's dialect.
    """

    name: str
    type: Type
    is_nullable: bool
    values: Sequence[Any] = field(repr=False)
    nulls: int
    dialect: str


@dataclass(frozen=True)
class LookedAt:
    """A table as it looks.

    Args:
        name: as the configuration spells it, with its schema where that is not the usual one.
        bare: its name alone.
        columns: by name.
        key: the columns of its primary key.
        unique: the columns of its other unique keys.
        references: the table, without its schema, and column that a column refers to, by that column's name.
        indexed: the columns that an index begins with.
        rows: the sample, each a mapping of columns.
        table: SQLAlchemy's.
    """

    name: str
    bare: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    unique: Sequence[tuple[str, ...]]
    references: Mapping[str, tuple[str, str]]
    indexed: frozenset[str]
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    table: Table


@dataclass(frozen=True)
class Source:
    """All that was looked at.

    Args:
        tables: those that can be read, in the order of their names.
        left_out: why others were left out, by name.
    """

    tables: Sequence[LookedAt]
    left_out: Mapping[str, str]

    def table(self, bare: str) -> LookedAt | None:
        """Return the table of a name, None if it is not among them."""
        return next((table for table in self.tables if table.bare == bare), None)


def shown(name: str) -> str:
    """Return a name for a message or a comment: one line, without what moves a cursor, and not long."""
    plain = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in name)
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}…"
