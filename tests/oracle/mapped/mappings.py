"""Draws mappings for a world: for each stream the physical rows that it is read from, and what they mean.

A drawn world is disguised: each role takes a form (`mapping_forms.py`), filters and rows that they leave out are added,
some streams are read by a query. Then the physical rows are decoded (`oracle_mappings.py`), and the oracle works on
what comes out. Writing tables and the configuration is `tests/support/platforms/mapped_tables.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.oracle.mapped import mapping_forms as forms
from tests.oracle.mapped.mapping_forms import Form, Where
from tests.oracle.mapped.oracle_mappings import FILE_DAY, Cells, StreamMapping, days_of_files, decoded
from tests.oracle.oracle import Stream, World, identifier
from tests.oracle.worlds import worlds
from tests.support.platforms.platforms import OF_THE_NIGHT, stream_columns, users_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from random import Random

    from hypothesis.strategies import DrawFn

RawRow = dict[str, object]
# What may stand in a name of a column, and does nothing but stand there.
IN_NAMES = ("", "", "", "", ' "x"', " `y`", "%s", "%(x)s", ":from", "; --", "{}", "\u00e9", "\\", "'", "\U0001f600")
MOST_ADDED = 4
ON_DAY = "on_day"
LAYOUTS = ("days", "one", "several", "days")  # of files
BESIDE = (-1, 1, 2, -2, -1, 1, 30)  # days from a row's own to that of its file


@dataclass(frozen=True)
class Disguise:
    """How one stream stands in its table: the mapping by the table's own names, a form for each role, the filters."""

    name: str
    mapping: StreamMapping
    forms: Sequence[Form]
    kinds: Mapping[str, str]
    added: Callable[[RawRow], Cells]
    refused: Sequence[Cells] = ()
    aliases: Mapping[str, str] | None = None  # by which a query calls the columns
    files: Files | None = None

    def cells(self, row: RawRow) -> Cells:
        """A raw row as the table or file holds it."""
        cells = {name: cell for form in self.forms for name, cell in form.cells(row).items()} | self.added(row)
        return self.files.placed(self.mapping, self.files.spelled(cells)) if self.files else cells

    def broken(self, cells: Cells, others: Cells) -> Cells:
        """A row once more with other values."""
        return {**cells, **(self.files.spelled(others) if self.files else others)}

    def decoded(self, rows: Sequence[Cells]) -> list[RawRow]:
        """What rows of the table mean; some mean nothing."""
        return [row for cells in rows if (row := decoded(self.mapping, cells)) is not None]


@dataclass(frozen=True)
class Files:
    """The files that a stream is read from: `layout` says whether it is one, several, or one for each day."""

    where: Where
    layout: str
    first_day: date

    @property
    def has_days(self) -> bool:
        """Whether each file is of one day."""
        return self.layout == "days"

    def spelled(self, cells: Cells) -> Cells:
        """Values as the file holds them."""
        return {name: forms.in_file(self.where, value) for name, value in cells.items()}

    def placed(self, mapping: StreamMapping, cells: Cells) -> Cells:
        """A row in a file of which it is a row."""
        if not self.has_days:
            return cells
        days = days_of_files(mapping, cells) or [self.first_day]
        return {**cells, FILE_DAY: self.where.random.choice(days)}

    def misplaced(self, cells: Cells) -> Cells:
        """A row once more in the file of another day."""
        day: Any = cells[FILE_DAY]
        return {**cells, FILE_DAY: day + timedelta(days=self.where.random.choice(BESIDE))}


@dataclass(frozen=True)
class Disguised:
    """A world behind mappings: what it means, the tables that it is read from, the rows of each landing of users."""

    world: World
    streams: Sequence[Disguise]
    rows: Mapping[str, Sequence[Cells]]
    users: Disguise
    users_rows: Sequence[Sequence[Cells]]

    def changed(self, stream: str, rows: Sequence[Cells]) -> Disguised:
        """The same with other rows of a stream's table."""
        disguise = next(one for one in self.streams if one.name == stream)
        world = replace(self.world, rows={**self.world.rows, stream: disguise.decoded(rows)})
        return replace(self, world=world, rows={**self.rows, stream: rows})


