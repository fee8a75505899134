"""How each column is asked for in the dialect of its source, so that values arrive whole (R1, R19)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, DateTime, cast, extract, func, literal, types
from sqlalchemy.dialects import postgresql

from assets.step1_extract.selects.types import DUCKDB, MYSQL, SourceColumn, is_bit, is_text, may_end_in_zeros, raw
from assets.step1_extract.values.not_deleted import at_most_the_last_instant
from warehouse.configuration.configuration import Stream
from warehouse.configuration.streams import DELETED_AT, Role, instant_of

PLAIN_IN_ARROW = (types.Integer, types.Boolean, types.LargeBinary)


def is_zoned(column: SourceColumn, dialect: str) -> bool:
    """Say whether a column carries its zone; MySQL's TIMESTAMP does, and is UTC in our session.

    Args:
        column: of instants.
        dialect: SQLAlchemy's name of the source's dialect.
    """
    is_mysql = dialect in MYSQL and isinstance(column.type, types.TIMESTAMP)
    return is_mysql or (isinstance(column.type, DateTime) and column.type.timezone)


@dataclass(frozen=True)
class Asked:
    """How the columns of a stream are asked for.

    Args:
        stream: the stream.
        dialect: SQLAlchemy's name of the source's dialect.
        has_any_bytes: whether the source may give texts that are none.
        uuids: the roles whose ids are read as UUIDs.
    """

    stream: Stream
    dialect: str
    has_any_bytes: bool
    uuids: frozenset[str]

    def value(self, label: str, column: SourceColumn) -> ColumnElement[Any]:
        """Ask for a raw value, which is judged by our code: what Arrow has no plain type for comes as text.

        Args:
            label: what it is for, as `Stream.inputs` names it.
            column: the column.
        """
        if self.stream.has_own_dates and label == instant_of(self.stream.kind):
            return column if self.dialect == "postgresql" else raw(column)
        if isinstance(column.type, types.Interval | postgresql.INTERVAL):  # or else as the session spells intervals
            return literal("PT", types.Text()).concat(cast(extract("epoch", column), types.Text)).concat("S")
        if self.dialect == DUCKDB:
            return raw(column) if not isinstance(column.type, types.NullType) else cast(raw(column), types.Text)
        if self.dialect != "postgresql":
            is_one_bit = self.dialect in MYSQL and is_bit(column.type)
            return cast(raw(column), types.Integer) if is_one_bit else raw(column)
        if isinstance(column.type, PLAIN_IN_ARROW):
            return column
        has_zeros = may_end_in_zeros(column.type, "id") and not isinstance(column.type, types.Float)
        return self._as_text(column, func.trim_scale(column) if has_zeros else column)

    def of_role(self, role: Role, column: SourceColumn) -> ColumnElement[Any]:
        """Ask for a value of a role that is mapped by a name alone.

        PostgreSQL gives what Arrow has a type for; others give what their driver gives.

        Args:
            role: the role.
            column: the column.
        """
        if self.dialect == DUCKDB and role.name == DELETED_AT and not is_text(column, self.dialect):
            return at_most_the_last_instant(column)
        is_local = role.type == "instant" and self.stream.timezone != "UTC"
        # Or else it would be read as a local time.
        if self.dialect in MYSQL and is_local and is_zoned(column, self.dialect):
            return func.concat(cast(raw(column), types.String), "+00:00")
        if self.dialect in MYSQL and role.type == "boolean" and is_bit(column.type):
            return cast(raw(column), types.Integer)
        return self._of_postgres(role, column) if self.dialect == "postgresql" else raw(column)

    def _of_postgres(self, role: Role, column: SourceColumn) -> ColumnElement[Any]:
        """Cast what Arrow has no plain type for to text."""
        if role.name in self.uuids:
            return column
        if role.name == DELETED_AT:
            return at_most_the_last_instant(column)
        plain = {"boolean": types.Boolean, "amount": types.Integer, "instant": types.DateTime}.get(role.type)
        if role.type in {"instant", "date"} or (plain is not None and isinstance(column.type, plain)):
            return column
        spelled: ColumnElement[Any] = column
        if isinstance(column.type, types.Float):  # a REAL would lose digits on the direct way to NUMERIC
            spelled = cast(cast(column, types.Double), types.Numeric)
        if may_end_in_zeros(column.type, role.type):
            spelled = func.trim_scale(spelled)  # 1.0 is 1
        return self._as_text(column, spelled)

    def _as_text(self, column: SourceColumn, spelled: ColumnElement[Any]) -> ColumnElement[Any]:
        """Text of a database that does not know what its texts say comes as bytes."""
        text = cast(spelled, types.Text)
        holds_texts = isinstance(column.type, types.String | types.NullType)
        return func.convert_to(text, "SQL_ASCII") if self.has_any_bytes and holds_texts else text
