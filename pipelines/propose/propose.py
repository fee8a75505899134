"""From a source's URL to a proposal: connect, look, guess, in one read-only session (docs/guide/connect.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, types

from assets.step1_extract.source.waiting import SourceThread
from pipelines.propose.guess.columns import EPOCH, FIRST, days_of, instants_of
from pipelines.propose.guess.events import stream_of
from pipelines.propose.guess.learners import id_of, users_of
from pipelines.propose.guess.proposal import Guess, Proposal, ProposedStream
from pipelines.propose.guess.zones_beside import with_zones_beside
from pipelines.propose.look.address import Address
from pipelines.propose.look.ask import known_ids, least
from pipelines.propose.look.look import look_at
from pipelines.propose.look.reading import reading
from pipelines.propose.look.tables import LookedAt, Source, shown
from warehouse import clock
from warehouse.configuration.formats import InstantFormat
from warehouse.configuration.roles import PER_SECOND, Unit
from warehouse.configuration.streams import instant_of
from warehouse.errors import PulseError

YEAR = timedelta(days=365)
IDS = 50  # of a sample, looked for among the learners
MOST_NAMES = 20
BY_HAND = "write the streams by hand, docs/guide/connect.md says how"


def propose(address: Address, folder: Path, schema: str | None) -> Proposal:
    """Look at a source and propose the configuration that reads it.

    Args:
        address: of the source.
        folder: where the configuration will be; a relative path of SQLite starts there.
        schema: whose tables are looked at, None for the usual one.

    Raises:
        ConfigurationError: the URL is none that we can use.
        SourceUnavailableError: the source fails.
        PulseError: no table looks like learners, or none like events.
    """
    with reading(address.url, folder) as (thread, connection):
        source = thread.call(lambda: look_at(connection, schema))
        usual = _usual_unit(source)
        learners = users_of(source, usual)
        if learners is None:
            tables = _listed({**dict.fromkeys((table.name for table in source.tables), ""), **source.left_out})
            raise PulseError(f"no table looks like the learners among {tables}; {BY_HAND}")
        users, users_stream = learners
        evidence = _Evidence(thread, connection, users)
        guesses: dict[str, object] = {
            table.name: stream_of(table, users, usual, evidence) for table in source.tables if table is not users
        }
        streams = _named_apart(guess for guess in guesses.values() if isinstance(guess, ProposedStream))
        if not streams:
            raise PulseError(
                f"no table looks like events of learners: {_listed({**guesses, **source.left_out})}; {BY_HAND}"
            )
        first_day = _first_day(thread, connection, source, streams)
        users_stream, joined = with_zones_beside(users_stream, users, source, connection.dialect)
    left_out = {**source.left_out, **{name: reason for name, reason in guesses.items() if isinstance(reason, str)}}
    left_out |= {joined: "its zones are read beside the learners"} if joined in left_out else {}
    return Proposal(address.written, first_day, [users_stream, *streams], left_out)


class _Evidence:
    """How many of a column's sampled ids are learners', asked in the source's thread."""

    def __init__(self, thread: SourceThread, connection: Connection, users: LookedAt) -> None:
        self._thread, self._connection, self._users = thread, connection, users
        self._id = id_of(users) or ""

    def __call__(self, table: LookedAt, column: str) -> tuple[int, int] | None:
        ids = list(dict.fromkeys(table.columns[column].values))[:IDS]
        kinds = {type(value) for value in (*ids, *self._users.columns[self._id].values)}
        if len(kinds) > 1:  # text is not compared with numbers
            return None
        if not ids:
            return 0, 0
        known = self._thread.call(lambda: known_ids(self._connection, self._users, self._id, ids))
        return None if known is None else (known, len(ids))


def _usual_unit(source: Source) -> Unit | None:
    """Return the unit that all instants of SQLite with a type of instants have, None where there is no such unit."""
    columns = [column for table in source.tables for column in table.columns.values() if column.dialect == "sqlite"]
    units = {
        known.unit
        for column in columns
        if isinstance(column.type, types.DateTime) and column.values and (known := instants_of(column))
    }
    return units.pop() if len(units) == 1 else None


def _named_apart(streams: Iterable[ProposedStream]) -> list[ProposedStream]:
    """Return streams with names of their own, and with a doubt where two of a kind may count the same things."""
    proposed = list(streams)
    kinds: list[str] = [stream.kind for stream in proposed if stream.kind != "sessions"]  # R7 takes their union
    by_name: dict[str, ProposedStream] = {}
    for stream in proposed:
        others = kinds.count(stream.kind) - 1
        twice = (
            [f"check: {others} more of kind {stream.kind}, check that nothing is counted twice"] if others > 0 else []
        )
        names = (stream.name, *(f"{stream.name}_{number}" for number in range(2, 1000)))
        name = next(name for name in names if name not in by_name)
        by_name[name] = replace(stream, name=name, remarks=[*stream.remarks, *twice])
    return list(by_name.values())


def _first_day(
    thread: SourceThread, connection: Connection, source: Source, streams: Iterable[ProposedStream]
) -> Guess:
    days = []
    for stream in streams:
        table = next(table for table in source.tables if table.name == stream.table)
        value = stream.columns[instant_of(stream.kind)].value
        days += thread.call(partial(_days, connection, table, value))
    last = clock.last_day_over()
    if not days or min(days) > last:
        return Guess((last - YEAR).isoformat(), "check", "a year ago, as no instant was seen; check what should count")
    return Guess(min(days).isoformat(), "check", "the first day with a row; a later day makes the first night shorter")


def _days(connection: Connection, table: LookedAt, value: object) -> list[date]:
    """Return the earliest day of a stream's sample, and that of the whole table if it says so in time."""
    name = str(value["column"] if isinstance(value, dict) else value)
    unit: Unit | None = value.get("unit") if isinstance(value, dict) else None
    text: str | None = value.get("format") if isinstance(value, dict) else None
    seen = days_of(table.columns[name].values, unit, text)[:1]
    if text is not None and not InstantFormat.of(text).begins_with_the_day:
        return seen  # the least of such texts is not the first
    above = _before_all(table, name, unit) if text is None else InstantFormat.of(text).text_of(FIRST.date())
    smallest = least(connection, table, name, above)
    return seen + days_of([smallest] if smallest is not None else [], unit, text)


def _before_all(table: LookedAt, name: str, unit: Unit | None) -> object:
    """Return what is less than every instant of our time, as a column compares."""
    if unit is not None:
        return int((FIRST - EPOCH).total_seconds()) * PER_SECOND[unit]
    if table.columns[name].dialect == "sqlite":
        return FIRST.date().isoformat()
    return datetime(FIRST.year, 1, 1) if isinstance(table.columns[name].type, types.DateTime) else FIRST.date()  # noqa: DTZ001


def _listed(tables: Mapping[str, object]) -> str:
    """Return the names of tables for a message, each with its reason."""
    lines = [shown(name) + (f" ({reason})" if reason else "") for name, reason in tables.items()]
    more = f" and {len(lines) - MOST_NAMES} more" if len(lines) > MOST_NAMES else ""
    return ", ".join(lines[:MOST_NAMES]) + more