@st.composite
def disguised_worlds(draw: DrawFn, /, dialect: str, **options: bool) -> Disguised:
    """Draw a world of `worlds`, and a mapping for each of its streams; of `files` each stream is of its own kind."""
    world = draw(worlds(is_loose=dialect == "sqlite", **options))
    world = replace(world, streams=tuple(stream for stream in world.streams if not stream.has_own_dates))
    return disguised(world, draw(st.randoms(use_true_random=False)), dialect)


def disguised(world: World, random: Random, dialect: str) -> Disguised:
    """Give every stream of a world a mapping, and decode what its table then holds."""
    identity, prefix = random.choice(forms.IDENTITIES), random.choice(forms.PREFIXES)

    def where(timezone: str = "UTC") -> Where:
        return Where(random, random.choice(forms.IN_FILES) if dialect == "files" else dialect, timezone)

    users = in_files(disguise_of_users(world, own := where(), identity, prefix), own, world.first_day)
    users_rows = [[users.cells(dict(row)) for row in rows] for _, rows in world.users_landings]
    landings = tuple(
        (day, users.decoded(rows)) for (day, _), rows in zip(world.users_landings, users_rows, strict=True)
    )
    known = set.intersection(*({identifier(row["user_id"])[0] for row in rows} for _, rows in landings)) - {None}
    streams, rows, means = [], {}, {}
    for stream in world.streams:
        own = where(stream.timezone)
        disguise = disguise_of(stream, [*stream_columns(world, stream)], own, identity, prefix)
        disguise = in_files(disguise, own, world.first_day)
        cells = [disguise.cells(dict(row)) for row in world.rows.get(stream.name, ())]
        cells += added_rows(disguise, cells, known, random)
        random.shuffle(cells)
        streams.append(disguise)
        rows[stream.name], means[stream.name] = cells, disguise.decoded(cells)
    return Disguised(replace(world, rows=means, users_landings=landings), streams, rows, users, users_rows)


# --- streams --------------------------------------------------------------------------------------------------------


def in_files(disguise: Disguise, where: Where, first_day: date) -> Disguise:
    """The same in files, if that is where the stream is; those of learners have no days."""
    if where.dialect not in forms.IN_FILES:
        return disguise
    layout = where.random.choice(LAYOUTS[1:3] if disguise.mapping.kind == "users" else LAYOUTS)
    mapping = replace(disguise.mapping, is_of_texts=where.is_of_texts)
    return replace(disguise, mapping=mapping, files=Files(where, layout, first_day))


def disguise_of(stream: Stream, roles: Sequence[str], where: Where, identity: str, prefix: str) -> Disguise:
    """Draw how an event stream stands in its table; learners are known by the same identity in all of them."""
    random = where.random
    hostile = IN_NAMES if where.dialect != "mysql" else [part for part in IN_NAMES if part <= "\uffff"]  # all it takes
    names = {role: f"{role}_{number}{random.choice(hostile)}" for number, role in enumerate(roles)}
    drawn: dict[str, Form] = {}
    for role, column in names.items():
        if role == "user_id":
            drawn[role] = forms.identified(where, role, column, identity, prefix)
        elif role == "event_id":
            own = random.choice((*forms.IDENTITIES, "composite"))
            drawn[role] = forms.identified(where, role, column, own, random.choice(forms.PREFIXES))
        elif role == "ended_at" and random.random() < 0.5:
            drawn["duration"] = forms.length(where, column)
        elif role.endswith("_at"):
            drawn[role] = random.choice((forms.plain, forms.since_1970, forms.since_1970))(where, role, column)
        elif role == "amount":
            drawn[role] = random.choice(
                (forms.multiplied(where, column), forms.plain(where, role, column), forms.constant(where))
            )
        else:
            drawn[role] = random.choice(
                (forms.plain(where, role, column), forms.listed(where, role, column), forms.scored(where, column))
            )
    own_instant = "started_at" if stream.kind == "sessions" else "occurred_at"
    disguise = _disguise(stream.name, stream.kind, drawn, where, forms.day_of(where, own_instant))
    return replace(disguise, mapping=replace(disguise.mapping, longer_than_24h=stream.longer_than_24h))


def disguise_of_users(world: World, where: Where, identity: str, prefix: str) -> Disguise:
    """Draw how the users stand in their table."""
    columns = users_columns(world, world.users_stream)
    plain = {role: column for role, column in columns.items() if role not in OF_THE_NIGHT}  # numbers and an instant
    return disguise_of_columns(world.users_stream, plain, where, identity, prefix)


