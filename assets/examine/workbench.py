"""Where `pulse check` judges the rows that it has read, and what every stream has in common when no row came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from assets.examine.finding import Finding
from assets.step1_extract.extract import Reader
from assets.step4_roll_up.activity import make_known_zones
from warehouse.condition import row_security
from warehouse.erasure.suppression import Suppressed


@dataclass
class Workbench:
    """Where samples are judged, and what is known for all of them.

    Args:
        connection: DuckDB, with our macros.
        folder: a temporary one, for rows that were read.
        erased: whose rows are left out.
        quarantine_budget: `pulse.quarantine_budget`.
        users_streams: the names of the streams that say who the learners are.
        are_merged: whether an id may be in several of them.
        zone_names: the names of zones that applications have, of all streams (R4).
        read: those of them that have been read.
        lookups_read: the event streams whose lookup has been read.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    erased: Suppressed
    quarantine_budget: float
    users_streams: frozenset[str]
    are_merged: bool = False
    zone_names: Mapping[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    lookups_read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.connection.execute("create temp table known_learners (user_id varchar, stream varchar, is_deleted bool)")
        self.connection.execute("create temp table known_names (name varchar)")
        self.connection.execute("create temp table known_keys (stream varchar, key varchar, user_id varchar)")
        make_known_zones(self.connection, self.zone_names)

    @property
    def has_every_learner(self) -> bool:
        """Whether every stream of users has been read, so that an unknown learner is one."""
        return self.users_streams <= self.read

    def new_folder(self) -> Path:
        """Make a folder for the rows of a stream."""
        return Path(mkdtemp(dir=self.folder))


def no_rows(reader: Reader) -> Finding:
    """Return what it means that no row came.

    Args:
        reader: of the stream.
    """
    stream = reader.stream
    subject = f"stream {stream.name}"
    if reader.is_table_empty:
        return Finding.of_error(subject, "row level security", row_security.empty_table(stream))
    if reader.source.rows(reader.selects.row_count(limit=1)) == [(0,)]:
        return Finding(subject, "rows", "ok", f"{stream.relation} has no row yet")
    if stream.where:
        columns = ", ".join(dict.fromkeys(row_filter.column for row_filter in stream.where))
        message = f"{stream.relation} has rows, and `where` leaves none of them (it asks for {columns})"
        return Finding(subject, "where", "warning", message, "compare its values with those of the column")
    message = f"none of the rows of {stream.relation} has an instant up to now"
    return Finding(subject, "rows", "warning", message, "look whether its instants have the right unit and zone")
