"""A version that was built beside a published one, to be broken: its file, its look-up file, what checks say."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from assets.night.night import Night
from assets.night.progress import Progress
from assets.step5_build.build import Built
from assets.step6_check.check import check
from assets.step6_check.check_list import Outcome
from tests.support.platforms.sources import Notes
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.versions import lookup_file, schema
from warehouse.versions.lookup_file import LookupFile, Record
from warehouse.versions.versions import Warehouse


@dataclass
class Place:
    """A version that was built beside a published one, to be broken."""

    configuration: Configuration
    built: Built
    logical_hash: str
    notes: Notes = field(default_factory=Notes)

    @property
    def file(self) -> Path:
        return Warehouse.of(self.configuration).building(self.built.version)

    def change(self, statement: str) -> None:
        """Change the built file, and sign it again."""
        with engine.connect(self.configuration.data_dir / "tmp") as connection:
            connection.execute(f"attach {engine.quoted(str(self.file))} as version")
            connection.execute("use version")
            connection.execute(statement)
            logical_hash = schema.logical_hash(connection, "version")
            connection.execute("update version_info set logical_hash = ?", [logical_hash])
            connection.execute("use memory")
            connection.execute("detach version")
        self.rewrite_lookup_file(logical_hash=logical_hash)

    def rewrite_lookup_file(
        self, change: Callable[[int, Record], Record] = lambda _, record: record, logical_hash: str = ""
    ) -> None:
        """Write the look-up file once more, as it is made, with other records or for another hash."""
        version, file = self.built.version, Warehouse.of(self.configuration).building_lookup_file(self.built.version)
        with closing(LookupFile(file, version, self.logical_hash)) as opened:
            records = {key: record for key in opened.keys if (record := opened.record(key))}
        changed = [(key, change(key, record)) for key, record in records.items()]
        lookup_file.write(file, version, logical_hash or self.logical_hash, changed)
        self.logical_hash = logical_hash or self.logical_hash

    def outcomes(self, *accepted: str) -> dict[str, Outcome]:
        found = check(Night.of(self.configuration, Progress(self.notes)), self.built.version, accepted)
        return {outcome.check.name: outcome for outcome in found}

    def failing(self, *accepted: str) -> set[str]:
        return {name for name, outcome in self.outcomes(*accepted).items() if not outcome.passed}


def place_of(configuration: Configuration, built: Built) -> Place:
    with duckdb.connect(str(Warehouse.of(configuration).building(built.version)), read_only=True) as connection:
        (logical_hash,) = engine.one_row(connection, "select logical_hash from version_info")
    return Place(configuration, built, logical_hash)