def disguise_of_columns(name: str, columns: Mapping[str, str], where: Where, identity: str, prefix: str) -> Disguise:
    """Do the same for users of these roles and columns."""
    random, drawn = where.random, {}
    for role, column in columns.items():
        if role == "user_id":
            drawn[role] = forms.identified(where, role, column, identity, prefix)
        elif role == "is_public":
            drawn[role] = random.choice((forms.plain, forms.listed))(where, role, column)
        elif role == "deleted_at" and random.random() < 0.5:
            drawn["is_deleted"] = forms.deleted(where, column)
        elif role == "deleted_at":
            drawn[role] = random.choice((forms.plain, forms.since_1970))(where, role, column)
        else:
            drawn[role] = forms.plain(where, role, column)
    return _disguise(name, "users", drawn, where, None)


def _disguise(
    name: str, kind: str, drawn: Mapping[str, Form], where: Where, day_of: Callable[[RawRow], object] | None
) -> Disguise:
    """Put filters beside the forms, and most often leave the table a table."""
    random = where.random
    kinds = {column: kind for form in drawn.values() for column, kind in form.kinds.items()}
    filters, good, refused = _filters(random) if kind != "users" and random.random() < 0.6 else ([], {}, [])
    kinds |= {one["column"]: "int" if one["column"] == "level" else "words" for one in filters}
    aliases, bounded_by = None, None
    if where.dialect not in forms.IN_FILES and random.random() < 0.4:
        aliases = {column: f"q{number} {column}" for number, column in enumerate(kinds)}
        if day_of is not None and random.random() < 0.5:
            bounded_by = ON_DAY

    def added(row: RawRow) -> Cells:
        cells: Cells = {column: random.choice(values) for column, values in good.items()}
        return cells | ({ON_DAY: day_of(row)} if bounded_by and day_of else {})

    mapping = StreamMapping(
        kind, {role: form.mapped for role, form in drawn.items()}, filters, where.timezone, bounded_by
    )
    kinds |= {ON_DAY: "day"} if bounded_by else {}
    return Disguise(name, mapping, [*drawn.values()], kinds, added, refused, aliases)


def _filters(random: Random) -> tuple[list[dict[str, Any]], dict[str, Sequence[object]], list[Cells]]:
    """Some of `where`: entries, the values that fulfil them, and cells that do not."""
    words = ("done", "it's; -- %s :x", "\u00e9")
    others = ("DONE", "done ", "Done", "e", None)
    every: list[tuple[dict[str, Any], Sequence[object], Sequence[object]]] = [
        ({"column": "state", "is": list(words)}, words, others),
        ({"column": "state", "is_not": list(words)}, others, words),
        ({"column": "state", "not_null": True}, words, (None,)),
        ({"column": "level", "at_least": 2, "below": 9}, (2, 5, 8), (1, 9, None)),
        ({"column": "level", "is": [3, 4]}, (3, 4), (5, None)),
        ({"column": "level", "is_not": [3, 4], "at_least": 1}, (1, 5), (3, 0, None)),
    ]
    of_words, of_levels = random.choice(every[:3]), random.choice(every[3:])
    drawn = random.choice(([of_words], [of_levels], [of_words, of_levels]))
    good = {entry["column"]: values for entry, values, _ in drawn}
    refused: list[Cells] = [{entry["column"]: value} for entry, _, values in drawn for value in values]
    return [entry for entry, _, _ in drawn], good, refused


def added_rows(disguise: Disguise, rows: Sequence[Cells], known: set[str | None], random: Random) -> list[Cells]:
    """Rows of learners who are always known, once more: left out by a filter, with a value broken, or misplaced."""
    of_known = [
        cells
        for cells in rows
        if (row := decoded(disguise.mapping, cells)) is not None and identifier(row["user_id"])[0] in known
    ]
    odd = [cells for form in disguise.forms for cells in form.broken]
    added: list[Cells] = []
    for _ in range(random.randrange(MOST_ADDED + 1) if of_known else 0):
        others = random.choice([some for some in (disguise.refused, odd, odd) if some] or [[{}]])
        added.append(disguise.broken(random.choice(of_known), random.choice(others)))
    if disguise.files is not None and disguise.files.has_days:
        added += [disguise.files.misplaced(random.choice(of_known)) for _ in of_known[:MOST_ADDED]]
    return added
