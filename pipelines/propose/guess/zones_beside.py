"""Where the learners' zones stand in a table beside them: a query that reads both (docs/guide/connect.md).

Only a table with at most one row for each learner is joined, so that the query gives each learner once.
"""

from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Dialect, select

from pipelines.propose.guess import names
from pipelines.propose.guess.learners import id_of, zone_guess
from pipelines.propose.guess.proposal import Guess, ProposedStream
from pipelines.propose.look.tables import LookedAt, Source, shown


class Beside(NamedTuple):
    """A table with the learners' zones: its column of their ids, and the guess of its column of zones."""

    table: LookedAt
    link: str
    zone: Guess


def with_zones_beside(
    stream: ProposedStream, users: LookedAt, source: Source, dialect: Dialect
) -> tuple[ProposedStream, str | None]:
    """Return the stream of learners, joined with their zones where another table has them, and that table's name.

    Args:
        stream: of the learners, from their own table.
        users: that table.
        source: all that was looked at.
        dialect: of the source, in whose SQL the query is.
    """
    beside = None if "timezone" in stream.columns else _beside(users, source)
    if beside is None or beside.zone.value in stream.names:
        return stream, None
    own, other = users.table, beside.table.table
    joined = own.outerjoin(other, own.c[id_of(users) or ""] == other.c[beside.link])
    query = select(*(own.c[name] for name in stream.names), other.c[str(beside.zone.value)]).select_from(joined)
    in_names = type(dialect)(paramstyle="named")  # type: ignore[call-arg] # every dialect takes it; no % is doubled
    zone = replace(beside.zone, reason=f"of {shown(beside.table.name)}; {beside.zone.reason}")
    remarks = [remark for remark in stream.remarks if "default_timezone" not in remark]
    columns = {**stream.columns, "timezone": zone}
    text = str(query.compile(dialect=in_names))
    return replace(stream, query=text, columns=columns, remarks=remarks), beside.table.name


def _beside(users: LookedAt, source: Source) -> Beside | None:
    for table in source.tables:
        alone = [keys[0] for keys in (table.key, *table.unique) if len(keys) == 1 and keys[0] in table.columns]
        links = [name for name in alone if _links(table, name, users)]
        zone = zone_guess(table) if table is not users and links else None
        if zone is not None:
            return Beside(table, links[0], zone)
    return None


def _links(table: LookedAt, name: str, users: LookedAt) -> bool:
    target = table.references.get(name)
    if target is not None:
        return target == (users.bare, id_of(users))
    return names.flat(name) in names.USER_ID
