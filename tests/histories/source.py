"""The platform of a history: one database whose rows appear, change, move and go, and what it truly holds.

Every change is made twice: in the database, through plain SQL, and in the memory that the oracle reads. Rows carry a
number of their own that no stream maps, so that rows with one id can be told apart. What the product makes of them
stays out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from tests.oracle.parts.oracle_daily import TOTALS
from tests.support.platforms.platforms import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.oracle.oracle import Stream

Row = dict[str, object]

TYPES = {
    "sqlite": {
        "instant": "TEXT",
        "date": "DATE",
        "amount": "INTEGER",
        "number": "REAL",
        "truth": "BOOLEAN",
        "text": "TEXT",
    },
    "postgresql": {
        "instant": "TIMESTAMPTZ",
        "date": "DATE",
        "amount": "BIGINT",
        "number": "DOUBLE PRECISION",
        "truth": "BOOLEAN",
        "text": "TEXT",
    },
    "mysql": {
        "instant": "DATETIME(6)",
        "date": "DATE",
        "amount": "BIGINT",
        "number": "DECIMAL(6, 2)",
        "truth": "BOOLEAN",
        "text": "VARCHAR(100)",
    },
}
VALUE_TYPES = {
    "on": "date",
    "covered_on": "date",
    "amount": "amount",
    "freezes_available": "amount",
    "booster_multiplier": "number",
    **dict.fromkeys(TOTALS, "amount"),
    "passed": "truth",
    "is_public": "truth",
}
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def type_of(role: str) -> str:
    """What kind of value a role holds."""
    return "instant" if role.endswith("_at") else VALUE_TYPES.get(role, "text")


class Source:
    """A database with a table of users and one per event stream.

    `users` holds the raw rows of users by user_id, `rows` those of each event stream by the row's number; keyed by role
    as in the oracle, instants in UTC.
    """

    spells_otherwise = False  # whether values stand there in other forms than in the memory

    def __init__(self, url: str, streams: Sequence[Stream]) -> None:
        """Make the tables anew, empty."""
        dialect = url.partition(":")[0]
        self.dialect = "mysql" if dialect == "mariadb" else dialect
        self.users: dict[object, Row] = {}
        self.rows: dict[str, dict[int, Row]] = {stream.name: {} for stream in streams}
        self.last_number = 0
        self._columns = {"users": COLUMNS["users"], **{stream.name: COLUMNS[stream.kind] for stream in streams}}
        self._engine = create_engine(url.replace(dialect, DRIVERS.get(self.dialect, dialect), 1))
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self.make_tables()

    def make_tables(self) -> None:
        """Make the tables anew, empty."""
        for table, columns in self._columns.items():
            types = ", ".join(f"{name} {TYPES[self.dialect][type_of(role)]}" for role, name in columns.items())
            self.execute(f"DROP TABLE IF EXISTS {table}")
            self.execute(f"CREATE TABLE {table} (row_number_here INTEGER, {types})")

    def close(self) -> None:
        """Leave nothing in the database, and let go of it."""
        for table in self._columns:
            self.execute(f"DROP TABLE {table}")
        self._connection.close()
        self._engine.dispose()

    def columns(self, table: str) -> Mapping[str, str]:
        """The column of each role."""
        return self._columns[table]

    def section(self, name: str, kind: str) -> str:
        """`[streams.NAME]`, each role by its column's name."""
        columns = ", ".join(f'{role} = "{column}"' for role, column in self.columns(name).items())
        lines = [f"[streams.{name}]", f'kind = "{kind}"', 'source = "platform"', f'table = "{name}"']
        return "\n".join([*lines, f"columns = {{ {columns} }}"])

    def held(self, stream: str) -> list[Row]:
        """The rows of a stream as the oracle reads them."""
        return [*self.rows[stream].values()]

    def held_users(self) -> list[Row]:
        """The rows of users as the oracle reads them."""
        return [*self.users.values()]

    def known_as(self, user_id: str) -> str:
        """The one spelling by which a learner is known."""
        return user_id.lower()

    def insert(self, stream: str, row: Row) -> int:
        """Add a row and return its number."""
        self.last_number += 1
        self.rows[stream][self.last_number] = dict(row)
        self._insert(stream, self.last_number, row)
        return self.last_number

    def update(self, stream: str, number: int, **values: object) -> None:
        """Change some values of a row."""
        self.rows[stream][number] = {**self.rows[stream][number], **values}
        self._update(stream, number, values)

    def delete(self, stream: str, number: int) -> None:
        """Delete a row, as if it had never been."""
        del self.rows[stream][number]
        self.execute(f"DELETE FROM {stream} WHERE row_number_here = :n", n=number)

    def put_user(self, user: Row) -> None:
        """Add a learner, or replace his row by another."""
        self.remove_user(user["user_id"])
        self.last_number += 1
        self.users[user["user_id"]] = dict(user)
        self._insert("users", self.last_number, user)

    def remove_user(self, user_id: object) -> None:
        """Delete a learner's row, if he has one."""
        if self.users.pop(user_id, None):
            self.execute(f"DELETE FROM users WHERE {self._columns['users']['user_id']} = :user_id", user_id=user_id)

    def _insert(self, table: str, number: int, row: Row) -> None:
        columns = self._columns[table]
        marks = ", ".join(f":{role}" for role in columns)
        values = {role: self._value(row.get(role)) for role in columns}
        self.execute(f"INSERT INTO {table} VALUES (:n, {marks})", n=number, **values)

    def _update(self, table: str, number: int, values: Row) -> None:
        changes = ", ".join(f"{self._columns[table][role]} = :{role}" for role in values)
        bound = {role: self._value(value) for role, value in values.items()}
        self.execute(f"UPDATE {table} SET {changes} WHERE row_number_here = :n", n=number, **bound)

    def execute(self, statement: str, **values: object) -> None:
        """Run a statement in the database alone; the memory does not learn of it."""
        self._connection.execute(text(statement), values)

    def _value(self, value: object) -> object:
        """A value as the database takes it."""
        if not isinstance(value, datetime):
            return value.isoformat() if isinstance(value, date) else value
        if self.dialect == "sqlite":
            return value.isoformat(sep=" ")
        return value if self.dialect == "postgresql" else value.astimezone(UTC).replace(tzinfo=None)


def utc_day_of(row: Row) -> date | None:
    """The UTC day that a row belongs to, None if it has none (R2)."""
    at = row.get("started_at", row.get("occurred_at", row.get("on", row.get("covered_on"))))
    if isinstance(at, date) and not isinstance(at, datetime):
        return at
    return at.astimezone(UTC).date() if isinstance(at, datetime) else None
