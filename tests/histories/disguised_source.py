"""The platform of a history behind mappings: every stream stands in its table in forms that a seed has drawn.

What the oracle reads is what the physical rows mean. A row may be spelled otherwise when it changes, and may be left
out by a filter. How mappings are drawn is `tests/oracle/mapped/mappings.py`, what they mean is
`tests/oracle/mapped/oracle_mappings.py`.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.histories.source import TYPES, Source, type_of
from tests.oracle.mapped import mapping_forms as forms
from tests.oracle.mapped.mapping_forms import Where
from tests.oracle.mapped.mappings import Disguise, disguise_of, disguise_of_columns
from tests.oracle.oracle import identifier
from tests.support.platforms import mapped_tables
from tests.support.platforms.platforms import OF_THE_NIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.histories.source import Row
    from tests.oracle.mapped.oracle_mappings import Cells
    from tests.oracle.oracle import Stream

LEFT_OUT = 0.15  # of rows that appear or change, by a filter


class DisguisedSource(Source):
    """A database whose tables hold what their mappings say that they mean."""

    spells_otherwise = True

    def __init__(self, url: str, streams: Sequence[Stream], seed: int) -> None:
        """Draw the mappings of a seed and make the tables anew, empty."""
        self._random = Random(f"mappings of {seed}")
        self._streams = streams
        self._disguises: dict[str, Disguise] = {}
        self._cells: dict[str, dict[int, Cells]] = {stream.name: {} for stream in streams}
        self._user_numbers: dict[object, int] = {}
        self._user_cells: dict[object, Cells] = {}
        super().__init__(url, streams)

    def make_tables(self) -> None:
        """Make a table for each disguise."""
        random, dialect = self._random, self.dialect
        identity, prefix = random.choice(forms.IDENTITIES), random.choice(forms.PREFIXES)
        plain = {role: name for role, name in self.columns("users").items() if role not in OF_THE_NIGHT}
        users = disguise_of_columns("users", plain, Where(random, dialect), identity, prefix)
        events = [
            disguise_of(one, [*self.columns(one.name)], Where(random, dialect), identity, prefix)
            for one in self._streams
        ]
        self._disguises = {disguise.name: disguise for disguise in (users, *events)}
        for number, disguise in enumerate(self._disguises.values()):
            columns = ", ".join(
                f"{mapped_tables.quoted(name, dialect)} {self._type(kind, number)}"
                for name, kind in disguise.kinds.items()
            )
            self._run(f"DROP TABLE IF EXISTS {disguise.name}")
            self._run(
                f"CREATE TABLE {disguise.name} (row_number_here INTEGER, {columns})".replace(' COLLATE "any_case"', "")
            )

    def _type(self, kind: str, number: int) -> str:
        if kind == "id" or kind.startswith("plain"):
            return TYPES[self.dialect][type_of(kind.partition(" ")[2] or "event_id")]
        return mapped_tables.type_of(kind, [], number, self.dialect)

    def section(self, name: str, kind: str) -> str:
        """`[streams.NAME]` as the mapping was drawn."""
        del kind
        return mapped_tables.stream_section(self._disguises[name], self.dialect)

    def held(self, stream: str) -> list[Row]:
        """What the rows of a stream mean."""
        return self._disguises[stream].decoded([*self._cells[stream].values()])

    def held_users(self) -> list[Row]:
        """What the rows of users mean."""
        return self._disguises["users"].decoded([*self._user_cells.values()])

    def known_as(self, user_id: str) -> str:
        """The one spelling by which a learner is known."""
        disguise = self._disguises["users"]
        (row,) = disguise.decoded([disguise.cells({"user_id": user_id})])
        known = identifier(row["user_id"])[0]
        assert known is not None
        return known

    def delete(self, stream: str, number: int) -> None:
        """Delete a row, as if it had never been."""
        super().delete(stream, number)
        del self._cells[stream][number]

    def remove_user(self, user_id: object) -> None:
        """Delete a learner's row, if he has one."""
        if self.users.pop(user_id, None):
            del self._user_cells[user_id]
            self.execute("DELETE FROM users WHERE row_number_here = :n", n=self._user_numbers.pop(user_id))

    def _insert(self, table: str, number: int, row: Row) -> None:
        cells = self._drawn(table, row)
        if table == "users":
            self._user_cells[row["user_id"]], self._user_numbers[row["user_id"]] = cells, number
        else:
            self._cells[table][number] = cells
        marks = ", ".join([mapped_tables.MARKS[self.dialect]] * (1 + len(cells)))
        self._run(f"INSERT INTO {table} VALUES ({marks})", number, *cells.values())

    def _update(self, table: str, number: int, values: Row) -> None:
        del values
        cells = self._cells[table][number] = self._drawn(table, self.rows[table][number])
        mark = mapped_tables.MARKS[self.dialect]
        changes = ", ".join(
            f"{mapped_tables.quoted(name, self.dialect).replace('%', '%%' if mark == '%s' else '%')} = {mark}"
            for name in cells
        )
        self._run(f"UPDATE {table} SET {changes} WHERE row_number_here = {mark}", *cells.values(), number)

    def _drawn(self, table: str, row: Row) -> Cells:
        """The cells of a row, in the order of the table's columns."""
        disguise = self._disguises[table]
        cells = disguise.cells(row)
        if disguise.refused and self._random.random() < LEFT_OUT:
            cells |= self._random.choice(disguise.refused)
        return {name: cells[name] for name in disguise.kinds}

    def _run(self, statement: str, *values: object) -> None:
        if not values and self.dialect != "sqlite":
            statement = statement.replace("%", "%%")
        stored = tuple(mapped_tables.stored(value, self.dialect, 0) for value in values)
        self._connection.exec_driver_sql(statement, stored)
